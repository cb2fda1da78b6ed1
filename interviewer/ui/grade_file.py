"""The file tab: a table of answers in, its columns named, every row graded; the result to filter and take away."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from interviewer.batch import read_table, write_table
from interviewer.batch.classroom import write_class_reports
from interviewer.batch.tables import ENDINGS, Row
from interviewer.engine import Engine
from interviewer.errors import InterviewerError, TableError
from interviewer.schema import Language
from interviewer.ui import rows as table
from interviewer.ui.events import Updates
from interviewer.ui.job import Job
from interviewer.ui.signs import Signs
from interviewer.ui.takeaway import within
from interviewer.ui.words import Told, explain, status, word

_PREVIEW = 5
_STEP = 0.4  # seconds between two looks at a job
_KINDS = ("csv", "xlsx", "jsonl")
_GUESSES = {
    "answer": ("answer", "response", "student_answer", "回答", "答案", "作答", "学生回答", "学生答案"),
    "item_id": ("item_id", "item", "id", "题目编号", "题号", "编号"),
    "question": ("question", "prompt", "题目", "问题"),
    "reference": ("reference", "reference_answer", "model_answer", "参考答案", "标准答案"),
    "student": ("student", "student_id", "student_name", "name", "学生", "姓名", "学号"),
}
"""Columns that grading knows → what people call them."""
_LABELS = {
    "answer": "answer", "item_id": "item", "question": "question", "reference": "reference", "student": "student",
}  # fmt: skip
_STUDENT = "student"


@dataclass(frozen=True, slots=True)
class Upload:
    """A table that was uploaded and could be read."""

    path: Path
    work: Path
    """Folder of everything made from it; its name is in no other's hands."""
    rows: int
    columns: tuple[str, ...]
    first: tuple[Row, ...]

    @property
    def graded(self) -> Path:
        """The result, once there is one. In JSON Lines: no cell of it is changed for a spreadsheet's sake."""
        return self.work / f"{self.path.stem}-graded.jsonl"

    @property
    def report(self) -> Path:
        """What a teacher wants to know of the class, once all is graded."""
        return self.work / f"{self.path.stem}-class.html"


