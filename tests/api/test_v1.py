"""The API does what the engine does, says what it refuses, and keeps to its own document."""

import json

import pytest

from tests.api.conftest import RIGHT


def begun(client, **wanted):
    made = client.post("/v1/sessions", json={"language": "en", "questions": 1, **wanted})
    assert made.status_code == 201, made.text
    return made.json()


def test_an_answer_is_graded_with_the_words_the_verdict_rests_on(client):
    graded = client.post("/v1/grade", json={"item_id": "vanishing", "answer": RIGHT}).json()
    assert (graded["score"], graded["verdict"], graded["language"]) == (100.0, "strong", "en")
    (point,) = graded["points"]
    assert point["evidence"] == {"start": 0, "end": len(RIGHT), "text": RIGHT}
    assert point["text"] == "derivatives multiply through the layers and shrink"
    assert graded["feedback"]


def test_feedback_comes_in_the_language_of_the_answer_or_the_one_asked_for(client):
    wanted = {"item_id": "vanishing", "answer": "导数逐层相乘，越乘越小。"}
    zh = client.post("/v1/grade", json=wanted).json()
    en = client.post("/v1/grade", json={**wanted, "language": "en"}).json()
    assert zh["points"][0]["text"].startswith("反向传播")
    assert en["points"][0]["text"].startswith("derivatives")


def test_a_question_of_the_corpus_is_recognised_and_any_other_needs_a_reference(client):
    found = client.post("/v1/grade", json={"question": "What is a vanishing gradient?", "answer": RIGHT})
    assert found.json()["item_id"] == "vanishing"
    unknown = {"question": "How do whales sleep?", "answer": "With half of the brain."}
    refused = client.post("/v1/grade", json=unknown)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    against = {**unknown, "reference": "Whales sleep with one half of the brain at a time."}
    assert client.post("/v1/grade", json=against).json()["score"] is not None
    nothing = client.post("/v1/grade", json={**unknown, "reference": "…"}).json()
    assert (nothing["verdict"], nothing["score"]) == ("unscored", None)


@pytest.mark.parametrize("body", [
    {"item_id": "vanishing"}, {"answer": "x"}, {"item_id": "vanishing", "answer": ""}, [], None, "x",
    {"item_id": "vanishing", "answer": "x", "score": 100}, {"item_id": 1, "answer": "x"},
    {"item_id": "vanishing", "answer": "x" * 100_001}, {"question": "  ", "answer": "x"},
    {"item_id": "vanishing", "answer": "x", "language": "fr"},
])  # fmt: skip
def test_what_does_not_fit_is_refused_without_repeating_it(client, body):
    refused = client.post("/v1/grade", json=body)
    assert refused.status_code == 422
    assert set(refused.json()) == {"code", "message"}
    assert refused.json()["code"] == "unusable"
    assert len(refused.text) < 600


def test_lone_surrogates_and_broken_json_are_refused_and_nul_is_taken(client):
    for raw in (b'{"item_id": "vanishing", "answer": "\\ud800"}', b"{", b"\xff", b""):
        refused = client.post("/v1/grade", content=raw, headers={"content-type": "application/json"})
        assert refused.status_code == (400 if raw == b"\xff" else 422), raw
    assert client.post("/v1/grade", json={"item_id": "vanishing", "answer": "a\0b"}).status_code == 200


def test_an_interview_from_its_beginning_to_its_debrief(client):
    session = begun(client, topics=["tiny"], level=2)
    assert session["total"] == 1
    assert not session["finished"]
    assert session["item_id"] in ("vanishing", "dropout")
    assert [t["act"] for t in session["said"]] == ["greet", "ask"]
    place = f"/v1/sessions/{session['id']}"
    hinted = client.post(f"{place}/messages", json={"text": "hint"}).json()
    assert hinted["said"][-1]["act"] in ("hint", "no_hint")
    said = client.post(
        f"{place}/messages", json={"text": RIGHT + " Training zeroes random units, curbs co-adaptation."}
    )
    assert said.json()["finished"]
    assert client.get(place).json()["transcript"] == said.json()["transcript"]
    over = client.post(f"{place}/messages", json={"text": "more"})
    assert (over.status_code, over.json()["code"]) == (409, "conflict")
    debrief = client.get(f"{place}/debrief")
    assert debrief.json()["score"] == 100.0
    assert client.get(f"{place}/debrief?format=html").text.startswith("<!DOCTYPE html>")
    assert client.get(f"{place}/debrief?format=markdown").headers["content-type"].startswith("text/markdown")
    assert [s["id"] for s in client.get("/v1/sessions").json()] == [session["id"]]
    assert client.delete(place).status_code == 204
    assert client.delete(place).status_code == 404
    assert client.get(f"{place}/debrief").status_code == 404
    assert client.get("/v1/sessions").json() == []


