"""`interviewer review`: which questions are due to be answered again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.cli.options import check_language

if TYPE_CHECKING:
    from interviewer.engine import Engine
    from interviewer.review import Scheduled
    from interviewer.schema import Language

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "due": "Due today: {n}. Days in a row with an answer: {streak}.",
        "none": "Nothing is due today. Days in a row with an answer: {streak}.",
        "empty": "The queue is empty: answer questions first, with `interviewer chat`.",
        "card": "{due}  {score:>3.0f}  {item}  {question}",
        "day": "{day}  {bar} {n}",
    },
    "zh": {
        "due": "今天要复习 {n} 题。已连续 {streak} 天有回答。",
        "none": "今天没有要复习的题目。已连续 {streak} 天有回答。",
        "empty": "复习队列是空的：先用 `interviewer chat` 回答一些题目。",
        "card": "{due}  {score:>3.0f}  {item}  {question}",
        "day": "{day}  {bar} {n}",
    },
}
_WIDEST = 60  # characters of a bar


def review(
    list_: Annotated[bool, typer.Option("--list", help="List the whole queue, not only what is due.")] = False,
    forecast: Annotated[bool, typer.Option("--forecast", help="Show how many fall due on each of 14 days.")] = False,
    language: Annotated[str, typer.Option("--language", "-l", help="zh or en.")] = "zh",
    corpus: Annotated[Path | None, typer.Option(help="A folder of your own items; its ids win.")] = None,
) -> None:
    """Show which questions are due to be answered again today, by what you forget and when (FSRS)."""
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    chosen = check_language(language)
    engine, words = Engine(load_settings(corpus=corpus)), _WORDS[chosen]
    queue = engine.review_queue()
    if not queue.cards:
        typer.echo(words["empty"])
        return
    if forecast:
        for day, count in queue.forecast:
            typer.echo(words["day"].format(day=day, bar="█" * min(_WIDEST, count), n=count))
        return
    for card in queue.cards if list_ else queue.due:
        typer.echo(_line(engine, card, chosen))
    typer.echo(words["due" if queue.due else "none"].format(n=len(queue.due), streak=queue.streak))


def _line(engine: Engine, card: Scheduled, language: Language) -> str:
    question = engine.corpus.item(card.item_id).question.get(language)
    return _WORDS[language]["card"].format(
        due=f"{card.due.astimezone():%Y-%m-%d}", score=card.score, item=card.item_id, question=question
    )