class FileTab:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        self._jobs: dict[Path, Job] = {}
        self.upload = gr.State(None)
        with gr.Column(elem_classes="sheet"):
            signs.put(gr.HTML(), value=_heading)
            self.choose = signs.put(
                gr.UploadButton(file_types=list(ENDINGS), size="md", variant="primary", elem_id="upload"),
                label="upload",
            )
            self.about = gr.HTML(elem_id="file-about", elem_classes="note")
        with gr.Column(visible=False, elem_classes="sheet", elem_id="file-columns") as self.panel:
            signs.put(gr.HTML(), value=lambda language: f"<h3>{word('columns_heading', language)}</h3>")
            with gr.Row():
                self.columns = {
                    name: signs.put(
                        gr.Dropdown(
                            [("", "")], value="", filterable=False, min_width=220, elem_id=f"column-{label}",
                            interactive=True,
                        ),
                        label=f"column_{label}",
                    )
                    for name, label in _LABELS.items()
                }  # fmt: skip
                self.spoken = signs.put(
                    gr.Dropdown([("", "")], value="", filterable=False, min_width=220, elem_id="file-language"),
                    label="answers_in",
                    choices=lambda language: [
                        (word("each_own", language), ""), (word("zh", language), "zh"), (word("en", language), "en"),
                    ],
                )  # fmt: skip
            with gr.Row(elem_classes="actions"):
                self.begin = signs.put(
                    gr.Button(variant="primary", size="md", min_width=140, elem_id="grade-file"), value="grade_file"
                )
                self.cancel = signs.put(
                    gr.Button(size="md", min_width=100, visible=False, elem_id="cancel-file"), value="cancel"
                )
        self.status = gr.HTML(elem_id="file-status", elem_classes="note")
        with gr.Column(visible=False, elem_classes="sheet", elem_id="file-results") as self.results:
            self.summary = gr.HTML(elem_id="file-summary")
            with gr.Row(elem_classes="downloads"):
                self.files = {
                    kind: signs.put(
                        gr.DownloadButton(size="sm", min_width=120, elem_id=f"file-{kind}"), label=f"download_{kind}"
                    )
                    for kind in _KINDS
                }
                self.report = signs.put(
                    gr.DownloadButton(size="sm", min_width=120, elem_id="file-class"), label="download_class"
                )
            self.show = signs.put(
                gr.Radio([("", "")], value="review_first", elem_classes="chips", elem_id="file-show"),
                label="show_rows",
                choices=lambda language: [(word(f"rows_{show}", language), show) for show in table.SHOWS],
            )
            self.rows = gr.HTML(elem_id="file-rows")
            self.inline = gr.HTML(elem_id="file-report", apply_default_css=False)

    @property
    def chosen(self) -> list[Any]:
        """Inputs of `graded` before the language."""
        return [self.upload, *self.columns.values(), self.spoken, self.show]

    @property
    def outputs(self) -> list[Any]:
        """Everything that handlers of this tab change."""
        return [
            self.upload, self.about, self.panel, *self.columns.values(), self.begin, self.cancel, self.status,
            self.results, self.summary, *self.files.values(), self.report, self.rows, self.inline,
        ]  # fmt: skip

    # What happens

    def uploaded(self, path: str | None, language: Language) -> Updates:
        """Read a table and guess what its columns are."""
        if not path:
            return {self.status: status(word("upload_first", language))}
        try:
            found = read_table(Path(path))
        except InterviewerError as error:
            return {self.status: status(_without_folder(explain(error, language), Path(path)), "problem")}
        columns = tuple(dict.fromkeys(c for row in found for c in row))
        work = Path(self.rows.GRADIO_CACHE, f"table-{secrets.token_hex(8)}")
        upload = Upload(Path(path), work, len(found), columns, tuple(found[:_PREVIEW]))
        guessed: Updates = {
            box: gr.update(choices=_choices(upload, language), value=_guess(name, columns))
            for name, box in self.columns.items()
        }
        return {
            self.upload: upload,
            self.about: _about(upload, language),
            self.panel: gr.update(visible=True),
            self.results: gr.update(visible=False),
            self.status: "",
            **guessed,
        }

    def graded(
        self,
        upload: Upload | None,
        answer: str,
        item_id: str,
        question: str,
        reference: str,
        student: str,
        spoken: str,
        show: table.Show,
        language: Language,
    ) -> Iterator[Updates]:
        """Grade every row, saying how far it has come."""
        mapping = {"answer": answer, "item_id": item_id, "question": question, "reference": reference}
        mapping[_STUDENT] = student
        yield self._running(word("reading_rows", language))
        try:
            source = _mapped(upload, {name: column for name, column in mapping.items() if column}, language)
        except InterviewerError as error:
            yield self._idle(status(explain(error, language), "problem"))
            return
        assert upload is not None
        upload.graded.unlink(missing_ok=True)
        wanted: Language | None = "zh" if spoken == "zh" else "en" if spoken == "en" else None
        named = {_STUDENT: _STUDENT} if student else {}
        report = partial(
            write_class_reports,
            engine=self._engine, paths=[upload.report], names=named, language=language, human="", full=None,
            calibration=None,
        )  # fmt: skip
        job = self._jobs[upload.work] = Job(self._engine, source, upload.graded, wanted, [report]).start()
        try:
            while not job.ended(_STEP):
                if job.progress is not None:
                    yield {self.status: _progress(job, language)}
        finally:  # also where the page was closed meanwhile
            job.stop()
            self._jobs.pop(upload.work, None)
        yield self._outcome(job, upload, show, language)

    def _outcome(self, job: Job, upload: Upload, show: table.Show, language: Language) -> Updates:
        if job.failure:
            return self._idle(status(_without_folder(explain(job.failure, language), upload.graded), "problem"))
        done = job.progress.done if job.progress else 0
        if not upload.graded.exists():
            return self._idle(status(word("cancelled", language, done=done)))
        return {**self._idle(""), **self._shown(upload, show, language)}

    def stop(self, upload: Upload | None) -> Updates:
        """End the run of this page's table; what is graded stays."""
        job = self._jobs.get(upload.work) if upload else None
        if job:
            job.stop()
        return {self.cancel: gr.update(interactive=False)}

    def listed(self, upload: Upload | None, show: table.Show, language: Language) -> Updates:
        """The graded rows under another filter."""
        graded = _read_graded(upload)
        return {self.rows: table.results(graded, show, language) if graded else ""}

    def worded(self, upload: Upload | None, show: table.Show, language: Language) -> Updates:
        """What there is, in another language."""
        if upload is None:
            return {self.status: ""}
        offered: Updates = {box: gr.update(choices=_choices(upload, language)) for box in self.columns.values()}
        graded = _read_graded(upload)
        again: Updates = {self.summary: _summary(graded, language), **self.listed(upload, show, language)}
        return {**offered, self.about: _about(upload, language), **(again if graded else {}), self.status: ""}

    # What is shown

    def _running(self, note: str) -> Updates:
        return {
            self.begin: gr.update(interactive=False),
            self.cancel: gr.update(visible=True, interactive=True),
            self.results: gr.update(visible=False),
            self.status: status(note, "busy"),
        }

    def _idle(self, note: str) -> Updates:
        return {self.begin: gr.update(interactive=True), self.cancel: gr.update(visible=False), self.status: note}

    def _shown(self, upload: Upload, show: table.Show, language: Language) -> Updates:
        graded = _read_graded(upload)
        columns = list(dict.fromkeys(c for row in graded for c in row))
        files: Updates = {}
        for kind, button in self.files.items():
            path = upload.graded.with_suffix(f".{kind}")
            try:
                if path != upload.graded:
                    write_table(path, graded, columns)
                files[button] = gr.update(value=str(path), visible=True)
            except TableError:  # a library for this kind is not installed
                files[button] = gr.update(visible=False)
        return {
            self.results: gr.update(visible=True),
            self.summary: _summary(graded, language),
            self.rows: table.results(graded, show, language),
            self.report: gr.update(value=str(upload.report)),
            self.inline: within(word("class_report", language), upload.report.read_text(encoding="utf-8")),
            **files,
        }


