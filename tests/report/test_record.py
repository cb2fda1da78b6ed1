"""The JSON for other programs: the schema as documented, and nothing lost."""

import json

from interviewer.report import to_json
from interviewer.schema import Exchange


def test_the_record_has_the_documented_shape(kit, tmp_path):
    record = json.loads(to_json(kit.full(tmp_path)[1]))
    assert list(record) == [
        "schema", "session_id", "language", "started_at", "finished", "score", "level", "questions", "topics", "study",
        "transcript", "stamp",
    ]  # fmt: skip
    assert record["schema"] == "interviewer.debrief/1"
    assert record["score"] == 43.3
    assert record["topics"][0] == {"id": "a", "title": "Topic a", "score": 40.0, "questions": 1}
    assert record["stamp"] == {"corpus": "c0ffee", "grader": "g1", "encoder": "e5", "voice": "v1"}
    assert record["transcript"][1] == {"speaker": "candidate", "act": None, "item_id": "first", "text": "甲乙。"}


def test_a_question_carries_its_grade_point_by_point(kit, tmp_path):
    first = json.loads(to_json(kit.full(tmp_path)[1]))["questions"][0]
    assert first["answers"] == ["甲乙。", "丙丁。"]
    grade = first["grade"]
    assert (grade["score"], grade["low"], grade["high"], grade["needs_review"]) == (40.0, 30.0, 50.0, True)
    assert grade["points"][1] == {
        "id": "p1",
        "text": "point 1",
        "weight": 1.0,
        "verdict": "partial",
        "confidence": 0.5,
        "credit": 0.5,
        "helped_by": "probe",
        "evidence": {"start": 4, "end": 7, "text": "丙丁。"},
    }
    assert grade["points"][3]["evidence"] is None
    assert grade["misconceptions"][0]["correction"] == "claim corrected"


def test_offsets_of_evidence_fit_the_joined_answers(kit, tmp_path):
    for question in json.loads(to_json(kit.full(tmp_path)[1]))["questions"]:
        joined = "\n".join(question["answers"])
        for point in (question["grade"] or {"points": []})["points"]:
            if span := point["evidence"]:
                assert joined[span["start"] : span["end"]] == span["text"]


def test_not_graded_is_null_and_not_zero(kit, tmp_path):
    questions = json.loads(to_json(kit.full(tmp_path)[1]))["questions"]
    assert questions[2]["grade"]["score"] is None
    assert questions[3]["grade"] is None and questions[3]["skipped"] is True


def test_the_study_plan_names_reasons_and_points(kit, tmp_path):
    study = json.loads(to_json(kit.full(tmp_path)[1]))["study"]
    assert [(s["item_id"], s["reason"], s["because_of"]) for s in study] == [
        ("base", "prerequisite", "first"),
        ("first", "contradicted", "first"),
        ("gone", "skipped", "gone"),
    ]
    assert study[1]["points"] == ["p2", "p3", "p1"]


def test_a_point_that_the_corpus_no_longer_has_keeps_its_verdict(kit):
    corpus = kit.corpus(kit.item("q", points=1))
    record = json.loads(to_json(kit.debrief(corpus, [kit.exchange("q", "cm", 50.0)])))
    assert [(p["text"], p["weight"], p["verdict"]) for p in record["questions"][0]["grade"]["points"]] == [
        ("point 0", 1.0, "covered"),
        (None, None, "missing"),
    ]


def test_any_text_survives_and_a_strange_stamp_does_too(kit, tmp_path):
    text = 'quote " back\\slash \u202e\u200b\x00 </script> 本'
    corpus = kit.corpus(kit.item("q"))
    made = to_json(kit.debrief(corpus, [Exchange("q", (text,), skipped=True)], stamp={"folder": tmp_path}))
    assert json.loads(made)["questions"][0]["answers"] == [text]
    assert json.loads(made)["stamp"]["folder"] == str(tmp_path)
    assert "本" in made
