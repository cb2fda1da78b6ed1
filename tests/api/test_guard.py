"""The door: who comes in, what they may do there, and what is known of it afterwards."""

import json
import logging
import sys

import pytest

from interviewer.api.guard import Access, _name
from interviewer.api.limits import RateLimit
from interviewer.api.logs import JsonLines, redacted
from interviewer.storage import Keys
from tests.api.conftest import RIGHT

NEW = {"language": "en", "questions": 1}


def test_without_a_key_nothing_but_health_and_the_document_is_answered(guarded):
    nobody = guarded()
    assert nobody.get("/healthz").json() == {"status": "ok"}
    assert nobody.get("/v1/openapi.json").status_code == 200
    for path in ("/v1/sessions", "/v1/corpus/topics", "/metrics", "/", "/gradio_api/info", "/v1/none"):
        refused = nobody.get(path)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized"), path
        assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer iv_0123456789abcdef_" + "A" * 43, "Bearer \xff", "iv_x"]
)
def test_a_wrong_key_opens_nothing(guarded, header):
    anna = guarded("anna")
    assert anna.get("/v1/sessions").status_code == 200
    given = header.encode("latin-1")
    assert guarded().get("/v1/sessions", headers={"Authorization": given}).status_code == 401


def test_a_key_with_one_character_changed_opens_nothing(guarded, small):
    key = Keys(small.store).create("anna")
    for place in (5, len(key) - 1):
        other = "B" if key[place] != "B" else "C"
        wrong = key[:place] + other + key[place + 1 :]
        assert guarded().get("/v1/sessions", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401


def test_nobody_can_list_read_continue_or_delete_what_is_anothers(guarded):
    anna, ben = guarded("anna"), guarded("ben")
    theirs = anna.post("/v1/sessions", json=NEW).json()["id"]
    place = f"/v1/sessions/{theirs}"
    assert ben.get("/v1/sessions").json() == []
    for method, path, body in [
        ("GET", place, None), ("GET", f"{place}/debrief", None), ("DELETE", place, None),
        ("POST", f"{place}/messages", {"text": RIGHT}), ("POST", f"{place}/messages", {"text": "stop"}),
    ]:  # fmt: skip
        refused = ben.request(method, path, json=body)
        unknown = ben.request(method, path.replace(theirs, "0123456789abcdef"), json=body)
        assert (refused.status_code, unknown.status_code) == (404, 404), path
        # Nor does the refusal tell that there is one.
        assert refused.text.replace(theirs, "X") == unknown.text.replace("0123456789abcdef", "X")
    stands = anna.get(place).json()
    assert not stands["finished"]
    assert len(stands["transcript"]) == 2
    assert [s["id"] for s in anna.get("/v1/sessions").json()] == [theirs]


def test_two_keys_of_one_owner_see_the_same(guarded):
    made = guarded("anna").post("/v1/sessions", json=NEW).json()["id"]
    assert guarded("anna").get(f"/v1/sessions/{made}").status_code == 200


def test_a_page_of_another_site_cannot_do_anything_here(client):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        refused = client.post("/v1/sessions", json=NEW, headers=headers)
        assert refused.status_code == 403, headers
    assert client.get("/v1/sessions").json() == []
    assert client.post("/v1/sessions", json=NEW, headers={"Origin": "http://testserver"}).status_code == 201
    # A form can be sent without asking, but only as what it is.
    form = client.post("/v1/sessions", content=json.dumps(NEW), headers={"Content-Type": "text/plain"})
    assert form.status_code == 422


def test_a_name_that_is_pointed_at_this_computer_is_not_answered_to(small):
    from fastapi.testclient import TestClient

    from interviewer.api import application

    app = application(small, Access(hosts=frozenset({"localhost", "127.0.0.1", "[::1]"})))
    for host, status in [
        ("localhost:7860", 200), ("127.0.0.1", 200), ("[::1]:5", 200), ("LOCALHOST", 200), ("evil.example", 421),
        ("evil.example:7860", 421), ("127.0.0.1.evil.example", 421), ("", 421),
    ]:  # fmt: skip
        assert TestClient(app).get("/v1/sessions", headers={"Host": host}).status_code == status, host


@pytest.mark.parametrize(
    ("host", "name"), [("a:1", "a"), ("a", "a"), ("[::1]:1", "[::1]"), ("[::1]", "[::1]"), ("::1", ":"), ("", "")]
)
def test_a_host_is_compared_without_its_port(host, name):
    assert _name(host) == name


def test_what_is_too_large_is_refused_whether_it_says_so_or_not(client):
    large = b'{"item_id": "vanishing", "answer": "' + b"x" * (2 << 20) + b'"}'
    headers = {"Content-Type": "application/json"}
    said = client.post("/v1/grade", content=large, headers=headers)
    assert (said.status_code, said.json()["code"]) == (413, "too_large")
    pieces = (large[i : i + 65536] for i in range(0, len(large), 65536))
    unsaid = client.post("/v1/grade", content=pieces, headers=headers)
    assert (unsaid.status_code, unsaid.json()["code"]) == (413, "too_large")
    for length in ("-1", "x", "9" * 40):
        assert client.get("/v1/sessions", headers={"Content-Length": length}).status_code == 413


def test_who_asks_too_often_is_told_when_to_go_on_and_nobody_else_waits(small):
    from fastapi.testclient import TestClient

    from interviewer.api import application

    keys = Keys(small.store)
    app = application(small, Access(keys, per_minute=3))
    anna, ben = (TestClient(app, headers={"Authorization": f"Bearer {keys.create(n)}"}) for n in ("anna", "ben"))
    assert [anna.get("/v1/sessions").status_code for _ in range(3)] == [200] * 3
    refused = anna.get("/v1/sessions")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert ben.get("/v1/sessions").status_code == 200
    assert anna.get("/healthz").status_code == 200


def test_tokens_come_back_evenly_and_never_exceed_the_limit():
    limit = RateLimit(60)
    assert [limit.wait("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert limit.wait("a", 0.0) == pytest.approx(1.0)
    assert limit.wait("a", 0.5) == pytest.approx(0.5)
    assert limit.wait("a", 1.0) == 0.0
    assert limit.wait("b", 1.0) == 0.0
    assert [limit.wait("a", 1000.0) for _ in range(61)].count(0.0) == 60
    assert RateLimit(0).wait("a", 0.0) == 0.0


def test_every_response_restricts_what_a_browser_may_do_with_it(client):
    for path in ("/v1/corpus/topics", "/healthz", "/v1/none"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "default-src" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


# Health, metrics, logs


def test_it_is_ready_when_the_model_is_loaded_and_the_database_answers(client, small, monkeypatch):
    assert client.get("/readyz").json() == {"status": "ready"}
    grader = small.__dict__.pop("grader")
    waiting = client.get("/readyz")
    assert (waiting.status_code, waiting.json()["missing"]) == (503, ["model"])
    small.__dict__["grader"] = grader
    from interviewer.errors import StorageError

    def broken(_):
        raise StorageError("gone")

    monkeypatch.setattr(type(small.store), "answers", broken)
    assert client.get("/readyz").json()["missing"] == ["database"]


def test_requests_are_counted_by_route_and_never_by_address(client):
    made = client.post("/v1/sessions", json=NEW).json()["id"]
    client.get(f"/v1/sessions/{made}")
    client.get(f"/v1/sessions/{made}")
    client.get("/v1/none-such")
    client.request("BREW", "/v1/grade")
    said = client.get("/metrics").text
    assert 'interviewer_requests_total{method="GET",route="/v1/sessions/{session_id}",status="200"} 2.0' in said
    assert 'interviewer_requests_total{method="GET",route="/v1/*",status="404"} 1.0' in said
    assert 'interviewer_requests_total{method="other"' in said
    assert 'interviewer_request_seconds_count{route="/v1/sessions"} 1.0' in said
    assert made not in said


def test_the_log_has_a_line_for_each_request_without_answers_keys_or_ids(guarded, small, capsys):
    logger = logging.getLogger("interviewer")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        anna = guarded("anna")
        made = anna.post("/v1/sessions", json=NEW).json()["id"]
        anna.post(f"/v1/sessions/{made}/messages", json={"text": "My SECRET answer"})
        anna.get("/v1/sessions/x", headers={"Authorization": "Bearer iv_SECRET"})
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    text = capsys.readouterr().err
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(x["method"], x["route"], x["status"], x["owner"]) for x in lines] == [
        ("POST", "/v1/sessions", 201, "anna"), ("POST", "/v1/sessions/{session_id}/messages", 200, "anna"),
        ("GET", "/v1/*", 401, ""),
    ]  # fmt: skip
    assert "SECRET" not in text
    assert "iv_" not in text
    assert made not in text


@pytest.mark.parametrize(("text", "safe"), [
    ("key iv_0123456789abcdef_" + "a-_Z" * 10 + "abc!", "key ***!"),
    ('"Authorization: Bearer abc.def"', '"Authorization: Bearer ***"'),
    ("postgresql://user:secret@host/name", "postgresql://***@host/name"),
    ("nothing here", "nothing here"),
])  # fmt: skip
def test_keys_and_passwords_are_taken_out_of_logs(text, safe):
    assert redacted(text) == safe


def test_a_crash_is_answered_without_its_details_and_logged_without_the_answer(small, monkeypatch, capsys):
    from fastapi.testclient import TestClient

    from interviewer.api import application

    def crash(*_):
        raise RuntimeError("details")

    monkeypatch.setattr(type(small.grader), "grade", crash)
    client = TestClient(application(small), raise_server_exceptions=False)
    refused = client.post("/v1/grade", json={"item_id": "vanishing", "answer": "My SECRET answer"})
    assert (refused.status_code, refused.json()["code"]) == (500, "internal_server_error")
    assert "details" not in refused.text
    assert "SECRET" not in capsys.readouterr().err