def test_a_verdict_can_be_disagreed_with_and_the_disagreement_withdrawn(client, small):
    session = begun(client, questions=2)
    place = f"/v1/sessions/{session['id']}"
    client.post(f"{place}/messages", json={"text": RIGHT})
    item = session["item_id"]
    point = small.corpus.item(item).key_points[0].id
    verdict = f"{place}/verdicts/{item}/{point}"
    was = small.view(session["id"]).state.exchanges[0].grade.points[0].verdict
    other = "missing" if was != "missing" else "covered"
    kept = client.put(verdict, json={"should_be": other, "note": "I said so."})
    assert kept.json() == {"should_be": other, "note": "I said so."}
    assert [c.should_be for c in small.notebook.corrections(session["id"])] == [other]
    assert client.delete(verdict).status_code == 204
    assert small.notebook.corrections() == []
    assert client.put(verdict, json={"should_be": other, "note": "x" * 2001}).status_code == 422
    assert client.put(verdict, json={"should_be": "splendid"}).status_code == 422
    assert client.put(f"{place}/verdicts/{item}/none", json={"should_be": other}).status_code == 404
    assert client.put(f"/v1/sessions/none/verdicts/{item}/{point}", json={"should_be": other}).status_code == 404
    assert client.delete(f"/v1/sessions/none/verdicts/{item}/{point}").status_code == 404


def test_an_answer_whose_grading_failed_is_kept_and_graded_with_the_next_message(client, small, monkeypatch):
    session = begun(client, questions=2)
    place = f"/v1/sessions/{session['id']}"
    from interviewer.errors import ModelUnavailable

    def broken(*_):
        raise ModelUnavailable("the model is gone")

    with monkeypatch.context() as patched:
        patched.setattr(type(small.grader), "grade", broken)
        refused = client.post(f"{place}/messages", json={"text": RIGHT})
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert client.get(place).json()["waiting_for_grade"]
    on = client.post(f"{place}/messages", json={"text": "skip"}).json()
    assert not on["waiting_for_grade"]
    assert sum(t["text"] == RIGHT for t in on["transcript"]) == 1


def test_what_there_is_not_is_not_found(client):
    for method, path in [
        ("GET", "/v1/sessions/none"), ("DELETE", "/v1/sessions/none"), ("GET", "/v1/sessions/none/debrief"),
        ("GET", "/v1/sessions/%00"), ("GET", "/v1/sessions/..%2F..%2Fetc"), ("GET", "/v1/corpus/items/none"),
        ("GET", "/v1/none"),
    ]:  # fmt: skip
        refused = client.request(method, path)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), path
    assert client.post("/v1/sessions", json={"topics": ["none"]}).status_code == 404
    assert client.post("/v1/sessions/none/messages", json={"text": "x"}).status_code == 404
    for path, allowed in [("/v1/grade", "POST"), ("/v1/sessions", "GET, POST"), ("/v1/sessions/x", "DELETE, GET")]:
        wrong = client.put(path)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, allowed)


def test_the_corpus_can_be_listed_and_searched_without_its_answers(client):
    (topic,) = client.get("/v1/corpus/topics").json()
    assert topic == {"id": "tiny", "title": {"zh": "小题库", "en": "A tiny corpus"}, "items": 2}
    items = client.get("/v1/corpus/items").json()
    assert [i["id"] for i in items] == ["vanishing", "dropout"]
    assert client.get("/v1/corpus/items?level=3").json() == items[1:]
    assert client.get("/v1/corpus/items?limit=1&offset=1").json() == items[1:]
    assert client.get("/v1/corpus/items?topic=other").json() == []
    assert client.get("/v1/corpus/items/dropout").json() == items[1]
    found = client.get("/v1/corpus/search", params={"q": "随机失活"}).json()
    assert found[0]["id"] == "dropout"
    assert "co-adaptation" not in json.dumps([items, found])


def test_the_document_describes_every_route_with_its_refusals_and_examples(client):
    document = client.get("/v1/openapi.json").json()
    assert set(document["paths"]) == {
        "/grade", "/sessions", "/sessions/{session_id}", "/sessions/{session_id}/messages",
        "/sessions/{session_id}/debrief", "/sessions/{session_id}/verdicts/{item_id}/{point_id}", "/corpus/topics", "/corpus/items", "/corpus/items/{item_id}", "/corpus/search",
    }  # fmt: skip
    assert document["servers"] == [{"url": "/v1"}]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert {"401", "422", "429", "503"} <= set(operation["responses"])
            problem = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}
    assert "examples" in document["components"]["schemas"]["GradeItem"]["properties"]["answer"]


@pytest.mark.slow
def test_schemathesis_finds_nothing(small):
    """Made-up requests, right and wrong ones: no crash, no answer that the document does not describe."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, Phase, settings

    from interviewer.api import application

    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", application(small))
    checked = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @_given(operation)
        @settings(
            max_examples=15,
            deadline=None,
            database=None,
            derandomize=True,  # what fails here fails for everyone
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def probe(case):
            case.call_and_validate()

        probe()
        checked.append(operation.label)
    assert len(checked) == 13


def _given(operation):
    from hypothesis import given

    return given(case=operation.as_strategy())
