"""The training data: which rows of which public collections are used, and how they are cleaned.

Only rows whose licence lets what is trained on them be given away are read here (the model card names them);
every test split and every collection for research only stays out.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import regex

from interviewer.schema import LANGUAGES, Item

# Sentences of one collection at most: a hundred thousand lines of one manual teach less than ten manuals.
_CAPS: Mapping[str, int] = {"python-docs": 16_000, "tensorflow-docs": 24_000, "mindspore-docs": 12_000}
# Written for other subjects than ours, or partly translated by machine.
_SMALL = 2_500
_FAR = frozenset(
    "esp-idf react-docs angular-cn apisix vllm-ascend labml-annotated vue-docs echarts-doc webpack-docs electron "
    "dolphinscheduler karmada ant-design seatunnel chaos-mesh kueue kueue-po secretflow-po rust-book dify-docs "
    "evalscope".split()
)
_NLI = {
    "zh": frozenset({"csnli-dev", "csnli-test", "cmnli-dev"}),
    "en": frozenset({"snli-en-dev", "snli-en-test", "breaking-nli"}),
}
_HAN = regex.compile(r"\p{Han}")
_SPACE = regex.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Pair:
    """One sentence in both languages."""

    en: str
    zh: str
    source: str


@dataclass(frozen=True, slots=True)
class Triplet:
    """A sentence, one that follows from it, and one that contradicts it; all of one language."""

    anchor: str
    positive: str
    negative: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Right and wrong ways of stating one claim, in one language, and right ones in the other."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    elsewhere: tuple[str, ...]

    def draw(self, rng: random.Random) -> Triplet:
        """Two right wordings (a quarter of the time the second in the other language) and a wrong one."""
        anchor, positive = rng.sample(self.right, 2)
        if self.elsewhere and rng.random() < 0.25:
            positive = rng.choice(self.elsewhere)
        return Triplet(anchor, positive, rng.choice(self.wrong))


@dataclass(frozen=True, slots=True)
class Scored:
    """Two sentences and how alike people found them, 0–1."""

    left: str
    right: str
    score: float


def parallel(folder: Path, seed: int) -> list[Pair]:
    """Aligned sentences, capped by collection, shuffled."""
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for row in _rows(folder / "parallel.tsv.gz"):
        pair = Pair(_SPACE.sub(" ", row[0]).strip(), _SPACE.sub(" ", row[1]).strip(), row[2])
        if _usable(pair, longest=320):
            by_source[pair.source].append(pair)
    rng = random.Random(seed)
    chosen: list[Pair] = []
    for source in sorted(by_source):
        rows = list(dict.fromkeys(by_source[source]))
        rng.shuffle(rows)
        chosen += rows[: _CAPS.get(source, _SMALL if source in _FAR else len(rows))]
    rng.shuffle(chosen)
    return chosen


def paragraphs(folder: Path, seed: int) -> list[Pair]:
    """Aligned paragraphs, for long answers."""
    found = [Pair(row[0].strip(), row[1].strip(), row[2]) for row in _rows(folder / "parallel_para.tsv.gz")]
    found = [pair for pair in found if _usable(pair, longest=900)]
    random.Random(seed).shuffle(found)
    return found


def dictionary(folder: Path) -> dict[str, list[str]]:
    """CC-CEDICT: Chinese word → its English glosses."""
    glosses: dict[str, list[str]] = defaultdict(list)
    for row in _rows(folder / "cedict.tsv.gz"):
        glosses[row[1]] += [g.strip() for g in row[0].split(";") if g.strip() and not _HAN.search(g)]
    return glosses


def triplets(folder: Path, seed: int) -> list[Triplet]:
    """Premises with a hypothesis that follows and one that contradicts, both languages."""
    found: list[Triplet] = []
    for language, sources in _NLI.items():
        by_premise: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        with gzip.open(folder / f"nli_{language}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["source"] in sources:
                    by_premise[row["premise"]][row["label"]].append(row["hypothesis"])
        for premise, hypotheses in by_premise.items():
            follows, against = hypotheses["entailment"], hypotheses["contradiction"]
            found += [
                Triplet(premise, positive, negative)
                for positive, negative in zip(follows or [premise], against, strict=False)
                if len(premise) < 300
            ]
    random.Random(seed).shuffle(found)
    return found


def claims(items: Iterable[Item], left_out: Collection[str]) -> list[Claim]:
    """The wordings of the corpus's key points, without the items whose answers are kept for testing."""
    found = []
    for item in items:
        if item.id in left_out:
            continue
        for point in item.key_points:
            right = {lang: (point.text.get(lang), *point.also.get(lang)) for lang in LANGUAGES}
            for lang, other in (LANGUAGES, LANGUAGES[::-1]):
                wrong = tuple(point.contradictions.get(lang))
                if len(right[lang]) > 1 and wrong:
                    found.append(Claim(right[lang], wrong, right[other]))
    return found


def similarities(folder: Path) -> list[Scored]:
    """STS-B, English, training split."""
    rows = list(_rows(folder / "sts_en_train.tsv.gz"))[1:]
    return [Scored(row[0], row[1], float(row[2]) / 5) for row in rows]


def _rows(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n").split("\t")


def _usable(pair: Pair, longest: int) -> bool:
    han = len(_HAN.findall(pair.zh))
    return (
        han >= 2
        and han >= 0.15 * len(pair.zh)
        and len(pair.en) >= 4
        and len(pair.en) <= longest
        and len(pair.zh) <= longest
        and not _HAN.search(pair.en)
        # A translation is about a third as many characters; what is far from it is a wrong alignment.
        and 0.8 <= len(pair.en) / max(1, len(pair.zh) + han) <= 4
    )
