"""How hard questions are, estimated from answers: marginal maximum a posteriori by EM (Bock and Aitkin, 1981).

The author's level is the prior, so a question that was answered a few times hardly moves, and one that was not stays.
The scale is held by the levels that candidates named and by the other questions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from interviewer.errors import InputError
from interviewer.interview.ability import GRID, Ability, Numbers, Observation, Parameters, parameters_of
from interviewer.interview.policy import ability_of
from interviewer.interview.session import State
from interviewer.schema import Exchange, Item, Level

AUTHOR_SPREAD = 0.6
"""Standard deviation of a question's difficulty around its author's level, in levels."""
ROUNDS = 25
_OFFSETS: Numbers = np.linspace(-2.0, 2.0, 81)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """What answers say about one question."""

    item_id: str
    authored: int
    estimated: Level
    answers: int


def calibrate(states: Sequence[State], items: Mapping[str, Item]) -> list[Difficulty]:
    """Difficulties of all questions that were answered or skipped, those that moved most first.

    Args:
        states: interviews, as they stood at their end.
        items: the corpus; what it no longer has is left out.
    """
    known = [s for s in states if all(e.item_id in items for e in s.exchanges)]
    abilities = [ability_of(s, items) for s in known]
    asked = [[e.item_id for e in s.exchanges if _counts(e)] for s in known]
    levels = {item_id: float(items[item_id].level) for one in asked for item_id in one}
    curves: dict[str, Numbers] = {}
    for _ in range(ROUNDS):
        curves = {
            item_id: -0.5 * ((_grid(items[item_id]) - items[item_id].level) / AUTHOR_SPREAD) ** 2 for item_id in levels
        }
        for ability, names in zip(abilities, asked, strict=True):
            seen = tuple(
                Observation(o.topic, parameters_of(items[name], levels), o.share)
                for o, name in zip(ability.seen, names, strict=True)
            )
            posterior = Ability(ability.start, seen)
            for one, name in zip(seen, names, strict=True):
                curves[name] = curves[name] + _fit(items[name], one, posterior.chances(one.topic))
        moved = {item_id: float(_grid(items[item_id])[curve.argmax()]) for item_id, curve in curves.items()}
        settled = all(abs(moved[i] - levels[i]) < 1e-9 for i in moved)
        levels = moved
        if settled:
            break
    counts = {item_id: sum(one.count(item_id) for one in asked) for item_id in levels}
    found = [Difficulty(i, items[i].level, _summary(items[i], curve), counts[i]) for i, curve in curves.items()]
    return sorted(found, key=lambda d: -abs(d.estimated.value - d.authored))


def write_difficulties(path: Path, found: Sequence[Difficulty]) -> None:
    """Keep them where the engine looks for them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_suffix(".new")
    work.write_text(json.dumps({d.item_id: round(d.estimated.value, 2) for d in found}, indent=1), encoding="utf-8")
    os.replace(work, path)


def read_difficulties(path: Path) -> dict[str, float]:
    """What `write_difficulties` kept; empty if there is nothing.

    Raises:
        InputError: the file is damaged.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(item_id): min(8.0, max(-2.0, float(level))) for item_id, level in values.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} cannot be used ({error}); delete it, or make it anew") from None


def _counts(exchange: Exchange) -> bool:
    """Whether `ability_of` takes the question into account."""
    return exchange.skipped if exchange.grade is None else exchange.grade.score is not None


def _grid(item: Item) -> Numbers:
    return np.asarray(item.level + _OFFSETS)


def _fit(item: Item, seen: Observation, chances: Numbers) -> Numbers:
    """Expected log-likelihood of one answer for each difficulty."""
    won, lost = _logs(parameters_of(item))
    return np.asarray(seen.parameters.marks * (seen.share * won + (1 - seen.share) * lost) @ chances)


@lru_cache(maxsize=1024)
def _logs(authored: Parameters) -> tuple[Numbers, Numbers]:
    """Logarithms of the chances to win and to lose a mark: a row per difficulty around the author's, over `GRID`."""
    rows = [replace(authored, difficulty=authored.difficulty + d).expected(GRID) for d in _OFFSETS]
    return np.log(rows), np.log1p(-np.array(rows))


def _summary(item: Item, curve: Numbers) -> Level:
    weights = np.exp(curve - curve.max())
    weights /= weights.sum()
    mean = float(weights @ _grid(item))
    return Level(mean, float(np.sqrt(weights @ (_grid(item) - mean) ** 2)))
