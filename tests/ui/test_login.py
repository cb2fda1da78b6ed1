"""The served page asks for a key, and shows each owner their own interviews only."""

import json
import re
import threading

import pytest
from fastapi.testclient import TestClient

from interviewer.api import Access
from interviewer.engine import Engine
from interviewer.errors import ServeError, StorageError
from interviewer.interview import Setup
from interviewer.settings import Settings
from interviewer.storage import Keys
from interviewer.ui import serve
from interviewer.ui.routes import application, caller
from tests.conftest import HashingEncoder

PAGE = {"accept": "text/html", "accept-language": "en"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """One for all tests here: the page takes seconds to build."""
    made = Engine(Settings(data_dir=tmp_path_factory.mktemp("served")), encoder=HashingEncoder(), seed=1)
    made.warm = lambda: None
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def keys(engine):
    return Keys(engine.store)


@pytest.fixture(scope="module")
def app(engine, keys):
    return application(engine, Access(keys))


def visitor(app, keys, owner=""):
    made = TestClient(app, follow_redirects=False)
    if owner:
        entered = made.post("/login", data={"key": keys.create(owner), "to": "/?session=x"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/?session=x")
    return made


def test_a_visitor_is_asked_for_a_key_and_led_back_to_where_they_wanted(app, keys):
    nobody = visitor(app, keys)
    asked = nobody.get("/?session=x", headers=PAGE)
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?to=%2F%3Fsession%3Dx")
    page = nobody.get(asked.headers["location"], headers=PAGE)
    assert "Your key" in page.text
    assert 'value="/?session=x"' in page.text
    assert "访问密钥" in nobody.get("/login", headers={"accept-language": "zh-CN"}).text
    for path in ("/config", "/gradio_api/info", "/code/vae.py", "/gradio_api/startup-events"):
        assert nobody.get(path).status_code == 401, path


def test_a_wrong_key_is_said_and_a_right_one_is_kept_where_no_script_can_read_it(app, keys):
    someone = visitor(app, keys)
    wrong = someone.post("/login", data={"key": "iv_" + "<script>"}, headers=PAGE)
    assert wrong.status_code == 401
    assert "wrong" in wrong.text
    assert "set-cookie" not in wrong.headers
    key = keys.create("anna")
    right = someone.post("/login", data={"key": key})
    cookie = right.headers["set-cookie"]
    assert re.search("HttpOnly.*SameSite=lax", cookie)
    assert key not in cookie
    assert someone.get("/", headers=PAGE).status_code == 200
    assert someone.get("/config").json()["username"] == "anna"
    left = someone.post("/logout")
    assert left.headers["location"] == "/login"
    assert keys.owner_of(cookie.split(";")[0].partition("=")[2]) is None


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nb"]
)
def test_logging_in_leads_to_no_other_site(app, keys, to):
    entered = visitor(app, keys).post("/login", data={"key": keys.create("anna"), "to": to})
    assert entered.headers["location"] == "/"
    shown = visitor(app, keys).get("/login", params={"to": to}).text
    assert "evil" not in shown
    assert "javascript" not in shown


def test_what_the_page_is_asked_cannot_become_part_of_it(app, keys):
    shown = visitor(app, keys).get("/login", params={"to": '/"><script>alert(1)</script>'}).text
    assert "<script" not in shown


def call(visitor, app, name, *data, query=""):
    """Call a handler of the page as a browser does."""
    blocks = next(r.app for r in app.routes if hasattr(getattr(r, "app", None), "get_blocks")).get_blocks()
    index = next(i for i, f in blocks.fns.items() if getattr(f.fn, "__name__", "") == name)
    body = {"data": list(data), "fn_index": index, "session_hash": "abc"}
    return visitor.post(f"/gradio_api/run/predict{query}", json=body)


def test_nobody_sees_anothers_interviews_in_the_page(app, engine, keys):
    anna, ben = visitor(app, keys, "anna"), visitor(app, keys, "ben")
    engine.store.owner = lambda: "anna"
    view = engine.start(Setup("en", questions=2))
    engine.store.owner = caller
    theirs, asked = view.session_id, json.dumps(view.transcript[-1].text)[1:20]
    assert theirs in call(anna, app, "listed", "en", None).text
    assert theirs not in call(ben, app, "listed", "en", None).text
    # By its id, as a browser remembers it, and as an address names it.
    for address in ("", f"?session={theirs}"):
        memory = "" if address else theirs
        assert asked in call(anna, app, "_arrive", memory, "en", query=address).text
        refused = call(ben, app, "_arrive", memory, "en", query=address)
        assert refused.status_code == 200
        assert asked not in refused.text
    # What was not offered in a list cannot be chosen from it either.
    for name, data in (("open", [theirs, "en"]), ("deleted", [theirs, "en"]), ("chosen", [theirs])):
        assert call(ben, app, name, *data).status_code == 500, name
    assert theirs in call(anna, app, "listed", "en", None).text


def test_a_file_to_take_away_is_not_found_by_the_interviews_id(engine):
    import gradio as gr

    from interviewer.ui.page import Page

    with gr.Blocks(analytics_enabled=False):
        folder = Page(engine)._debrief._folder
    assert "0123456789abcdef" not in str(folder("0123456789abcdef"))
    assert folder("0123456789abcdef") == folder("0123456789abcdef")


def test_without_a_request_nobody_asks(app, engine):
    with pytest.raises(StorageError, match="nobody is logged in"):
        engine.sessions()


# What is served where


@pytest.fixture
def bare(data_dir, monkeypatch):
    """An engine of which only settings and store are met; makes one by settings."""
    made = []

    def make(**settings):
        engine = Engine.__new__(Engine)
        engine.settings = Settings(data_dir=data_dir, **settings)
        engine._loading = threading.RLock()
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.store.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_on_this_computer_alone_no_key_is_needed(bare, host):
    access = serve.access_to(bare(), host)
    assert access.keys is None
    assert "127.0.0.1" in access.hosts


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "a-name"])
def test_elsewhere_a_key_is_needed_before_anything_is_served(bare, host):
    engine = bare()
    with pytest.raises(ServeError, match="`interviewer key create NAME` makes one; INTERVIEWER_AUTH=off"):
        serve.access_to(engine, host)
    Keys(engine.store).create("anna")
    assert serve.access_to(engine, host).keys is not None


