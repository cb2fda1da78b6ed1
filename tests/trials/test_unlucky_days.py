"""Unlucky days: a disk that fills up, a clock that goes back, files that are damaged. Each is said in one line, and
nothing that was kept before is lost. What concerns the database alone stands in tests/storage."""

import os
import resource
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from interviewer.authoring import import_documents
from interviewer.batch import grade_table
from interviewer.batch.tables import read_table, write_table
from interviewer.errors import InterviewerError
from interviewer.interview import Setup
from interviewer.report import write
from interviewer.storage import Store, back_up, restore
from interviewer.trials.small import small_engine

ANSWER = "Subtract the mean and divide by the deviation."


@contextmanager
def full(size):
    """No file can grow beyond so many bytes, as on a disk that is full: the operating system refuses, not a stub."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def refused(work):
    with pytest.raises(InterviewerError) as caught:
        work()
    assert "\n" not in str(caught.value) and len(str(caught.value)) > 20
    return str(caught.value)


@pytest.fixture
def engine(engines, tmp_path):
    return engines(tmp_path / "data")


@pytest.fixture
def answered(engine):
    view = engine.start(Setup("en", questions=2, voice="scripted"))
    return engine.say(view.session_id, ANSWER)


# A full disk


def test_an_answer_on_a_full_disk_is_refused_and_the_interview_goes_on_when_there_is_room(engine, answered):
    before = engine.store.events(answered.session_id)
    with full(0):
        refused(lambda: engine.submit(answered.session_id, "second " + ANSWER))
    assert engine.store.events(answered.session_id) == before
    again = engine.submit(answered.session_id, "second " + ANSWER)
    assert again.transcript[: len(answered.transcript)] == answered.transcript


@pytest.mark.parametrize("ending", [".html", ".md", ".json"])
def test_a_report_on_a_full_disk_leaves_the_old_one(engine, answered, tmp_path, ending):
    path = tmp_path / f"report{ending}"
    write(engine.debrief(answered.session_id), engine.corpus, path)
    old = path.read_bytes()
    with full(100):
        assert str(path) in refused(lambda: write(engine.debrief(answered.session_id), engine.corpus, path))
    assert path.read_bytes() == old
    assert not list(tmp_path.glob(".report*"))


@pytest.mark.parametrize("room", [0, 700, 6_000])  # not even the journal, a part of it, all of it but not the table
def test_a_table_on_a_full_disk_keeps_its_rows_and_goes_on(engine, tmp_path, room):
    rows = [{"answer": f"{ANSWER} {n}", "item_id": "item-1"} for n in range(20)]
    write_table(tmp_path / "in.csv", rows, list(rows[0]))
    target = tmp_path / "out.xlsx"
    done = []
    with full(room):
        refused(lambda: grade_table(engine, tmp_path / "in.csv", target, report=lambda p: done.append(p.done)))
    assert not target.exists()
    progress = grade_table(engine, tmp_path / "in.csv", target)
    assert progress.done == 20 and progress.resumed >= max(done, default=0)
    assert [row["answer"] for row in read_table(target)] == [row["answer"] for row in rows]


@pytest.mark.parametrize("room", [0, 200, 1_500])
def test_an_import_on_a_full_disk_keeps_what_it_read_and_goes_on(engine, tmp_path, room):
    docs, target = tmp_path / "docs", tmp_path / "own" / "drafts.yaml"
    docs.mkdir()
    for n in range(4):
        (docs / f"{n}.md").write_text(
            f"## 什么是第{n}层？\n\n第{n}层把输入变成输出，再交给下一层。\n", encoding="utf-8"
        )
    done = []

    def run():
        return import_documents(docs, target, engine.corpus, engine.encoder, lambda n, *_: done.append(n))

    with full(room):
        refused(run)
    assert not target.exists()
    most = max(done, default=0)
    imported = run()
    assert imported.added.added == 4
    assert imported.resumed >= most


def test_a_journal_cut_in_the_midst_of_a_character_keeps_the_files_before_it(engine, tmp_path):
    docs, target = tmp_path / "docs", tmp_path / "own" / "drafts.yaml"
    docs.mkdir()
    for n in range(4):
        (docs / f"{n}.md").write_text(f"## 什么是第{n}层？\n\n第{n}层\u2028把输入变成输出。\n", encoding="utf-8")

    def interrupt(done, *_):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_documents(docs, target, engine.corpus, engine.encoder, interrupt)
    journal = target.with_name("drafts.yaml.partial")
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.rindex("层".encode()) + 1])  # the third file's line, as kill -9 may leave it
    assert import_documents(docs, target, engine.corpus, engine.encoder).resumed == 2


def test_a_backup_on_a_full_disk_leaves_the_old_one(engine, answered, tmp_path):
    path = tmp_path / "all.backup"
    back_up(engine.store, path)
    old = path.read_bytes()
    with full(300):
        assert str(path) in refused(lambda: back_up(engine.store, path))
    assert path.read_bytes() == old and not list(tmp_path.glob("*.part"))
    with closing(Store(f"sqlite:///{tmp_path}/new.db")) as new:
        assert restore(new, path) > 0


def test_without_room_for_the_index_it_is_searched_in_memory(engine):
    with full(100):
        assert engine.search("normalisation number 2", 1)[0].item_id == "item-2"
    assert not list(engine.settings.data_dir.glob("index*"))


# A clock that goes back


def test_a_clock_that_goes_back_a_year_takes_no_time_and_loses_nothing(engines, tmp_path):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    moments = iter([now + timedelta(minutes=n) for n in (0, 1, 2, 3)])
    engine = engines(tmp_path / "data")
    engine._clock = lambda: next(moments, now - timedelta(days=365))
    view = engine.start(Setup("en", questions=2, minutes=30, voice="scripted"))
    while not view.finished:
        view = engine.say(view.session_id, ANSWER)
    assert 0 < view.state.spent <= 180
    restarted = engines(tmp_path / "data").view(view.session_id)
    assert (restarted.state, restarted.transcript) == (view.state, view.transcript)
    assert len(engine.debrief(view.session_id).questions) == 2
    engine.practise("item-1", ANSWER)
    assert {card.item_id for card in engine.review_queue().cards} >= {"item-1"}
    assert engine.history().sittings


# Damaged files


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"item-1": "x"}', b"\xff\xfe"])
def test_damaged_difficulties_are_named_with_what_to_do(engine, content):
    engine.settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine.settings.difficulties.write_bytes(content)
    said = refused(lambda: engine.start(Setup("en", questions=1)))
    assert "difficulties.json" in said and "delete it" in said
    assert engine.sessions() == []


def test_a_damaged_index_is_built_again(engine, tmp_path):
    engine.search("mean")
    for path in (engine.settings.data_dir / "index").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"\x99")
    fresh = small_engine(engine.settings.data_dir, engine.corpus)
    assert fresh.search("normalisation number 3", 1)[0].item_id == "item-3"


def test_what_killed_processes_left_beside_the_index_goes_with_the_next_one(engine, tmp_path):
    folder = engine.settings.data_dir
    old, young = folder / "index.abandoned", folder / "index.being-written"
    for left in (old, young):
        left.mkdir(parents=True)
        (left / "vectors.faiss").write_bytes(b"x")
    os.utime(old, (0, 0))
    engine.search("mean")
    assert not old.exists() and young.exists()


# Two processes, and an end between two steps


class CutOff:
    def say(self, *_):
        raise KeyboardInterrupt


def test_no_interview_is_ever_without_its_first_question(engine):
    engine._voice = CutOff()
    with pytest.raises(KeyboardInterrupt):
        engine.start(Setup("en", questions=1, voice="scripted"))
    assert engine.sessions() == []


def test_two_engines_on_one_folder_see_each_others_answers(engines, tmp_path):
    one, other = engines(tmp_path / "data"), engines(tmp_path / "data")
    view = one.start(Setup("en", questions=2, voice="scripted"))
    other.say(view.session_id, ANSWER)
    assert [t.text for t in one.view(view.session_id).transcript if t.speaker == "candidate"] == [ANSWER]
    one.say(view.session_id, "stop")
    assert other.view(view.session_id).finished
    assert other.view(view.session_id).transcript == one.view(view.session_id).transcript
