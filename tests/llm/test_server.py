"""A chat server as it should not be, through the real client: whatever it does, the interview goes on in time."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from interviewer.errors import ModelUnavailable
from interviewer.llm import Message, Reply, Speaker
from interviewer.llm.server import connect

EN = "Let's move on. How does batch normalisation work?"
ZH = "我们来看下一题。请讲讲批归一化是怎么工作的？"
KEY = "sk-hunter2-hunter2"


class Server(ThreadingHTTPServer):
    """Plays one fault; keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault, self.text = "", EN
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.over = threading.Event()

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what is tested."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["Authorization"])
        fault, text = self.server.fault, self.server.text
        if fault.isdigit() or (fault == "picky" and "chat_template_kwargs" in body):
            status = int(fault) if fault.isdigit() else 400
            self._send(status, json.dumps({"error": {"message": f"refused; your key {KEY} is odd"}}))
            return
        if fault == "json":
            self._send(200, "<html>It works!</html>")
            return
        if fault == "silent":
            self.server.over.wait(20)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if fault == "slow":
            self.server.over.wait(20)
        if fault == "garbage":
            self._raw("data: {not json\n\ndata: [1, 2\n\n")
        if fault == "shapeless":
            self._raw(
                'data: {"choices": [{"delta": null}]}\n\ndata: {"choices": null}\n\ndata: {"choices": 7}\n\ndata: 3\n\n'
            )
        for n, piece in enumerate(text[i : i + 4] for i in range(0, len(text), 4)):
            if n == 6 and fault == "half":
                self.connection.close()
                return
            if n == 6 and fault == "stall":
                self.server.over.wait(20)
            chunk = {
                "id": "1",
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": {"content": piece}}],
            }
            self._raw(f"data: {json.dumps(chunk)}\n\n")
        end = {
            "id": "1",
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        }
        self._raw(f"data: {json.dumps(end)}\n\ndata: [DONE]\n\n")

    def _raw(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self._raw(text)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.over.set()
        made.shutdown()
        thread.join()


def model_of(server: Server) -> Any:
    return connect(f"http://127.0.0.1:{server.server_port}/v1#tiny", SecretStr(KEY))


@pytest.fixture(autouse=True, scope="module")
def _imported() -> None:
    """The client's import takes seconds here, which are not the server's."""
    import openai.resources.chat  # noqa: F401


@pytest.mark.parametrize(("language", "text"), [("en", EN), ("zh", ZH)])
def test_a_line_comes_over_the_wire(server, guard, scenes, language, text):
    server.text = text
    model = model_of(server)
    told = Speaker(model, seconds=20).tell(scenes("ask", language), guard)
    assert (told.text, told.by) == (text, f"tiny@127.0.0.1:{server.server_port}")
    asked = server.asked[0]
    assert (asked["model"], asked["stream"]) == ("tiny", True)
    assert [m["role"] for m in asked["messages"]] == ["system", "user"]
    assert asked["chat_template_kwargs"] == {"enable_thinking": False}
    assert server.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("fault", "failed"),
    [
        ("401", "failed"), ("404", "failed"), ("429", "failed"), ("500", "failed"), ("503", "failed"), ("json", "failed"),
        ("garbage", "failed"), ("shapeless", "failed"), ("half", "failed"), ("silent", "slow"), ("slow", "slow"), ("stall", "slow"),
    ],
)  # fmt: skip
def test_whatever_a_server_does_the_scripted_voice_goes_on_within_three_seconds(server, guard, scenes, fault, failed):
    server.fault = fault
    scene = scenes("ask", "en")
    guard.prepare(scene)
    begun = time.monotonic()
    told = Speaker(model_of(server), seconds=1.5).tell(scene, guard)
    assert time.monotonic() - begun < (6 if fault == "stall" else 3)
    assert told.text.endswith(scene.scripted)
    assert told.by == ""
    assert "+".join(told.failed) == failed


@pytest.mark.parametrize("flood", ["tokens " * 100_000, "a" * 400_000])
def test_a_hundred_thousand_tokens_are_not_read_to_the_end(server, guard, scenes, flood):
    server.text = flood
    scene = scenes("ask", "en")
    told = Speaker(model_of(server), seconds=10).tell(scene, guard)
    assert told.text.endswith(scene.scripted)
    assert len(told.text) < 1_000


def test_chinese_for_english_is_not_shown(server, guard, scenes):
    server.text = ZH
    scene = scenes("ask", "en")
    told = Speaker(model_of(server), seconds=10).tell(scene, guard)
    assert (told.text, told.failed) == (scene.scripted, ("language", "language"))


def test_a_server_that_knows_no_templates_is_asked_without(server):
    server.fault = "picky"
    model = model_of(server)
    for _ in range(2):
        assert "".join(model.stream([Message("user", "hi")], 7, threading.Event())) == EN
    assert ["chat_template_kwargs" in body for body in server.asked] == [True, False, False]
    assert server.asked[-1]["max_completion_tokens"] == 7


def test_a_refusal_names_the_setting_and_hides_the_key(server):
    server.fault = "401"
    with pytest.raises(ModelUnavailable, match=r"failed for the model 'tiny'.*INTERVIEWER_LLM_KEY") as caught:
        list(model_of(server).stream([Message("user", "hi")], 7, threading.Event()))
    assert KEY not in str(caught.value)


def test_closing_a_reply_hangs_up(server):
    server.text = "word " * 50_000
    reply = Reply(model_of(server), [Message("user", "hi")], 7)
    assert reply.read(time.monotonic() + 20)
    reply.close()
    count = len(threading.enumerate())
    until = time.monotonic() + 10
    while any(t.name == "chat-model" for t in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(t.name == "chat-model" for t in threading.enumerate()), count
