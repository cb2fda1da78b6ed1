"""What changed from interview to interview: scores by topic over time, two of them side by side, everything as files.

All of it is computed from the debriefs of what is stored; nothing of it is kept.
"""

from __future__ import annotations

import json
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

from interviewer.engine import Engine
from interviewer.errors import InterviewerError
from interviewer.report import to_json, to_markdown
from interviewer.schema import Language
from interviewer.storage import SessionRow
from interviewer.ui.past import MOST
from interviewer.ui.words import word

_OVERALL = ""
_EVERYTHING = 100_000
_WIDTH, _HEIGHT, _EDGE = 150, 38, 5


@dataclass(frozen=True, slots=True)
class Result:
    """How one interview went."""

    session: str
    scores: Mapping[str, float]
    """Topic id → mean score 0–100; the empty id is the whole interview."""


def results(engine: Engine, limit: int = MOST) -> list[Result]:
    """The interviews with a score, earliest first."""
    found = [made for row in engine.sessions(limit) if (made := result_of(engine, row.id)) is not None]
    return found[::-1]


def result_of(engine: Engine, session: str) -> Result | None:
    """One interview's scores; None where it has none, or cannot be read any more."""
    try:
        debrief = engine.debrief(session)
    except InterviewerError:
        return None
    if debrief.score is None:
        return None
    return Result(session, {_OVERALL: debrief.score, **{t.topic.id: t.score for t in debrief.topics}})


def progress(engine: Engine, found: Sequence[Result], language: Language) -> str:
    """A line per topic with its scores over time, as HTML."""
    heading = f"<h3>{escape(word('progress_heading', language))}</h3>"
    if len(found) < 2:
        return f"{heading}<p class='soft'>{escape(word('progress_none', language))}</p>"
    series = {t: [r.scores[t] for r in found if t in r.scores] for t in (_OVERALL, *engine.corpus.topics)}
    rows = "".join(_line(_title(engine, t, language), scores, language) for t, scores in series.items() if scores)
    names = ("topic", "trend", "last_score", "change", "times")
    head = "".join(f"<th scope='col'>{escape(word(name, language))}</th>" for name in names)
    table = f"<table class='rows'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    name = escape(word("progress_heading", language))
    return (
        f"{heading}<p class='soft'>{escape(word('progress_intro', language))}</p>"
        f"<div class='scroll' role='region' tabindex='0' aria-label='{name}'>{table}</div>"
    )


def comparison(engine: Engine, one: Result, other: Result, language: Language) -> str:
    """Two interviews side by side, as HTML."""
    both = [t for t in (_OVERALL, *engine.corpus.topics) if t in one.scores or t in other.scores]
    rows = "".join(
        f"<tr><th scope='row'>{escape(_title(engine, t, language))}</th><td>{_shown(one.scores.get(t))}</td>"
        f"<td>{_shown(other.scores.get(t))}</td><td>{_change(other.scores.get(t), one.scores.get(t))}</td></tr>"
        for t in both
    )
    names = ("topic", "this_one", "that_one", "change")
    head = "".join(f"<th scope='col'>{escape(word(name, language))}</th>" for name in names)
    return (
        f"<h3>{escape(word('compare_heading', language))}</h3>"
        f"<table class='rows'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def export(engine: Engine, folder: Path) -> tuple[Path, int]:
    """Everything that is stored, as one file.

    Each interview is there as its debrief (Markdown and JSON) and as its raw events; one whose questions have left the
    corpus has the events only.

    Returns:
        The file, and how many interviews are in it.
    """
    made = folder / f"export-{secrets.token_hex(8)}" / "interviews.zip"
    made.parent.mkdir(parents=True)
    rows = engine.sessions(_EVERYTHING)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in rows:
            name = f"{row.started_at[:10]}-{row.id}"
            archive.writestr(f"{name}.events.json", _raw(engine, row))
            try:
                debrief = engine.debrief(row.id)
            except InterviewerError:
                continue
            archive.writestr(f"{name}.json", _bytes(to_json(debrief)))
            archive.writestr(f"{name}.md", _bytes(to_markdown(debrief, engine.corpus)))
    return made, len(rows)


def _raw(engine: Engine, row: SessionRow) -> bytes:
    events = [asdict(event) for event in engine.store.events(row.id)]
    return _bytes(json.dumps({**asdict(row), "events": events}, ensure_ascii=False, indent=1))


def _bytes(text: str) -> bytes:
    # Half a surrogate pair is a possible str but no possible UTF-8.
    return text.encode("utf-8", "backslashreplace")


def _title(engine: Engine, topic: str, language: Language) -> str:
    return word("overall", language) if topic == _OVERALL else engine.corpus.topics[topic].title.get(language)


def _line(title: str, scores: Sequence[float], language: Language) -> str:
    change = _change(scores[0], scores[-1]) if len(scores) > 1 else "–"
    return (
        f"<tr><th scope='row'>{escape(title)}</th><td>{_spark(title, scores)}</td><td>{_shown(scores[-1])}</td>"
        f"<td>{change}</td><td>{len(scores)}</td></tr>"
    )


def _spark(title: str, scores: Sequence[float]) -> str:
    """The scores as dots on a line, from 0 at the bottom to 100 at the top."""
    step = (_WIDTH - 2 * _EDGE) / max(1, len(scores) - 1)
    places = [(_EDGE + n * step, _EDGE + (100 - s) / 100 * (_HEIGHT - 2 * _EDGE)) for n, s in enumerate(scores)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3'/>" for x, y in places)
    said = escape(f"{title}: {', '.join(map(_shown, scores))}")
    return (
        f"<svg class='spark' role='img' aria-label='{said}' viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' "
        f"height='{_HEIGHT}'><polyline points='{line}'/>{dots}</svg>"
    )


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "–"
    return f"{after - before:+.0f}".replace("-", "−").replace("+0", "0").replace("−0", "0")


def _shown(score: float | None) -> str:
    return "–" if score is None else f"{score:.0f}"
