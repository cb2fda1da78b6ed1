"""What the model needs to know to say one line, and nothing more: above all, not what a good answer holds."""

from __future__ import annotations

from dataclasses import dataclass

from interviewer.interview import Line, State, open_points
from interviewer.schema import Exchange, Item, Language

MAX_SAID = 1_200
"""Characters of the candidate's last words that are looked at."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One line to be said."""

    act: str
    """An `Act`; a file prompts/<act>.<language>.txt makes it one that a model may say."""
    language: Language
    scripted: str
    """What the scripted voice says here; also what is said if the model cannot."""
    item: Item | None = None
    target: str = ""
    """What must be asked or told: the question, the follow-up, the hint. Empty where there is nothing of the kind."""
    open: tuple[str, ...] = ()
    """Key points that the candidate has not covered yet."""
    said: str = ""
    """The candidate's last words on this question."""
    quote: str = ""
    """Those of them that the follow-up takes up."""
    number: int = 0
    total: int = 0
    silent: bool = True
    """No verdicts: how good an answer was is for the debrief."""
    style: str = "neutral"
    passages: tuple[str, ...] = ()
    """From elsewhere in the corpus; none gives a key point away."""

    @property
    def question(self) -> str:
        """The question that this is about."""
        return self.item.question.get(self.language) if self.item else ""


def scene_of(line: Line, item: Item | None, state: State, scripted: str) -> Scene:
    """The scene for a line of an interview; `state` is the one after the event that led to the line."""
    setup = state.setup
    exchange = exchange_of(item, state)
    return Scene(
        act=line.act,
        language=setup.language,
        scripted=scripted,
        item=item,
        target=_target(line, item, setup.language),
        open=_open(item, exchange),
        said=exchange.answers[-1][:MAX_SAID] if exchange and exchange.answers else "",
        quote=line.quote[:MAX_SAID],
        number=line.number or state.number,
        total=len(state.plan),
        silent=getattr(setup, "mode", "interview") == "interview",
        style=getattr(setup, "style", "neutral"),
    )


def exchange_of(item: Item | None, state: State) -> Exchange | None:
    """What was said to a question so far."""
    return next((e for e in reversed(state.exchanges) if item and e.item_id == item.id), None)


def _open(item: Item | None, exchange: Exchange | None) -> tuple[str, ...]:
    if item is None:
        return ()
    return tuple(p.point_id for p in open_points(item, exchange.grade if exchange else None))


def _target(line: Line, item: Item | None, language: Language) -> str:
    if item is None:
        return ""
    point = item.point(line.point_id) if line.point_id else None
    match line.act:
        case "ask":
            return item.question.get(language)
        case "probe":
            return point.probe.get(language) if point else ""
        case "hint":
            return point.hint.get(language) if point else ""
        case "repeat":
            return point.probe.get(language) if point else item.question.get(language)
    return ""