def test_a_key_can_be_asked_for_or_not_wherever_it_is_served(bare):
    assert serve.access_to(bare(auth="off"), "0.0.0.0") == Access(per_minute=120)
    engine = bare(auth="on")
    with pytest.raises(ServeError):
        serve.access_to(engine, "127.0.0.1")
    Keys(engine.store).create("anna")
    assert serve.access_to(engine, "127.0.0.1").keys is not None


# Tools for assistants


def ask(client, method, **params):
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    said = client.post("/gradio_api/mcp/", json=body, headers={"accept": "application/json, text/event-stream"})
    assert said.status_code == 200, said.text
    lines = [line[6:] for line in said.text.splitlines() if line.startswith("data: ")]
    return json.loads(lines[-1] if lines else said.text)


def test_assistants_find_questions_and_grade_answers_over_mcp(app, keys):
    pytest.importorskip("mcp")
    with TestClient(app, headers={"Authorization": f"Bearer {keys.create('anna')}"}) as client:
        tools = {t["name"]: t for t in ask(client, "tools/list")["result"]["tools"]}
        assert {"search_questions", "grade_answer", "grade_against_reference", "start_interview", "say"} <= set(tools)
        assert "Grade one answer" in tools["grade_answer"]["description"]
        arguments = {
            "question": "How do whales sleep?",
            "reference": "Whales sleep with one half of the brain at a time.",
            "answer": "Whales sleep with one half of the brain at a time.",
        }
        graded = ask(client, "tools/call", name="grade_against_reference", arguments=arguments)["result"]
        assert not graded.get("isError"), graded
        assert "verdict" in json.dumps(graded)
        wrong = ask(client, "tools/call", name="grade_answer", arguments={"item": "none", "answer": "x"})["result"]
        assert wrong["isError"]
        assert "none" in json.dumps(wrong)
