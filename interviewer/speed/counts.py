"""What is done for an answer and for a turn, counted: no machine is faster at a count, so these are tested.

`eval/speed.json` holds what they were; tests/speed fails where one of them has grown. A change that has a reason to
make one grow takes the new ones with `interviewer eval speed --accept`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interviewer.engine import Engine
from interviewer.interview import Setup
from interviewer.schema import LANGUAGES
from interviewer.settings import load_settings
from interviewer.speed.clock import Figure

BASELINE = Path("eval/speed.json")
SLACK = 1.03
"""A count may be so many times its baseline before the test fails."""
_ITEM = "softmax-cross-entropy-gradient"
_ANSWERS = (
    "The gradient with respect to the logits is the predicted probability minus the one-hot target. It is bounded, and "
    "the exponentials of the softmax cancel with the logarithm of the loss, so nothing saturates when the model is "
    "confidently wrong.",
    "对 logits 求导，结果就是预测概率减去 one-hot 标签，形式很简单。softmax 的指数和交叉熵的对数正好抵消，"
    "所以预测得很自信但错了的时候梯度也不会消失；实现时一般先减去最大值再取 log-sum-exp，避免溢出。",
)


@dataclass(slots=True)
class Read:
    """What the encoder's layers were given."""

    tokens: int = 0
    passes: int = 0


@contextmanager
def reading(layers: Mapping[str, Any]) -> Iterator[dict[str, Read]]:
    """Count what goes through layers of a network, by a name for each."""
    found = {name: Read() for name in layers}

    def counted(name: str) -> Callable[..., None]:
        def hook(_module: object, given: tuple[Any, ...], _result: object) -> None:
            found[name].tokens += len(given[0])
            found[name].passes += 1

        return hook

    hooks = [layer.norm1.register_forward_hook(counted(name)) for name, layer in layers.items()]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def counts() -> dict[str, float]:
    """All of them, on two fixed answers to one item and on two turns of an interview."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(load_settings(data_dir=Path(folder), llm="off"), seed=1)
        try:
            return {**_of_answers(engine), **_of_turns(engine), "modules imported by --help": float(modules_of_help())}
        finally:
            engine.store.close()


def _of_answers(engine: Engine) -> dict[str, float]:
    grader: Any = engine.grader
    item = engine.items.get(_ITEM) or next(iter(engine.items.values()))
    for language in LANGUAGES:
        grader.expect(item, language)
    reader, network = grader._encoder._reader, grader._entailment._network
    with reading({"lower": reader.layers[0], "upper": reader.layers[-1], "pairs": network.upper[0]}) as found:
        for text in _ANSWERS:
            grader.grade(item, text)
    names = {
        "lower": "the encoder's lower half",
        "upper": "its upper half",
        "pairs": "the upper half of the cross-encoder",
    }
    return {
        f"{what} of an answer through {names[part]}": value / len(_ANSWERS)
        for part, read in found.items()
        for what, value in (("tokens", float(read.tokens)), ("passes", float(read.passes)))
    }


def _of_turns(engine: Engine) -> dict[str, float]:
    view = engine.start(Setup("en", items=tuple(list(engine.items)[:3]), questions=3, voice="scripted"))
    engine.say(view.session_id, "warm up: the loss falls.")
    statements = []
    for text in _ANSWERS:
        with engine.store.watched() as seen:
            engine.say(view.session_id, text)
        statements.append(len(seen))
    return {"SQL statements of a turn": float(max(statements))}


def modules_of_help() -> int:
    """How many modules `interviewer --help` imports."""
    code = (
        "import sys, contextlib, io, interviewer.cli\nsys.argv = ['interviewer', '--help']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()): interviewer.cli.main()\n"
        "print(len(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def read_baseline(path: Path = BASELINE) -> dict[str, float]:
    """The committed counts; empty where there are none."""
    return {} if not path.exists() else {k: float(v) for k, v in json.loads(path.read_text(encoding="utf-8")).items()}


def write_baseline(found: Mapping[str, float], path: Path = BASELINE) -> None:
    """Take these counts from now on."""
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def grown(found: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """What is more than it was, in words; also what is counted no longer or not yet."""
    missing = [f"{name}: only on one side" for name in sorted(found.keys() ^ baseline.keys())]
    more = [
        f"{name}: {value:g}, was {baseline[name]:g}"
        for name, value in found.items()
        if name in baseline and value > baseline[name] * SLACK
    ]
    return missing + more


def figures(found: Mapping[str, float], baseline: Mapping[str, float]) -> list[Figure]:
    """For the table."""
    return [
        Figure(
            name,
            f"{value:g}",
            f"≤ {baseline[name]:g}" if name in baseline else "—",
            value <= baseline[name] * SLACK if name in baseline else None,
        )
        for name, value in found.items()
    ]
