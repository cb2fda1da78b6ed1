"""No regular expression takes long on a text made to slow it down (ReDoS)."""

import ast
import re
import signal
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "interviewer"
LENGTH = 10_000
SECONDS = 2.0
"""Of processor time for one text of that length. A pattern that backtracks exponentially never ends; a quadratic one
whose steps are dear does not keep to it either."""
PUMPS = (
    "a",
    " ",
    "\n",
    "0",
    "$",
    "`",
    "“",
    "（",
    "。",
    "-",
    "&#",
    "a ",
    "\\(",
    "[",
    "<",
    "梯",
    "1.",
    "a_",
    "://a:",
    "*",
)
CALLS = {"compile", "sub", "subn", "match", "search", "fullmatch", "findall", "finditer", "split"}


class TooSlow(Exception):
    pass


@pytest.fixture(autouse=True)
def alarm():
    """The matcher of Python looks for signals as it goes."""

    def ring(*_):
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def patterns():
    """Every pattern that is written out in the package, with where."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "training" in path.parts or "evaluation" in path.parts:
            continue  # they read our own files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id == "re" and node.args:
                    literal = node.args[0]
                    if isinstance(literal, ast.Constant) and isinstance(literal.value, str):
                        yield pytest.param(literal.value, id=f"{path.relative_to(PACKAGE)}:{node.lineno}")


FOUND = list(patterns())


def test_patterns_are_found():
    assert len(FOUND) > 20


@pytest.mark.parametrize("pattern", FOUND)
def test_a_pattern_ends_soon_on_any_repeated_beginning(pattern):
    compiled = re.compile(pattern, re.DOTALL | re.IGNORECASE)
    for pump in PUMPS:
        for end in ("", "\0", "!"):
            text = pump * (LENGTH // len(pump)) + end
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
            for _ in compiled.finditer(text):
                pass
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def test_the_alarm_rings_for_a_pattern_that_does_not_end():
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.2)
    with pytest.raises(TooSlow):
        re.fullmatch("(a+)+b", "a" * 60)
