"""How able a candidate is: a probability distribution over ability, in general and in each topic.

The scale is that of the levels: a candidate of ability 3 gets about two thirds of a question of level 3. A score, as a
share of 0–1, counts as so many independent marks, each won with the chance that a four-parameter logistic model gives
(Barton and Lord, 1981); for shares between 0 and 1 this is the quasi-likelihood of Papke and Wooldridge (1996). Its
lower and upper ends say what the grader gives to those who know nothing and everything.

Ability in a topic is general ability plus a deviation of its own, so that every answer tells something of all topics.
Given general ability the topics are independent, and sums over one grid are exact: nothing is sampled here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import log

import numpy as np
from numpy.typing import NDArray

from interviewer.schema import Item, Kind, Level

Numbers = NDArray[np.float64]

GRID: Numbers = np.linspace(-1.5, 7.5, 91)
"""Abilities that are told apart, in levels."""
START_SPREAD = 1.2
"""Standard deviation of ability around the level that a candidate names, in levels."""
TOPIC_SPREAD = 0.6
"""Standard deviation of a topic's ability around general ability, in levels."""
SLOPE = 1.6
"""Discrimination: growth of a mark's log-odds per level of ability."""
FLOOR, CEILING = 0.03, 0.86
"""Mean share that the grader gives to those who know nothing, and to those who know everything."""
EXPECTED = 2 / 3
"""Share of its marks that a candidate of a question's own level gets: what "being of a level" means."""
ALIKE = 0.25
"""Correlation of the marks within one answer: what one says well one says well throughout."""
STORY = 0.8
"""Discrimination of a question about experience, as a share of other questions': a story says less."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What one question tells about a candidate."""

    difficulty: float
    """Ability at which half of the marks are won, in levels."""
    slope: float
    """Growth of a mark's log-odds per level."""
    marks: float
    """How many independent marks the score is worth."""

    def expected(self, ability: Numbers) -> Numbers:
        """Mean share for each ability."""
        return FLOOR + (CEILING - FLOOR) / (1 + np.exp(-self.slope * (ability - self.difficulty)))

    def information(self, ability: Numbers) -> Numbers:
        """Fisher information about ability, per square level."""
        mean = self.expected(ability)
        growth = self.slope * (mean - FLOOR) * (CEILING - mean) / (CEILING - FLOOR)
        return self.marks * growth**2 / (mean * (1 - mean))

    def log_likelihood(self, share: float) -> Numbers:
        """Of an answer's share of the marks, over `GRID`."""
        mean = self.expected(GRID)
        return np.asarray(self.marks * (share * np.log(mean) + (1 - share) * np.log1p(-mean)))


def parameters_of(item: Item, difficulties: Mapping[str, float] | None = None) -> Parameters:
    """A question's parameters: its level unless `difficulties` (item id → level) knows better, its kind, its points.

    Points count by Kish's effective size, so that a question whose weight rests on one point is one mark, and by the
    design effect of marks that go together.
    """
    level = (difficulties or {}).get(item.id, float(item.level))
    return _parameters(level, item.kind, tuple(p.weight for p in item.key_points))


@lru_cache(maxsize=4096)
def _parameters(level: float, kind: Kind, weights: tuple[float, ...]) -> Parameters:
    slope = SLOPE * (STORY if kind == "experience" else 1.0)
    size = sum(weights) ** 2 / sum(w * w for w in weights) if weights else 1.0
    return Parameters(level - log(EXPECTED / (1 - EXPECTED)) / slope, slope, size / (1 + (size - 1) * ALIKE))


@dataclass(frozen=True, slots=True)
class Observation:
    """One graded question."""

    topic: str
    parameters: Parameters
    share: float
    """Score / 100."""


@dataclass(frozen=True)
class Ability:
    """The posterior after some answers. Immutable; cheap to make (a few products of 91 × 91 matrices)."""

    start: float
    """The level that the candidate named."""
    seen: tuple[Observation, ...] = ()

    @cached_property
    def general(self) -> Level:
        """Over all topics."""
        chances = self._general()
        return _estimate(chances / chances.sum())

    def topic(self, name: str) -> Level:
        """In one topic, whether or not it was asked about."""
        return _estimate(self.chances(name))

    def chances(self, name: str) -> Numbers:
        """Probabilities of ability in a topic, over `GRID`."""
        return np.asarray(self._joint(name).sum(axis=0))

    def chance(self, name: str, least: float) -> float:
        """Probability that ability in a topic is at least `least`."""
        return float(self.chances(name)[least <= GRID].sum())

    def expected(self, parameters: Parameters, topic: str) -> float:
        """Share of its marks that a question of this topic would be answered with."""
        return float(self.chances(topic) @ parameters.expected(GRID))

    def gain(self, parameters: Parameters, topic: str) -> float:
        """By how much a question is expected to lower the variance of general ability, in square levels.

        The question is taken as a normal observation of the topic's ability with the information that the posterior
        expects of it; what it says about general ability follows from how the two vary together.
        """
        chances, together, own = self._prospects(topic)
        information = float(chances @ _information(parameters))
        return together**2 / (own + 1 / information)

    def _prospects(self, topic: str) -> tuple[Numbers, float, float]:
        """Of a topic: its probabilities, its covariance with general ability, its variance. Worked out once each."""
        topic = topic if topic in self._likelihoods else ""  # the topics without an answer are all alike
        if topic not in self._known:
            joint = self._joint(topic)
            here, general = joint.sum(axis=0), joint.sum(axis=1)
            off = GRID - here @ GRID
            self._known[topic] = here, float((GRID - general @ GRID) @ joint @ off), float(here @ off**2)
        return self._known[topic]

    @cached_property
    def _known(self) -> dict[str, tuple[Numbers, float, float]]:
        return {}

    @cached_property
    def _likelihoods(self) -> dict[str, Numbers]:
        """Of all answers in each topic, over the topic's ability; scaled so that the largest is 1."""
        logs: dict[str, Numbers] = {}
        for one in self.seen:
            logs[one.topic] = logs.get(one.topic, 0.0) + one.parameters.log_likelihood(one.share)
        return {topic: np.exp(value - value.max()) for topic, value in logs.items()}

    @cached_property
    def _messages(self) -> dict[str, Numbers]:
        """What the answers in each topic say about general ability."""
        return {topic: _SPREADING @ likelihood for topic, likelihood in self._likelihoods.items()}

    def _general(self, without: str = "") -> Numbers:
        """How likely general abilities are, up to a factor, by the answers in all topics but one."""
        likely = np.exp(-0.5 * ((GRID - self.start) / START_SPREAD) ** 2)
        for topic, message in self._messages.items():
            if topic != without:
                likely = likely * message
        return np.asarray(likely)

    def _joint(self, topic: str) -> Numbers:
        """Probabilities of (general, topic's) ability on the grid."""
        joint = self._general(topic)[:, None] * _SPREADING * self._likelihoods.get(topic, 1.0)
        return np.asarray(joint / joint.sum())


@lru_cache(maxsize=4096)
def _information(parameters: Parameters) -> Numbers:
    return parameters.information(GRID)


def _spreading() -> Numbers:
    """Row g, column t: probability of ability t in a topic, given general ability g."""
    near = np.exp(-0.5 * ((GRID[:, None] - GRID[None, :]) / TOPIC_SPREAD) ** 2)
    return np.asarray(near / near.sum(axis=1, keepdims=True))


_SPREADING = _spreading()


def _estimate(chances: Numbers) -> Level:
    level = float(chances @ GRID)
    return Level(level, float(np.sqrt(chances @ (GRID - level) ** 2)))