def _heading(language: Language) -> str:
    return f"<h2>{word('file_heading', language)}</h2><p class='soft'>{word('file_intro', language)}</p>"


def _about(upload: Upload, language: Language) -> str:
    said = word("file_is", language, name=upload.path.name, rows=upload.rows, columns=len(upload.columns))
    return f"<p><strong>{escape(said)}</strong></p>{table.preview(upload.first, upload.columns, language)}"


def _summary(graded: Sequence[Row], language: Language) -> str:
    said = word(
        "file_done",
        language,
        rows=len(graded),
        review=sum(map(table.needs_review, graded)),
        errors=sum(bool(row.get("error")) for row in graded),
    )
    return f"<p role='status'><strong>{escape(said)}</strong></p>"


def _progress(job: Job, language: Language) -> str:
    assert job.progress is not None
    p = job.progress
    said = word("rows_done", language, done=p.done, total=p.total)
    left = job.seconds_left
    if left is not None and p.done < p.total:
        time = (
            word("seconds", language, n=max(1, round(left)))
            if left < 90
            else word("minutes", language, n=round(left / 60))
        )
        said += word("dot", language) + word("time_left", language, time=time)
    bar = f"<progress value='{p.done}' max='{p.total}' aria-label='{escape(said)}'></progress>"
    return f"<div class='where'>{status(said, 'busy')}{bar}</div>"


def _choices(upload: Upload, language: Language) -> list[tuple[str, str]]:
    return [(word("column_none", language), ""), *((c, c) for c in upload.columns if c)]


def _guess(name: str, columns: Sequence[str]) -> str:
    """The column that people would call so, or none."""
    called = {c.strip().lower().replace(" ", "_"): c for c in columns}
    return next((called[g] for g in _GUESSES[name] if g in called), "")


def _mapped(upload: Upload | None, mapping: dict[str, str], language: Language) -> Path:
    """The table with its columns called as grading knows them; the others are carried through.

    Raises:
        InputError: a column is not named or serves twice, or the upload is gone; said in `language`.
    """
    if upload is None:
        raise Told(word("upload_first", language))
    if "answer" not in mapping or not {"item_id", "question"} & set(mapping):
        raise Told(word("need_answer", language))
    taken = list(mapping.values())
    for column in taken:
        if taken.count(column) > 1:
            raise Told(word("same_column", language, column=column))
    if not upload.path.exists():
        raise Told(word("file_gone", language))
    names = {column: name for name, column in mapping.items()}
    # A column that is called like one of ours but was not chosen must not be taken for it.
    names |= {c: f"{c} (original)" for c in upload.columns if c in _LABELS and c not in names}
    found = [{names.get(c, c): v for c, v in row.items()} for row in read_table(upload.path)]
    upload.work.mkdir(parents=True, exist_ok=True)
    source = upload.work / "answers.jsonl"
    write_table(source, found, [names.get(c, c) for c in upload.columns])
    return source


def _read_graded(upload: Upload | None) -> list[Row]:
    try:
        return read_table(upload.graded) if upload else []
    except InterviewerError:  # not graded yet, or tidied away
        return []


def _without_folder(text: str, path: Path) -> str:
    """An error without the name of our folder, which says nothing to whoever uploaded the file."""
    return text.replace(f"{path.parent}/", "")
