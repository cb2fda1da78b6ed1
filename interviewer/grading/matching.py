"""How near an answer comes to the right and to the wrong wordings of one claim, as a row of numbers.

A span of the answer is compared with several right and several wrong ways of saying the same thing, by embedding and
by exact terms; the question's own direction and words are discounted, so that an echo of the question earns nothing.
Knows nothing of verdicts or scores.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from interviewer.grading.entailment import Entailment, Pair
from interviewer.grading.opposites import negated
from interviewer.retrieval import Encoder
from interviewer.schema import Span
from interviewer.text import clauses, language_of, normalise, sentences, terms, word_count

Matrix = NDArray[np.float32]
Bag = dict[str, float]
"""Distinct terms and what each weighs."""

_DEMOTE = 0.7
"""Share of the question's direction that is taken out of every vector (measured on a pilot; all of it hurts)."""
_ECHO_WEIGHT = 0.25
"""Weight of a term that the question already holds."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Inverse document frequency of terms: a rare term says more about what is being claimed."""

    idf: dict[str, float]
    unseen: float

    @classmethod
    def of(cls, documents: Iterable[str]) -> Vocabulary:
        """Count over documents (here: one per corpus item and language)."""
        counts: dict[str, int] = {}
        total = 0
        for document in documents:
            total += 1
            for term in set(terms(document)):
                counts[term] = counts.get(term, 0) + 1
        # A term in every document still weighs something: a claim may consist of common words.
        idf = {t: 0.3 + math.log((1 + total) / (1 + n)) for t, n in counts.items()}
        return cls(idf, 0.3 + math.log(1 + total))

    def weigh(self, found: Iterable[str], question: frozenset[str]) -> Bag:
        """Weight of each distinct term, the question's own terms discounted."""
        return {
            t: self.idf.get(t, self.unseen) * (_ECHO_WEIGHT if t in question else 1.0) for t in dict.fromkeys(found)
        }


@dataclass(frozen=True, slots=True)
class Claim:
    """The right and the wrong ways of saying one thing; at least one right one."""

    right: tuple[str, ...]
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spans:
    """An answer cut into everything that may carry a claim: clauses, sentences, and neighbouring sentences."""

    spans: tuple[Span, ...]
    bags: tuple[Bag, ...]
    """Weighted terms of each span."""
    vectors: Matrix
    known: Matrix
    """Share of each span's tokens that the encoder can read, shape (len(spans),)."""
    all_terms: frozenset[str]
    words: int


@dataclass(frozen=True, slots=True)
class Features:
    """What is known about one (answer, claim) pair. Similarities −1 to 1, shares 0 to 1.

    The answer's length is not among them: it helps on paper, by what kinds of answers happen to be long in a set, and
    would reward padding.
    """

    right: float
    """Nearest right wording: mean of cosine and term overlap."""
    wrong: float
    right_cosine: float
    wrong_cosine: float
    right_terms: float
    wrong_terms: float
    right_margin: float
    """At the span nearest to a right wording: how much nearer it is to right than to wrong."""
    wrong_margin: float
    """At the span nearest to a wrong wording: how much nearer it is to wrong than to right."""
    right_rival: float
    """At the span nearest to a right wording: how much nearer it is to that than to any other claim of the question."""
    wrong_rival: float
    right_told: float
    """At the span nearest to a right wording: how near it is to anything that the model answer says."""
    wrong_told: float
    """At the span nearest to a wrong wording: how much nearer it is to that than to anything the model answer says."""
    own: float
    """At the span where it is largest: how much nearer a span is to this claim (right or wrong) than to any other."""
    right_recall: float
    """Share of a right wording's term weight that occurs anywhere in the answer."""
    wrong_recall: float
    contrast: float
    """At the nearest wrong span: terms that only the wrong wording has, minus terms that only the right one has."""
    right_polarity: float
    """1 where exactly one of span and nearest right wording is negated."""
    wrong_polarity: float
    right_number: float
    """1 where both hold numbers and share none."""
    chinese: float
    """1 for a Chinese question, 0 for an English one."""
    says: float
    """What the cross-encoder makes of the span nearest to a right wording, against the claim's own text: log-odds of
    covered against the rest, cut off at ±5; so are the rest of these. 0 without a cross-encoder."""
    denies: float
    """The same, of contradicted."""
    says_so: float
    """Covered, against the nearest right wording."""
    denies_so: float
    wrong_denies: float
    """The span nearest to a wrong wording: does it contradict the claim's own text?"""
    says_wrong: float
    """Does it say that wrong wording?"""
    denies_wrong: float
    """The span nearest to a right wording: does it contradict the nearest wrong wording?"""
    right_says_wrong: float

    def row(self) -> list[float]:
        """The values in field order."""
        return [float(getattr(self, f.name)) for f in fields(self)]


