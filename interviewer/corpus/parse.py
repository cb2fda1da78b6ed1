"""One YAML mapping → one `Item`, with a complaint for everything that does not fit the format.

Parsing is lenient where a draft or a teacher's rubric needs it (a plain string where two languages could stand, a key
point that is only a sentence); whether an item is *complete* is judged in check.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from interviewer.corpus.yaml_file import Path_
from interviewer.schema import (
    KINDS,
    Bilingual,
    Citation,
    Erratum,
    Item,
    KeyPoint,
    Misconception,
    Wordings,
)
from interviewer.text import language_of

T = TypeVar("T")
MAX_TEXT = 20_000
_ITEM_FIELDS = {
    "id", "kind", "level", "question", "intent", "key_points", "misconceptions", "answer", "code", "requires",
    "sources", "errata", "status", "as_of", "topic", "origin", "like",
}  # fmt: skip
_POINT_FIELDS = {"id", "weight", "text", "also", "not", "probe", "hint", "generated", "proposed"}
_CAN_BE_GENERATED = ("text", "also", "not", "probe", "hint")


@dataclass(slots=True)
class Parser:
    """Collects complaints as (path, message) while values are read."""

    complaints: list[tuple[Path_, str]] = field(default_factory=list)

    def say(self, path: Path_, message: str) -> None:
        """Complain about the value at `path`."""
        self.complaints.append((path, message))

    def mapping(self, value: Any, path: Path_, allowed: set[str]) -> dict[str, Any]:
        """The mapping, or an empty one with a complaint; unknown keys are complained about."""
        if not isinstance(value, dict):
            self.say(path, f"expected a mapping, found {_named(value)}")
            return {}
        for key in value.keys() - allowed:
            self.say((*path, key), f"unknown field; known here: {', '.join(sorted(allowed))}")
        return value

    def open_mapping(self, value: Any, path: Path_) -> dict[str, Any]:
        """A mapping that may be absent and have any keys."""
        return {} if value is None else self.mapping(value, path, set(value) if isinstance(value, dict) else set())

    def each(self, value: Any, path: Path_, read: Callable[[Any, Path_], T | None]) -> tuple[T, ...]:
        """Every element of a list that may be absent, read by `read`."""
        if value is None:
            return ()
        if not isinstance(value, list):
            self.say(path, f"expected a list, found {_named(value)}")
            return ()
        return tuple(r for i, v in enumerate(value) if (r := read(v, (*path, i))) is not None)

    def string(self, value: Any, path: Path_) -> str:
        """A plain text, stripped."""
        if value is None:
            return ""
        # A float has lost what was written: section 3.10 is not 3.1.
        if isinstance(value, bool | float | list | dict):
            self.say(path, f"expected text, found {_named(value)} (quote it?)")
            return ""
        text = str(value).strip()
        if len(text) > MAX_TEXT:
            self.say(path, f"longer than {MAX_TEXT} characters")
        return text[:MAX_TEXT]

    def bilingual(self, value: Any, path: Path_) -> Bilingual:
        """`{zh: …, en: …}`, or a plain text in the language it is written in."""
        if isinstance(value, dict):
            known = self.mapping(value, path, {"zh", "en"})
            return Bilingual(*(self.string(known.get(k), (*path, k)) for k in ("zh", "en")))
        text = self.string(value, path)
        return Bilingual(zh=text) if language_of(text) == "zh" else Bilingual(en=text)

    def wordings(self, value: Any, path: Path_) -> Wordings:
        """`{zh: […], en: […]}`, or a plain list whose entries are sorted by language."""
        if value is None:
            return Wordings()
        if isinstance(value, list):
            texts = self.each(value, path, self.string)
            chinese = tuple(t for t in texts if language_of(t) == "zh")
            return Wordings(chinese, tuple(t for t in texts if t and t not in chinese))
        known = self.mapping(value, path, {"zh", "en"})
        zh, en = (self.each(known.get(k), (*path, k), self.string) for k in ("zh", "en"))
        return Wordings(tuple(filter(None, zh)), tuple(filter(None, en)))

    def point(self, value: Any, path: Path_) -> KeyPoint:
        """A key point: a mapping, or only its text."""
        number = f"p{int(path[-1]) + 1}"
        if isinstance(value, str):
            return KeyPoint(number, self.bilingual(value, path))
        found = self.mapping(value, path, _POINT_FIELDS)
        weight = found.get("weight", 1)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 10:
            self.say((*path, "weight"), "weight must be a number above 0, at most 10")
            weight = 1
        return KeyPoint(
            id=self.string(found.get("id"), (*path, "id")) or number,
            text=self.bilingual(found.get("text"), (*path, "text")),
            weight=float(weight),
            also=self.wordings(found.get("also"), (*path, "also")),
            contradictions=self.wordings(found.get("not"), (*path, "not")),
            probe=self.bilingual(found.get("probe"), (*path, "probe")),
            hint=self.bilingual(found.get("hint"), (*path, "hint")),
            generated=self.each(
                found.get("generated"), (*path, "generated"), lambda v, at: self.one_of(v, at, _CAN_BE_GENERATED, None)
            ),
            proposed=self.wordings(found.get("proposed"), (*path, "proposed")),
        )

    def misconception(self, value: Any, path: Path_) -> Misconception:
        """A wrong claim with its correction."""
        found = self.mapping(value, path, {"text", "correction", "contradicts"})
        return Misconception(
            self.bilingual(found.get("text"), (*path, "text")),
            self.bilingual(found.get("correction"), (*path, "correction")),
            self.each(found.get("contradicts"), (*path, "contradicts"), self.string),
        )

    def citation(self, value: Any, path: Path_) -> Citation:
        """`{ref: key, at: place}`, or only the key."""
        if isinstance(value, str):
            return Citation(value)
        found = self.mapping(value, path, {"ref", "at"})
        return Citation(self.string(found.get("ref"), (*path, "ref")), self.string(found.get("at"), (*path, "at")))

    def erratum(self, value: Any, path: Path_) -> Erratum:
        """`{source: key, zh: …, en: …}`."""
        found = self.mapping(value, path, {"source", "zh", "en"})
        zh, en = (self.string(found.get(k), (*path, k)) for k in ("zh", "en"))
        return Erratum(self.string(found.get("source"), (*path, "source")), Bilingual(zh, en))

    def one_of(self, value: Any, path: Path_, allowed: tuple[Any, ...], default: Any) -> Any:
        """The value if it is allowed, else the default with a complaint; absent is the default."""
        if value is None:
            return default
        if value not in allowed or isinstance(value, bool):
            self.say(path, f"{value!r} is not one of {', '.join(map(str, allowed))}")
            return default
        return allowed[allowed.index(value)]

    def item(self, value: Any, path: Path_, topic: str) -> tuple[Item, tuple[str, ...]]:
        """An item without its code, and the code links still to be resolved."""
        found = self.mapping(value, path, _ITEM_FIELDS)

        def at(key: str) -> Path_:
            return (*path, key)

        item = Item(
            id=self.string(found.get("id"), at("id")),
            topic=self.string(found.get("topic"), at("topic")) or topic,
            question=self.bilingual(found.get("question"), at("question")),
            kind=self.one_of(found.get("kind"), at("kind"), KINDS, "concept"),
            level=self.one_of(found.get("level"), at("level"), (1, 2, 3, 4, 5), 2),
            intent=self.bilingual(found.get("intent"), at("intent")),
            key_points=self.each(found.get("key_points"), at("key_points"), self.point),
            misconceptions=self.each(found.get("misconceptions"), at("misconceptions"), self.misconception),
            answer=self.bilingual(found.get("answer"), at("answer")),
            requires=self.each(found.get("requires"), at("requires"), self.string),
            sources=self.each(found.get("sources"), at("sources"), self.citation),
            errata=self.each(found.get("errata"), at("errata"), self.erratum),
            status=self.one_of(found.get("status"), at("status"), ("published", "draft"), "published"),
            as_of=self.string(found.get("as_of"), at("as_of")),
            origin=self.string(found.get("origin"), at("origin")),
            like=self.each(found.get("like"), at("like"), self.string),
        )
        return item, self.each(found.get("code"), at("code"), self.string)


def _named(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true/false", int: "a number", float: "a number"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)
