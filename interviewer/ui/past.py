"""Stored interviews in words: one line each, for lists to choose from."""

from __future__ import annotations

from datetime import datetime

from interviewer.engine import Engine
from interviewer.errors import InterviewerError
from interviewer.schema import Language
from interviewer.storage import SessionRow
from interviewer.ui.words import word

MOST = 40
"""How many interviews a list shows, the latest first."""
_MOST_TOPICS = 3
Choice = tuple[str, str]
"""What a list shows, and the id of the interview."""


def unfinished(engine: Engine, language: Language) -> list[Choice]:
    """The interviews that can go on."""
    rows = [row for row in engine.sessions(MOST) if not row.finished]
    return [(_line(engine, row, language), row.id) for row in rows if readable(engine, row.id)]


def everything(engine: Engine, language: Language) -> list[Choice]:
    """All interviews, with how they went."""
    return [(_line(engine, row, language), row.id) for row in engine.sessions(MOST)]


def readable(engine: Engine, session_id: str) -> bool:
    """Whether the corpus still has what the interview asked."""
    try:
        engine.view(session_id)
    except InterviewerError:
        return False
    return True


def _line(engine: Engine, row: SessionRow, language: Language) -> str:
    parts = [_moment(row.started_at), word("zh" if row.language == "zh" else "en", language)]
    parts.append(_topics(engine, row, language))
    parts.append(_result(engine, row, language))
    return word("dot", language).join(parts)


def _topics(engine: Engine, row: SessionRow, language: Language) -> str:
    known = engine.corpus.topics
    titles = [known[t].title.get(language) if t in known else str(t) for t in row.setup.get("topics", ())]
    if not titles:
        return str(row.setup.get("focus", "")).strip()[:40] or word("all_topics", language)
    more = "…" if len(titles) > _MOST_TOPICS else ""
    return word("comma", language).join(titles[:_MOST_TOPICS]) + more


def _result(engine: Engine, row: SessionRow, language: Language) -> str:
    try:
        view = engine.view(row.id)
        answered = sum(bool(e.answers) for e in view.state.exchanges)
        said = word("answered_of", language, answered=answered, total=view.state.total)
        if not row.finished:
            return said + word("dot", language) + word("not_finished", language)
        score = engine.debrief(row.id).score
    except InterviewerError:
        return word("unreadable", language)
    mark = word("not_scored", language) if score is None else word("scored", language, score=f"{score:.0f}")
    return said + word("dot", language) + mark


def _moment(iso: str) -> str:
    """A stored time on the clock of this computer."""
    try:
        return f"{datetime.fromisoformat(iso).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return iso
