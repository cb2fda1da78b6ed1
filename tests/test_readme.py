"""The READMEs say what the program does: their help block is the program's, their code blocks are the same, links exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh.md")


def blocks(name: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", READMES)
def test_the_help_block_is_what_the_program_prints(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "interviewer", "--help"], capture_output=True, text=True, encoding="utf-8", check=True,
        env={"COLUMNS": "80", "PATH": "", "PYTHONIOENCODING": "utf-8", "TERM": "dumb", "NO_COLOR": "1"},
    )  # fmt: skip
    printed = [line.rstrip() for line in run.stdout.strip().splitlines()]
    assert [line.rstrip() for line in blocks(name, "text")[0].strip().splitlines()] == printed


def test_both_readmes_show_the_same_commands() -> None:
    commands = [
        [line.split()[:2] for block in blocks(name, "sh") for line in block.splitlines() if line.strip()]
        for name in READMES
    ]
    assert commands[0] == commands[1]


@pytest.mark.parametrize("name", READMES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", READMES)
def test_the_counts_are_those_of_the_corpus(name: str) -> None:
    from interviewer.corpus import load_corpus

    corpus = load_corpus()
    text = (ROOT / name).read_text(encoding="utf-8")
    assert str(len(corpus.items)) in text
    assert str(len(corpus.topics)) in text


@pytest.mark.parametrize("name", READMES)
def test_the_library_example_runs(name: str, engine: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import interviewer.engine

    monkeypatch.setattr(interviewer.engine, "Engine", lambda settings: engine)
    scope: dict[str, object] = {}
    exec(blocks(name, "python")[0], scope)
    assert scope["grade"].score is not None  # type: ignore[attr-defined]
