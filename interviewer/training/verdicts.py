"""Fit the verdict model from the corpus's own right and wrong wordings.

    python -m interviewer.training.verdicts [--seed 0] [--dry-run]

No answers of people are at hand for these questions yet, so answers are composed: for each key point of an item a
coin decides whether the answer says it (one of its right wordings), denies it (one of its wrong wordings) or leaves it
out; the wording that was used is taken away from the comparison, so the model must recognise the claim from *other*
ways of saying it. Some wordings are made rough (fillers, a dropped word, the question repeated first). Every figure
printed is on items left out of the fit (grouped 5-fold); the parameters written are fitted on all items.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from interviewer.corpus import load_corpus
from interviewer.grading.grader import vocabulary_of, wrong_wordings
from interviewer.grading.matching import FEATURES, Matcher, spans_of
from interviewer.grading.verdicts import CLASSES, WORDS_ONLY
from interviewer.retrieval.encoder import Encoder, Vectors, load_encoder
from interviewer.schema import LANGUAGES, Item, Language

VERSION = "verdicts-1"
ANSWERS_PER_ITEM = 16
_FILLERS = {
    "zh": ("嗯，", "就是说，", "我觉得", "那个，", "其实"),
    "en": ("um, ", "well, ", "I think ", "so basically ", "you know, "),
}
_JOINS = {"zh": ("。", "，", "；", "。然后", "，另外"), "en": (". ", ", and ", "; ", ". Also, ", ". ")}


@dataclass(frozen=True, slots=True)
class Example:
    """One (answer, key point) pair."""

    item: str
    features: list[float]
    bare: list[float]
    """The same pair compared with the key point's text alone, as for a question without wordings."""
    label: str


class WordsOnly:
    """An encoder that reads nothing: what is left is exact terms."""

    fingerprint = WORDS_ONLY

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Zero vectors."""
        return np.zeros((len(texts), 8), np.float32)

    def known(self, texts: Sequence[str]) -> Vectors:
        """Nothing is known."""
        return np.zeros(len(texts), np.float32)


def compose(item: Item, language: Language, rng: random.Random) -> tuple[str, dict[str, tuple[str, str]]]:
    """An answer to an item, and per key point (label, wording used)."""
    lean = rng.random()  # some candidates know much, some little
    used: dict[str, tuple[str, str]] = {}
    said: list[str] = []
    for point in item.key_points:
        right = (point.text.get(language), *point.also.get(language))
        wrong = wrong_wordings(item, point, language)
        draw = rng.random()
        if draw < 0.15 + 0.6 * lean:
            used[point.id] = ("covered", rng.choice(right))
        elif draw < 0.35 + 0.6 * lean and wrong:
            used[point.id] = ("contradicted", rng.choice(wrong))
        else:
            used[point.id] = ("missing", "")
        if used[point.id][1]:
            said.append(_rough(used[point.id][1], language, rng))
    rng.shuffle(said)
    if rng.random() < 0.15:
        said.insert(0, item.question.get(language).rstrip("？?"))
    answer = ""
    for sentence in said:
        answer += sentence.rstrip("。. ") + rng.choice(_JOINS[language])
    return answer or ("这个我说不好" if language == "zh" else "hard to say, it depends"), used


def _rough(text: str, language: Language, rng: random.Random) -> str:
    if rng.random() < 0.3:
        text = rng.choice(_FILLERS[language]) + text
    if rng.random() < 0.25:
        units = list(text) if language == "zh" else text.split(" ")
        if len(units) > 8:
            del units[rng.randrange(len(units))]
        text = ("" if language == "zh" else " ").join(units)
    return text


def examples(items: list[Item], encoder: Encoder, language: Language, seed: int) -> Iterator[Example]:
    """Every pair of every composed answer."""
    vocabulary = vocabulary_of(items)
    drafts: list[tuple[Item, str, dict[str, tuple[str, str]]]] = []
    for item in items:
        rng = random.Random(f"{seed}:{item.id}:{language}")
        drafts += [(item, *compose(item, language, rng)) for _ in range(ANSWERS_PER_ITEM)]
    # All spans in one pass: the encoder remembers them, and long batches are many times faster than single answers.
    encoder.encode([s.text for _, answer, _ in drafts for s in spans_of(answer)])
    matchers = {i.id: Matcher(encoder, vocabulary, i.question.get(language)) for i in items}
    rng = random.Random(seed)
    for item, answer, used in drafts:
        matcher = matchers[item.id]
        spans = matcher.cut(answer)
        for point in item.key_points:
            label, taken = used[point.id]
            text = point.text.get(language)
            right = [w for w in (text, *point.also.get(language)) if w != taken]
            wrong = [w for w in wrong_wordings(item, point, language) if w != taken]
            # Alone, the text can only be compared with what was not the text itself.
            alone = [text] if taken != text else [rng.choice(point.also.get(language))]
            yield Example(
                item.id,
                matcher.match(spans, right, wrong).features.row(),
                matcher.match(spans, alone, ()).features.row(),
                label,
            )


def fit(x: Any, y: Any) -> dict[str, Any]:
    """Parameters of a standardised multinomial logistic regression, as plain lists."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x)
    model = LogisticRegression(max_iter=3000, C=0.3).fit(scaler.transform(x), y)
    order = [list(model.classes_).index(c) for c in CLASSES]
    return {
        "mean": np.round(scaler.mean_, 6).tolist(),
        "scale": np.round(scaler.scale_, 6).tolist(),
        "weights": np.round(model.coef_[order], 6).tolist(),
        "bias": np.round(model.intercept_[order], 6).tolist(),
    }


