"""Evidence in answers: every character kept, every overlap resolved."""

from hypothesis import given
from hypothesis import strategies as st

from interviewer.report.marks import Mark, Stretch, stretches_of
from interviewer.schema import Span


def mark(text, start, end, verdict="covered", number=1, label="one"):
    return Mark(Span(start, end, text[start:end]), verdict, number, label)


def test_an_answer_without_evidence_is_one_plain_stretch():
    assert stretches_of(["abc"], []) == ((Stretch("abc"),),)


def test_an_empty_answer_has_no_stretches():
    assert stretches_of([""], []) == ((),)
    assert stretches_of([], []) == ()


def test_evidence_is_cut_out_of_its_surroundings():
    assert stretches_of(["abcdef"], [mark("abcdef", 2, 4)]) == (
        (Stretch("ab"), Stretch("cd", "covered", "1", "one"), Stretch("ef")),
    )


def test_offsets_count_the_answers_joined_by_a_line_break():
    joined = "abc\ndef"
    assert stretches_of(["abc", "def"], [mark(joined, 4, 6)])[1] == (
        Stretch("de", "covered", "1", "one"),
        Stretch("f"),
    )


def test_evidence_that_crosses_two_answers_marks_both():
    joined = "abc\ndef"
    first, second = stretches_of(["abc", "def"], [mark(joined, 1, 6)])
    assert first == (Stretch("a"), Stretch("bc", "covered", "1", "one"))
    assert second == (Stretch("de", "covered", "1", "one"), Stretch("f"))


def test_where_evidence_overlaps_the_gravest_verdict_shows_and_all_are_named():
    text = "abcdef"
    (found,) = stretches_of([text], [mark(text, 0, 4), mark(text, 2, 6, "contradicted", 2, "two")])
    assert found == (
        Stretch("ab", "covered", "", "one"),
        Stretch("cd", "contradicted", "1", "one; two"),
        Stretch("ef", "contradicted", "2", "two"),
    )


def test_nested_evidence_shows_each_number_where_its_span_ends():
    text = "abcdef"
    (found,) = stretches_of([text], [mark(text, 0, 6), mark(text, 2, 4, "partial", 2, "two")])
    assert [(s.text, s.verdict, s.numbers) for s in found] == [
        ("ab", "covered", ""),
        ("cd", "partial", "2"),
        ("ef", "covered", "1"),
    ]


def test_two_points_on_the_same_sentence_share_one_mark():
    text = "abc"
    (found,) = stretches_of([text], [mark(text, 0, 3, number=3, label="x"), mark(text, 0, 3, number=1, label="y")])
    assert found == (Stretch("abc", "covered", "1,3", "x; y"),)


def test_a_misconception_has_a_label_but_no_number():
    (found,) = stretches_of(["abc"], [mark("abc", 0, 3, "contradicted", 0, "wrong")])
    assert found == (Stretch("abc", "contradicted", "", "wrong"),)


def test_a_span_that_does_not_fit_the_text_marks_nothing():
    for span in (Span(1, 3, "zz"), Span(2, 9, "c"), Span(-1, 2, "c"), Span(2, 2, "")):
        assert stretches_of(["abc"], [Mark(span, "covered", 1, "one")]) == ((Stretch("abc"),),)


spans = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from(["covered", "contradicted"])))


@given(st.lists(st.text(max_size=12), max_size=4), spans)
def test_the_stretches_of_an_answer_always_make_up_the_answer(answers, places):
    joined = "\n".join(answers)
    marks = [Mark(Span(a, b, joined[a:b]), v, n, str(n)) for n, (a, b, v) in enumerate(places, 1)]
    found = stretches_of(answers, marks)
    assert ["".join(s.text for s in stretches) for stretches in found] == answers
