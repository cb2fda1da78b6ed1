"""A sound item of the shipped corpus, broken in each way that only an encoder or the grader sees."""

from dataclasses import replace
from pathlib import Path

import pytest

from interviewer.corpus import Complaint, load_corpus
from interviewer.errors import CorpusError
from interviewer.evaluation.corpus import Accepted, findings, read_accepted, sort_out
from interviewer.grading import Grader, vocabulary_of
from interviewer.retrieval import load_encoder
from interviewer.schema import Bilingual


@pytest.fixture(scope="module")
def judge():
    corpus, encoder = load_corpus(), load_encoder()
    grader = Grader(encoder, vocabulary_of(list(corpus.items.values())))
    return corpus, lambda *items: list(findings(items, encoder, grader))


@pytest.fixture
def item(judge):
    return judge[0].item("vae-reparameterisation")


def with_point(item, place, **changes):
    points = list(item.key_points)
    points[place] = replace(points[place], **changes)
    return replace(item, key_points=tuple(points))


def test_a_sound_item_has_no_findings(judge, item):
    assert judge[1](item) == []


@pytest.mark.parametrize("field", ["probe", "hint"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_probe_or_hint_that_says_the_point_is_found(judge, item, field, language):
    point = item.key_points[0]
    said = point.also.get(language)[1]
    texts = {"zh": getattr(point, field).zh, "en": getattr(point, field).en, language: said}
    found = judge[1](with_point(item, 0, **{field: Bilingual(**texts)}))
    assert [(where, path) for where, (path, _) in found] == [(item.id, ("key_points", 0, field, language))]
    assert "gives its key point away" in found[0][1][1]


def test_an_answer_that_leaves_a_point_out_is_found(judge, item):
    short = Bilingual(zh=item.key_points[0].text.zh, en=item.answer.en)
    found = judge[1](replace(item, answer=short))
    assert [path for _, (path, _) in found] == [("answer", "zh")]
    assert all(p.id in found[0][1][1] for p in item.key_points[1:])
    assert item.key_points[0].id not in found[0][1][1]


def test_a_misconception_that_says_what_it_should_contradict_is_found(judge, item):
    wrong = item.misconceptions[0]
    right = item.point(wrong.contradicts[0]).also.en[0]
    found = judge[1](replace(item, misconceptions=(replace(wrong, text=Bilingual(wrong.text.zh, right)),)))
    assert [path for _, (path, _) in found] == [("misconceptions", 0, "text", "en")]


def test_the_same_point_twice_and_the_same_question_twice_are_found(judge, item):
    text = item.key_points[0].text
    again = Bilingual(item.key_points[1].text.zh, text.en.replace("random", "a random"))
    twice = with_point(item, 1, text=again)
    assert ("key_points", 1, "text", "en") in [path for _, (path, _) in judge[1](twice)]
    other = replace(judge[0].item("gan-equilibrium-and-cyclegan"), question=item.question)
    found = [(where, path) for where, (path, _) in judge[1](item, other) if path[0] == "question"]
    assert found == [(other.id, ("question", "zh")), (other.id, ("question", "en"))]


def test_drafts_are_left_alone(judge, item):
    assert judge[1](replace(item, status="draft", answer=Bilingual("不知道", "unknown"))) == []


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
        ("accepted: [", "accepted.yaml:1"),
        ("accepted: 3\n", "accepted.yaml:1"),
    ],
)
def test_a_broken_list_is_refused_with_its_place(tmp_path, text, message):
    with pytest.raises(CorpusError, match=message):
        read_accepted([write(tmp_path, text)])
