"""A sound item of the shipped corpus, broken in each way that only an encoder or the grader sees."""

from dataclasses import replace
from pathlib import Path

import pytest

from interviewer.corpus import Complaint, load_corpus
from interviewer.errors import CorpusError
from interviewer.evaluation.corpus import Accepted, findings, read_accepted, sort_out
from interviewer.grading import Grader, load_entailment, vocabulary_of
from interviewer.retrieval import load_encoder
from interviewer.schema import Bilingual

ITEM, OTHER = "vae-reparameterisation", "gan-equilibrium-and-cyclegan"


@pytest.fixture(scope="module")
def corpus():
    return load_corpus()


@pytest.fixture(scope="module")
def judge(corpus):
    """Findings that the shipped items do not have already: {(item id, path): message}."""
    encoder = load_encoder()
    grader = Grader(encoder, vocabulary_of(list(corpus.items.values())), load_entailment())

    def found(items):
        return {(item_id, path): message for item_id, (path, message) in findings(items, encoder, grader)}

    known = found([corpus.item(ITEM), corpus.item(OTHER)])
    return lambda *items: {k: v for k, v in found(items).items() if k not in known}


@pytest.fixture
def item(corpus):
    return corpus.item(ITEM)


def with_point(item, place, **changes):
    points = list(item.key_points)
    points[place] = replace(points[place], **changes)
    return replace(item, key_points=tuple(points))


@pytest.mark.parametrize("field", ["probe", "hint"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_probe_or_hint_that_says_the_point_is_found(judge, item, field, language):
    point = item.key_points[1]
    texts = {"zh": getattr(point, field).zh, "en": getattr(point, field).en, language: point.text.get(language)}
    found = judge(with_point(item, 1, **{field: Bilingual(**texts)}))
    assert list(found) == [(ITEM, ("key_points", 1, field, language))]
    assert "gives away its key point" in "".join(found.values())


def test_an_answer_that_leaves_a_point_out_is_found(judge, item):
    short = Bilingual(zh=item.key_points[0].text.zh, en=item.answer.en)
    found = judge(replace(item, answer=short))
    assert list(found) == [(ITEM, ("answer", "zh"))]
    message = "".join(found.values())
    assert all(p.id in message for p in item.key_points[1:])
    assert item.key_points[0].id not in message


def test_a_misconception_that_says_what_it_should_contradict_is_found(judge, item):
    wrong = item.misconceptions[0]
    right = item.point(wrong.contradicts[0]).text.en
    found = judge(replace(item, misconceptions=(replace(wrong, text=Bilingual(wrong.text.zh, right)),)))
    assert (ITEM, ("misconceptions", 0, "text", "en")) in found


def test_the_same_point_twice_and_the_same_question_twice_are_found(judge, item, corpus):
    text = item.key_points[0].text
    again = Bilingual(item.key_points[1].text.zh, text.en.replace("random", "a random"))
    assert (ITEM, ("key_points", 1, "text", "en")) in judge(with_point(item, 1, text=again))
    other = replace(corpus.item(OTHER), question=item.question)
    found = [where for where in judge(item, other) if where[1][0] == "question"]
    assert found == [(OTHER, ("question", "zh")), (OTHER, ("question", "en"))]


def test_drafts_are_left_alone(judge, item):
    assert judge(replace(item, status="draft", answer=Bilingual("不知道", "unknown"))) == {}


def write(folder: Path, text: str) -> Path:
    (folder / "accepted.yaml").write_text(text, encoding="utf-8")
    return folder


def test_an_accepted_finding_is_excused_and_an_idle_one_reported(tmp_path):
    folder = write(
        tmp_path,
        "accepted:\n  - {item: a, field: answer.zh, reason: terse on purpose}\n"
        "  - {item: b, field: 'key_points[0].hint.en', reason: old}\n",
    )
    accepted = read_accepted([folder, tmp_path / "none"])
    assert accepted[0] == Accepted("a", "answer.zh", "terse on purpose")
    here, there = Complaint("x.yaml", 1, "a.answer.zh", "m"), Complaint("x.yaml", 2, "a.answer.en", "m")
    assert sort_out([here, there], accepted) == ([there], [(here, accepted[0])], [accepted[1]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accepted:\n  - {item: a, field: answer.zh}\n", "accepted.yaml:2: needs item, field and reason"),
        ("accept: []\n", "accept"),
        ("accepted: [", "accepted.yaml:2"),
        ("accepted: 3\n", "accepted.yaml:1"),
    ],
)
def test_a_broken_list_is_refused_with_its_place(tmp_path, text, message):
    with pytest.raises(CorpusError, match=message):
        read_accepted([write(tmp_path, text)])
