"""Writes reference-code.md: what each file of corpus/code shows, and what running it took and printed.

    python docs/reference_code.py             # the words of every file; seconds and output as last measured
    python docs/reference_code.py vae gan     # and runs these two now
    python docs/reference_code.py --all       # and runs all of them: some minutes

The table is written after each run, so that one broken off loses nothing. Seconds are processor time of one core,
which a busy machine does not lengthen, and include the imports (PyTorch's take two or three).
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from interviewer.corpus import load_corpus, shipped_folder

CODE = shipped_folder() / "code"
TESTS = Path(__file__).parents[1] / "tests" / "code"
TABLE = Path(__file__).with_name("reference-code.md")
HEAD = """# Reference code

Written by `python docs/reference_code.py --all`; `interviewer code list` lists the files that are installed.
Seconds are processor time of one core, imports included. The oracle is what the file's tests hold it against.

| file | shows | paper | oracle | questions | seconds | its last line |
| --- | --- | --- | --- | --- | ---: | --- |
"""


def main(names: list[str]) -> None:
    """Refresh every row; run the files that are named."""
    files = {path.stem: path for path in sorted(CODE.glob("*.py"))}
    if unknown := [name for name in names if name not in (*files, "--all")]:
        sys.exit(f"no reference code {', '.join(unknown)}; there are {', '.join(files)}")
    measured = _measured_before()
    _write(files, measured)
    for name in files if "--all" in names else names:
        measured[name] = _measure(files[name])
        print(f"{name}: {' s, '.join(measured[name])}", flush=True)
        _write(files, measured)


def _write(files: dict[str, Path], measured: dict[str, tuple[str, str]]) -> None:
    questions = _questions()
    rows = []
    for name, path in files.items():
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        words = (text.partition("\n")[0], _paper(text), _oracle(name), ", ".join(questions.get(path.name, [])))
        cells = (f"`{name}`", *words, *measured.get(name, ("–", "–")))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    TABLE.write_text(HEAD + "".join(rows), encoding="utf-8")


def _measure(path: Path) -> tuple[str, str]:
    """Seconds, and the last line that the file printed."""
    before = os.times()
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
    )
    after = os.times()
    if done.returncode:
        sys.exit(f"{path.name}: exit code {done.returncode}\n{done.stderr}")
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return f"{seconds:.1f}", done.stdout.strip().splitlines()[-1].strip()


def _measured_before() -> dict[str, tuple[str, str]]:
    rows = TABLE.read_text(encoding="utf-8").splitlines() if TABLE.exists() else []
    cells = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]
    return {row[0].strip("`"): (row[5], row[6]) for row in cells if len(row) == 7 and row[0].startswith("`")}


def _questions() -> dict[str, list[str]]:
    """The ids of the questions that link to each file."""
    found: dict[str, list[str]] = {}
    for item in load_corpus(shipped_folder()).items.values():
        for file in sorted({ref.file for ref in item.code}):
            found.setdefault(file, []).append(item.id)
    return found


def _paper(text: str) -> str:
    """The first paper that a docstring names."""
    found = re.search(r"^(?:Papers?|References?): (.+?)(?=;|\.\s|\n\n|\.?\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def _oracle(name: str) -> str:
    text = ast.get_docstring(ast.parse((TESTS / f"test_{name}.py").read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


if __name__ == "__main__":
    main(sys.argv[1:])
