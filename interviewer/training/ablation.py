"""What each part of the grader is worth: the verdict model fitted without it, on questions left out of the fit.

    python -m interviewer.training.ablation [--answers eval/data/answers.jsonl] [--work FOLDER] [-o eval/ablation.md]

Only the answers that the verdict model is fitted on are read, never the test split. With `--work` the comparisons are
kept there and taken up again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from interviewer.corpus import load_corpus
from interviewer.evaluation.robustness import markdown
from interviewer.grading.entailment import load_entailment
from interviewer.grading.labelled import Labelled, read_labelled
from interviewer.grading.matching import FEATURES, JUDGED
from interviewer.grading.verdicts import CLASSES
from interviewer.retrieval.encoder import load_encoder
from interviewer.training.tables import Tables, WordsOnly, items_of, read_tables
from interviewer.training.verdicts import GOOD, WRONG, answer_credits, left_out, score_map

PARTS: dict[str, tuple[str, ...]] = {
    "the cross-encoder": JUDGED,
    "wrong wordings": (*(f for f in FEATURES if "wrong" in f), "right_margin", "contrast", "own"),
    "what the model answer says": ("right_told", "wrong_told"),
    "the question's other points": ("right_rival", "wrong_rival", "own"),
    "exact terms on their own": ("right_terms", "wrong_terms", "right_recall", "wrong_recall", "contrast"),
    "negations and numbers": ("right_polarity", "wrong_polarity", "right_number"),
}
"""The features that go with each part."""
HEAD = ("without", "macro-F1", "F1 contradicted", "Spearman", "RMSE", "false above 40", "strong below 60")


def rows(answers: Sequence[Labelled], read: Tables, words: Tables) -> Iterator[tuple[str, ...]]:
    """One row per part, the whole grader first."""
    yield _row("nothing", answers, read, FEATURES)
    for part, gone in PARTS.items():
        yield _row(part, answers, read, [f for f in FEATURES if f not in gone])
    yield _row("the encoder (terms and cross-encoder only)", answers, words, FEATURES)
    yield _row("all wordings (the point's own text only)", answers, read, None)


def _row(name: str, answers: Sequence[Labelled], tables: Tables, used: Sequence[str] | None) -> tuple[str, ...]:
    from scipy import stats
    from sklearn.metrics import f1_score

    table = tables.labelled
    chances = left_out(table, tables.model, "wordings" if used else "bare", used)
    gold, asked = np.array([a.score for a in answers]), np.array([a.item for a in answers])
    _, scores = score_map(*answer_credits(table, chances, len(answers)), gold, asked)
    kept = table.labels != "partial"
    names = np.array(["covered", "missing", "contradicted"])
    guess = names[chances[kept][:, [CLASSES.index(n) for n in names]].argmax(1)]
    f1 = f1_score(table.labels[kept], guess, labels=list(names), average=None)
    false = np.mean([s > 40 for s, a in zip(scores, answers, strict=True) if a.kind in WRONG])
    strong = np.mean([s < 60 for s, a in zip(scores, answers, strict=True) if a.kind in GOOD])
    return (
        name, f"{f1.mean():.3f}", f"{f1[2]:.2f}", f"{stats.spearmanr(scores, gold).statistic:.3f}",
        f"{np.sqrt(np.mean((scores - gold) ** 2)):.1f}", f"{false:.0%}", f"{strong:.0%}",
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--answers", type=Path, default=Path("eval/data/answers.jsonl"))
    parser.add_argument("--test", type=Path, default=Path("eval/data/answers.test.jsonl"))
    parser.add_argument("--work", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    items = load_corpus().items
    answers = read_labelled(options.answers, items)
    read = read_tables(
        answers, items, items_of(options.test), (load_encoder(), WordsOnly()), load_entailment(), options.work,
        lambda line: print(line, flush=True),  # noqa: T201
    )  # fmt: skip
    table = markdown(HEAD, list(rows(answers, *read)))
    print(table)  # noqa: T201
    if options.out:
        text = (
            "# Ablation\n\nPrinted by `python -m interviewer.training.ablation`: the verdict model fitted without each "
            f"part, on left-out\nquestions of the {len(answers)} answers it is fitted on (our own labels).\n\n"
        )
        options.out.write_text(f"{text}{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
