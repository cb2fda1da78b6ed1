"""Import of a large folder: how long, how much memory, and whether an interruption changes anything.

The folder is made here from the corpus's own questions and answers, Chinese and English mixed, as somebody's notes:
with prefaces, pictures, formulae, lists, code and links between them.
"""

from __future__ import annotations

import random
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from interviewer.authoring import Imported, import_documents
from interviewer.corpus import Corpus
from interviewer.retrieval import Encoder
from interviewer.schema import LANGUAGES, Item, Language

_BETWEEN = (
    "![示意图](images/fig-{n}.png)\n",
    "$$\n\\mathcal{{L}}_{{{n}}} = \\sum_i \\lVert x_i - \\hat{{x}}_i \\rVert^2 + \\lambda \\lVert w \\rVert^2\n$$\n",
    "```python\nfor step in range({n}):\n    loss = model(batch).mean()\n    loss.backward()\n```\n",
    "- [返回顶部](#top)\n- [Next chapter](part-{n}.md)\n",
    "> 更新于 2024 年第 {n} 周。\n",
)


@dataclass(frozen=True, slots=True)
class Large:
    """What importing a large folder took."""

    files: int
    megabytes: float
    questions: int
    """That were written into it."""
    drafts: int
    seconds: float
    peak_megabytes: float
    """Resident memory of the whole process, models and corpus included."""
    resumed: int
    """Files that the run after the interruption took from the first."""
    same: bool
    """Whether interrupted and resumed it gave the same file to the byte."""


def make_folder(folder: Path, corpus: Corpus, files: int, megabytes: float, seed: int = 1) -> int:
    """Write notes until the folder has about the size; the number of questions in it."""
    rng = random.Random(seed)
    items = list(corpus.items.values())
    room, questions = int(megabytes * 1e6 / files), 0
    for number in range(files):
        parts = [f"# 第 {number + 1} 章 Notes\n\n这一章是随手记的。 Collected over time.\n"]
        size = 0
        while size < room:
            text = _entry(rng.choice(items), rng.choice(LANGUAGES), questions, rng)
            parts.append(text)
            size += len(text.encode())
            questions += 1
        path = folder / f"part-{number // 50}" / f"notes-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(parts), encoding="utf-8")
    return questions


def _entry(item: Item, language: Language, n: int, rng: random.Random) -> str:
    answer = item.answer.get(language)
    between = rng.choice(_BETWEEN).format(n=n)
    more = "\n".join(f"- {rng.choice(p.also.get(language) or (p.text.get(language),))}" for p in item.key_points)
    remark = {"zh": f"换句话说，这是第 {n} 次遇到它。", "en": f"In other words, this is meeting number {n}."}[language]
    return f"## {item.question.get(language)}\n\n{answer} {remark}\n\n{between}\n{more}\n"


def measure(folder: Path, corpus: Corpus, encoder: Encoder, files: int, megabytes: float) -> Large:
    """Import the folder once without and once with an interruption in the middle.

    Args:
        folder: an empty one.
        corpus: what the notes are made of, and compared with.
        encoder: compares by meaning.
        files: how many to make.
        megabytes: of all of them.
    """
    notes = folder / "notes"
    questions = make_folder(notes, corpus, files, megabytes)
    size = sum(p.stat().st_size for p in notes.rglob("*.md"))
    begun = time.perf_counter()
    whole = import_documents(notes, folder / "whole" / "items.yaml", corpus, encoder)
    seconds = time.perf_counter() - begun

    def interrupt(done: int, total: int, name: str) -> None:
        if done == total // 2:
            raise KeyboardInterrupt

    target = folder / "resumed" / "items.yaml"
    with suppress(KeyboardInterrupt):
        import_documents(notes, target, corpus, encoder, interrupt)
    resumed: Imported = import_documents(notes, target, corpus, encoder)
    return Large(
        len(whole.files), size / 1e6, questions, whole.added.added, seconds, _peak(), resumed.resumed,
        _bytes(folder / "whole") == _bytes(folder / "resumed"),
    )  # fmt: skip


def _bytes(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def _peak() -> float:
    import resource  # not on Windows

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1e6 if sys.platform == "darwin" else 1e3)


def told(found: Large) -> str:
    """The measurement as sentences."""
    outcome = "the same to the byte" if found.same else "NOT THE SAME"
    each = found.seconds / max(1, found.questions) * 1000
    return (
        f"{found.files} Markdown files, {found.megabytes:.1f} MB, Chinese and English, with pictures, formulae, code "
        f"and links: {found.drafts} drafts of {found.questions} questions in {found.seconds / 60:.1f} minutes on one "
        f"thread ({each:.0f} ms a question), at most {found.peak_megabytes:.0f} MB of memory, all included. "
        f"Interrupted in the middle and run again: {found.resumed} files were taken from the first run, and the output "
        f"is {outcome}."
    )