FEATURES = tuple(f.name for f in fields(Features))
JUDGED = FEATURES[FEATURES.index("says") :]
"""Those that a cross-encoder gives."""


@dataclass(frozen=True, slots=True)
class Match:
    """The features of one claim and the spans they were taken at."""

    features: Features
    right_span: Span | None
    wrong_span: Span | None
    wrong_wording: int
    """Position of the nearest wrong wording; −1 where there are none."""
    asked: tuple[Pair, ...] = ()
    """The pairs that a cross-encoder is asked about: the nearest span with the claim, with its nearest right and wrong
    wordings, and the nearest wrong span with the claim and that wrong wording."""


def spans_of(answer: str) -> tuple[Span, ...]:
    """Clauses, sentences and pairs of neighbouring sentences (a claim is often spread over two); repeats count once."""
    whole = sentences(answer)
    pairs = [Span(a.start, b.end, answer[a.start : b.end]) for a, b in pairwise(whole)]
    unique: dict[str, Span] = {}
    for span in (*clauses(answer), *whole, *pairs):
        unique.setdefault(normalise(span.text), span)
    return tuple(unique.values())


def _demote(vectors: Matrix, question: Matrix) -> Matrix:
    """Take the question's direction out of unit vectors and make them unit vectors again."""
    rest = vectors - _DEMOTE * np.outer(vectors @ question, question)
    norms = np.linalg.norm(rest, axis=1, keepdims=True)
    return np.asarray(rest / np.where(norms < 1e-6, 1.0, norms), dtype=np.float32)