def left_out(x: Any, y: Any, groups: Any) -> tuple[Any, Any]:
    """Predicted classes and probabilities for items that were not fitted on."""
    from sklearn.model_selection import GroupKFold

    chances = np.zeros((len(y), len(CLASSES)))
    for train, test in GroupKFold(5).split(x, y, groups):
        p = fit(x[train], y[train])
        logits = ((x[test] - p["mean"]) / p["scale"]) @ np.array(p["weights"]).T + p["bias"]
        e = np.exp(logits - logits.max(1, keepdims=True))
        chances[test] = e / e.sum(1, keepdims=True)
    return np.array(CLASSES)[chances.argmax(1)], chances


def main() -> None:
    """Fit, print the figures on left-out items, write the parameters."""
    from sklearn.metrics import f1_score, roc_auc_score

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dry-run", action="store_true", help="print the figures, write nothing")
    options = parser.parse_args()
    items = [i for i in load_corpus().items.values() if i.status == "published"]
    real = load_encoder()
    encoders: list[Encoder] = [real, WordsOnly()]
    content: dict[str, Any] = {"version": VERSION, "features": FEATURES, "encoders": {}}
    for encoder in encoders:
        content["encoders"][encoder.fingerprint] = {}
        for language in LANGUAGES:
            found = list(examples(items, encoder, language, options.seed))
            y = np.array([e.label for e in found])
            groups = np.array([e.item for e in found])
            fitted = {}
            for name, x in (("wordings", [e.features for e in found]), ("bare", [e.bare for e in found])):
                rows = np.array(x)
                predicted, chances = left_out(rows, y, groups)
                f1 = f1_score(y, predicted, labels=list(CLASSES), average=None)
                auc = [roc_auc_score(y == c, chances[:, i]) for i, c in enumerate(CLASSES)]
                print(  # noqa: T201
                    f"{encoder.fingerprint} {language} {name}: {len(y)} pairs of {len(items)} items, "
                    f"macro-F1 {f1.mean():.3f} ("
                    + ", ".join(f"{c} {v:.2f}" for c, v in zip(CLASSES, f1, strict=True))
                    + f"), AUC covered {auc[0]:.3f}, contradicted {auc[2]:.3f}",
                    flush=True,
                )
                fitted[name] = fit(rows, y)
            content["encoders"][encoder.fingerprint][language] = fitted
    if not options.dry_run:
        target = Path(__file__).parents[1] / "grading" / "verdicts.json"
        target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        print(f"written {target.name}")  # noqa: T201


if __name__ == "__main__":
    main()
