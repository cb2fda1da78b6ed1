"""Hold one Chinese and one English interview with the real grader, write both in every format, and verify them.

`python docs/examples.py` writes docs/examples: of each interview the conversation, the debrief as HTML, PDF, Markdown
and JSON, and the self-assessment that comes of it. Needs the extra `pdf`. The answers are in examples/answers.yaml.
Every file that can be verified is, as by `interviewer report --verify`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml

from interviewer.engine import Engine, View
from interviewer.interview import Setup
from interviewer.report import write, write_assessment
from interviewer.schema import LANGUAGES, Language
from interviewer.settings import load_settings

TARGET = Path(__file__).with_name("examples")
ANSWERS: dict[str, dict[Language, list[str]]] = yaml.safe_load((TARGET / "answers.yaml").read_text(encoding="utf-8"))


def hold(engine: Engine, language: Language) -> View:
    """One interview: what there is to say of each question, then on to the next."""
    view = engine.start(Setup(language, items=tuple(ANSWERS), voice="scripted"))
    said: dict[str, int] = dict.fromkeys(ANSWERS, 0)
    while not view.finished:
        item = view.state.exchange.item_id
        mine = ANSWERS[item][language]
        place, said[item] = said[item], said[item] + 1
        view = engine.say(view.session_id, mine[place] if place < len(mine) else {"zh": "跳过", "en": "skip"}[language])
    return view


def conversation(view: View, language: Language) -> str:
    """What was said, as Markdown."""
    names = {"zh": ("面试官", "候选人"), "en": ("Interviewer", "Candidate")}[language]
    lines = []
    for turn in view.transcript:
        name = names[turn.speaker == "candidate"]
        lines.append(f"**{name}**\n\n" + "\n".join(f"> {line}".rstrip() for line in turn.text.splitlines()))
    return "\n\n".join(lines) + "\n"


def check(engine: Engine, path: Path) -> None:
    """Verify a report; Markdown cannot be."""
    if path.suffix == ".md":
        return
    found = engine.verify(path)
    if found.numbers:
        raise SystemExit(f"{path.name}: {found.numbers[0]}")
    print(f"{path.name}: verified, {found.answers} graded answers give the same numbers", flush=True)


def main() -> None:
    """Write everything and verify it."""
    for language in LANGUAGES:
        with tempfile.TemporaryDirectory() as folder:
            engine = Engine(load_settings(data_dir=Path(folder)), seed=1)
            view = hold(engine, language)
            (TARGET / f"interview.{language}.md").write_text(conversation(view, language), encoding="utf-8")
            debrief, assessment = engine.debrief(view.session_id), engine.assessment(language)
            print(f"{language}: {debrief.score:.0f} of 100")
            for ending in ("html", "pdf", "md", "json"):
                write(debrief, engine.corpus, TARGET / f"debrief.{language}.{ending}")
                check(engine, TARGET / f"debrief.{language}.{ending}")
            write_assessment(assessment, engine.corpus, TARGET / f"assessment.{language}.html")
            check(engine, TARGET / f"assessment.{language}.html")
            engine.store.close()


if __name__ == "__main__":
    main()