class Matcher:
    """Compares answers to claims about one question."""

    def __init__(
        self, encoder: Encoder, vocabulary: Vocabulary, question: str, entailment: Entailment | None = None
    ) -> None:
        self._encoder, self._vocabulary, self._question, self._entailment = encoder, vocabulary, question, entailment
        self._asked = frozenset(terms(question))
        self._chinese = float(language_of(question) == "zh")
        self._wordings = lru_cache(maxsize=256)(self._prepare)

    def cut(self, answer: str) -> Spans:
        """Cut an answer into spans and embed them."""
        found = spans_of(answer)
        texts = [s.text for s in found]
        return Spans(
            found,
            tuple(self._vocabulary.weigh(terms(t), self._asked) for t in texts),
            _demote(*self._encoded(texts)),
            self._encoder.known([normalise(t) for t in texts]),
            frozenset(terms(answer)),
            word_count(answer),
        )

    def read(self, claims: Sequence[Claim], told: tuple[str, ...] = ()) -> None:
        """Read all that answers will be compared with at once, ahead of the first one; arguments as for `match`."""
        self._encoded([*(w for c in claims for w in (*c.right, *c.wrong)), *told])
        for wordings in (*(w for c in claims for w in (c.right, c.wrong)), told):
            self._wordings(wordings)

    def match(self, spans: Spans, claims: Sequence[Claim], told: tuple[str, ...] = ()) -> list[Match]:
        """Compare an answer's spans with every claim of a question; one `Match` per claim, in order.

        Args:
            spans: of the answer.
            claims: of the question.
            told: what the model answer says, sentence by sentence: right, whichever claim it belongs to.
        """
        return self.judged(self.compare(spans, claims, told))

    def judged(self, matches: list[Match]) -> list[Match]:
        """Matches with what the cross-encoder makes of the pairs they ask about, if there is one."""
        return judged(matches, self._entailment) if self._entailment else matches

    def compare(self, spans: Spans, claims: Sequence[Claim], told: tuple[str, ...] = ()) -> list[Match]:
        """`match` as far as it goes without the cross-encoder."""
        if not spans.spans:
            nothing = Match(Features(*[0.0] * len(FEATURES)), None, None, -1)
            return [nothing] * len(claims)
        compared = [
            _Compared(c, *(self._compare(spans, self._wordings(w)) for w in (c.right, c.wrong))) for c in claims
        ]
        # What a span says about each claim, rightly or wrongly: a span belongs to the claim that it is nearest to.
        about = np.stack([np.maximum(c.right.per_span, c.wrong.per_span) for c in compared])
        # Without a model answer, the right wordings of all claims are what is known to be right.
        known = self._compare(spans, self._wordings(told)).per_span if told else None
        known = np.stack([c.right.per_span for c in compared]).max(axis=0) if known is None else known
        found = []
        for n, one in enumerate(compared):
            others = np.delete(about, n, axis=0)
            rival = others.max(axis=0) if len(others) else np.zeros(about.shape[1], np.float32)
            found.append(self._match(spans, one, rival, known))
        return found

    def _match(self, spans: Spans, compared: _Compared, rival: Matrix, known: Matrix) -> Match:
        r, w, claim = compared.right, compared.wrong, compared.claim
        ours, theirs = self._wordings(claim.right), self._wordings(claim.wrong)
        i, j = r.best()
        k, m = w.best() if claim.wrong else (i, -1)
        here, there = normalise(spans.spans[i].text), normalise(spans.spans[k].text)
        right = float(r.mixed[i, j])
        features = Features(
            right=right,
            wrong=float(w.per_span[k]),
            right_cosine=float(r.cosine.max()),
            wrong_cosine=float(w.cosine.max(initial=0.0)),
            right_terms=float(r.overlap.max()),
            wrong_terms=float(w.overlap.max(initial=0.0)),
            right_margin=right - float(w.per_span[i]),
            wrong_margin=float(w.per_span[k] - r.per_span[k]),
            right_rival=right - float(rival[i]),
            wrong_rival=float(w.per_span[k] - rival[k]),
            right_told=float(known[i]),
            wrong_told=float(w.per_span[k] - known[k]),
            own=float((np.maximum(r.per_span, w.per_span) - rival).max()),
            right_recall=_recall(ours.weights, spans.all_terms),
            wrong_recall=_recall(theirs.weights, spans.all_terms),
            contrast=_contrast(spans.bags[k], ours.weights[int(r.mixed[k].argmax())], theirs.weights[m])
            if claim.wrong
            else 0.0,
            right_polarity=_differ_in_negation(here, claim.right[j]),
            wrong_polarity=_differ_in_negation(there, claim.wrong[m]) if claim.wrong else 0.0,
            right_number=_differ_in_numbers(here, claim.right[j]),
            chinese=self._chinese,
            **dict.fromkeys(JUDGED, 0.0),
        )
        own, said = normalise(claim.right[0]), normalise(claim.right[j])
        asked = [(here, own), (here, said)]
        if claim.wrong:
            denied = normalise(claim.wrong[m])
            asked += [(here, denied), (there, own), (there, denied)]
        evidence = _shortest(spans.spans, r.mixed[:, j], i)
        return Match(features, evidence, spans.spans[k] if claim.wrong else None, m, tuple(asked))

    def _compare(self, spans: Spans, wordings: _Wordings) -> _Nearness:
        if not wordings.weights:
            empty = np.zeros((len(spans.spans), 0), np.float32)
            return _Nearness(empty, empty, empty, np.zeros(len(spans.spans), np.float32))
        # What the encoder cannot read it cannot compare: its cosine counts by the share of both texts it knows.
        trust = np.sqrt(np.outer(spans.known, wordings.known))
        cosine = (spans.vectors @ wordings.vectors.T) * trust
        # Rounded so that the last bits, which depend on batch and threads, never reach a verdict.
        cosine, overlap = np.round(cosine, 4), np.round(_overlaps(spans.bags, wordings.weights), 4)
        mixed = (cosine * trust + overlap * (2 - trust)) / 2
        return _Nearness(cosine, overlap, mixed, mixed.max(axis=1))

    def _prepare(self, wordings: tuple[str, ...]) -> _Wordings:
        """What is needed of a claim's wordings, computed once per question."""
        vectors = _demote(*self._encoded(wordings))
        weights = tuple(self._vocabulary.weigh(terms(w), self._asked) for w in wordings)
        return _Wordings(weights, vectors, self._encoder.known([normalise(w) for w in wordings]))

    def _encoded(self, texts: Sequence[str]) -> tuple[Matrix, Matrix]:
        """Vectors of texts and of the question. Written one way or another (full width, upper case, traditional
        characters), a text is the same text."""
        vectors = self._encoder.encode([normalise(t) for t in (*texts, self._question)])
        return vectors[:-1], vectors[-1]


