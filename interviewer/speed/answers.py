"""Answers to measure with: labelled ones, and any number of new ones composed of the corpus's own wordings."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from itertools import islice

from interviewer.schema import LANGUAGES, Item, Language
from interviewer.text import word_count

LEAST, MOST = 15, 150
"""Words of a composed answer: about 20 to 200 tokens."""


def composed(items: Collection[Item], count: int, seed: int = 0) -> list[tuple[Item, Language, str]]:
    """New answers, of lengths spread evenly, half of them Chinese: right and wrong wordings of an item's points, drawn
    in any order, each clause with a number of its own, so that no two are the same text and nothing is remembered."""
    return list(islice(_composed(tuple(items), random.Random(seed)), count))


def _composed(items: tuple[Item, ...], chance: random.Random) -> Iterator[tuple[Item, Language, str]]:
    for number in range(10**9):
        language = LANGUAGES[number % 2]
        item = chance.choice(items)
        said = [
            text
            for point in item.key_points
            for text in (point.text.get(language), *point.also.get(language), *point.contradictions.get(language))
            if text
        ]
        if not said:
            continue
        wanted, answer = chance.randint(LEAST, MOST), ""
        while not answer or word_count(answer) < wanted:
            text = chance.choice(said).rstrip("。.")
            answer += f"{text} {chance.randrange(1000)}。" if language == "zh" else f"{text} {chance.randrange(1000)}. "
        yield item, language, answer.strip()
