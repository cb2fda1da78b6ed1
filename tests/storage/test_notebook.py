"""Reviews and corrections: there and back, with the interview or gone with it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from interviewer.errors import SessionConflict, UnknownSession
from interviewer.schema import Correction, Review
from interviewer.storage import Notebook

REVIEW = Review("vae-loss", "2026-11-03T12:00:00.000+00:00", 72.5, "s1")
CORRECTION = Correction(
    "s1", "vae-loss", "kl", "missing", "covered", "我说了“散度” 🙂", "2026-11-03T12:00:00.000+00:00"
)


@pytest.fixture
def notebook(store):
    store.create("s1", "zh", {}, ["vae-loss"])
    return Notebook(store)


def test_an_event_and_its_review_are_stored_together(store, notebook):
    store.append("s1", 0, "graded", {}, reviews=[REVIEW])
    assert notebook.reviews() == [REVIEW]


def test_an_event_that_is_refused_leaves_no_review(store, notebook):
    store.append("s1", 0, "graded", {}, reviews=[REVIEW])
    with pytest.raises(SessionConflict):
        store.append("s1", 0, "graded", {}, reviews=[REVIEW])
    assert notebook.reviews() == [REVIEW]


def test_practice_belongs_to_no_interview_and_reviews_come_oldest_first(store, notebook):
    store.append("s1", 0, "graded", {}, reviews=[REVIEW])
    practice = Review("gan-losses", "2026-11-02T12:00:00.000+00:00", 10.0)
    notebook.add(practice)
    assert notebook.reviews() == [practice, REVIEW]


def test_a_correction_comes_back_and_a_later_one_takes_its_place(notebook):
    notebook.correct(CORRECTION)
    later = replace(CORRECTION, should_be="partial", note="", at="2026-11-04T12:00:00.000+00:00")
    other = replace(CORRECTION, point_id="recon")
    notebook.correct(later)
    notebook.correct(other)
    assert notebook.corrections() == [other, later]
    assert notebook.corrections("s1") == [other, later]
    assert notebook.corrections("s2") == []


def test_a_double_click_is_one_correction(notebook):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: notebook.correct(replace(CORRECTION, note=str(n))), range(24)))
    (kept,) = notebook.corrections()
    assert replace(kept, note=CORRECTION.note) == CORRECTION


def test_a_correction_can_be_withdrawn_even_if_there_is_none(notebook):
    notebook.correct(CORRECTION)
    for _ in "12":
        notebook.withdraw("s1", "vae-loss", "kl")
    assert notebook.corrections() == []


def test_an_interview_that_is_not_there_cannot_be_corrected(notebook):
    with pytest.raises(UnknownSession, match="no interview 'other'"):
        notebook.correct(replace(CORRECTION, session_id="other"))


def test_what_came_from_an_interview_goes_with_it(store, notebook):
    store.append("s1", 0, "graded", {}, reviews=[REVIEW])
    notebook.correct(CORRECTION)
    practice = Review("gan-losses", "2026-11-02T12:00:00.000+00:00", 10.0)
    notebook.add(practice)
    store.delete("s1")
    assert notebook.reviews() == [practice]
    assert notebook.corrections() == []