def judged(matches: Sequence[Match], entailment: Entailment) -> list[Match]:
    """The matches with what the cross-encoder makes of their pairs, all asked about at once."""
    chances = entailment.judge([pair for m in matches for pair in m.asked]).astype(np.float64)
    # Rounded like the similarities, for the same reason.
    odds = np.round(np.clip(np.log(chances + 1e-6) - np.log(1 - chances + 1e-6), -5, 5), 3)
    found, at = [], 0
    for match in matches:
        mine = odds[at : at + len(match.asked)]
        at += len(mine)
        if not len(mine):
            found.append(match)
            continue
        covered, contradicted = mine[:, 0], mine[:, 2]
        features = replace(
            match.features,
            says=covered[0],
            denies=contradicted[0],
            says_so=covered[1],
            denies_so=contradicted[1],
            **(
                {
                    "denies_wrong": contradicted[2],
                    "right_says_wrong": covered[2],
                    "wrong_denies": contradicted[3],
                    "says_wrong": covered[4],
                }
                if len(mine) > 2
                else {}
            ),
        )
        found.append(replace(match, features=features))
    return found


@dataclass(frozen=True, slots=True)
class _Wordings:
    """Several wordings, ready to be compared."""

    weights: tuple[Bag, ...]
    vectors: Matrix
    known: Matrix


@dataclass(frozen=True, slots=True)
class _Nearness:
    """Spans × wordings, by cosine, by terms, and by both."""

    cosine: Matrix
    overlap: Matrix
    mixed: Matrix
    per_span: Matrix
    """The largest of `mixed` for each span; 0 where there are no wordings."""

    def best(self) -> tuple[int, int]:
        row, column = np.unravel_index(int(self.mixed.argmax()), self.mixed.shape)
        return int(row), int(column)


@dataclass(frozen=True, slots=True)
class _Compared:
    claim: Claim
    right: _Nearness
    wrong: _Nearness


def _overlaps(bags: Sequence[Bag], wordings: Sequence[Bag]) -> Matrix:
    """Weighted F-measure of terms for every span and wording, leaning to the wording's recall (a span may say more)."""
    place = {t: n for n, t in enumerate(dict.fromkeys(t for w in wordings for t in w))}
    weight = np.zeros(len(place), np.float32)
    inside, claimed = np.zeros((len(bags), len(place)), bool), np.zeros((len(wordings), len(place)), bool)
    for row, wording in enumerate(wordings):
        for term, value in wording.items():
            weight[place[term]] = value
            claimed[row, place[term]] = True
    for row, bag in enumerate(bags):
        inside[row, [place[t] for t in bag if t in place]] = True
    common = (inside * weight) @ claimed.T.astype(np.float32)
    in_wording = np.array([max(sum(w.values()), 1e-6) for w in wordings], np.float32)
    in_span = np.array([max(sum(b.values()), 1e-6) for b in bags], np.float32)
    recall, precision = common / in_wording[None, :], common / in_span[:, None]
    return np.asarray(1.5 * recall * precision / np.maximum(0.5 * precision + recall, 1e-6), np.float32)


def _recall(weights: Sequence[Bag], said: frozenset[str]) -> float:
    """Best share of a wording's term weight that was said anywhere."""
    shares = (sum(v for t, v in w.items() if t in said) / max(sum(w.values()), 1e-6) for w in weights)
    return max(shares, default=0.0)


def _contrast(said: Bag, right: Bag, wrong: Bag) -> float:
    """What tells the two wordings apart, and on which side of it the span stands: −1 (right) to 1 (wrong)."""

    def share(own: Bag, other: Bag) -> float:
        only = {t: v for t, v in own.items() if t not in other}
        return sum(v for t, v in only.items() if t in said) / sum(only.values()) if only else 0.0

    return share(wrong, right) - share(right, wrong)


def _shortest(spans: Sequence[Span], scores: Matrix, best: int) -> Span:
    """The shortest span that is about as near as the nearest: evidence is the sentence, not its surroundings."""
    near = [i for i in range(len(spans)) if scores[best] - scores[i] <= 0.07 * abs(scores[best])]
    return spans[min(near, key=lambda i: (len(spans[i].text), i))]


def _differ_in_negation(a: str, b: str) -> float:
    return float(negated(a) != negated(b))


def _differ_in_numbers(a: str, b: str) -> float:
    first, second = set(_NUMBER.findall(normalise(a))), set(_NUMBER.findall(normalise(b)))
    return float(bool(first) and bool(second) and not first & second)
