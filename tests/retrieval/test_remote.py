"""An encoder behind an OpenAI-compatible endpoint, against a real server on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from interviewer.errors import ModelUnavailable
from interviewer.retrieval import load_encoder


class Server(ThreadingHTTPServer):
    """Embeds a text as [its length, 1, 0]; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.reply: Any = None
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def texts(self) -> list[str]:
        return [text for body in self.asked[1:] for text in body["input"]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["Authorization"])
        rows = [{"object": "embedding", "index": i, "embedding": [len(t), 1, 0]} for i, t in enumerate(body["input"])]
        reply = {
            "object": "list",
            "model": body["model"],
            "data": rows[::-1],
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }
        content = json.dumps(reply if self.server.reply is None else self.server.reply).encode()
        self.send_response(self.server.status if self.path == "/v1/embeddings" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_vectors_come_back_in_order_and_of_length_one(server):
    encoder = load_encoder(f"{server.url}#tiny", "secret")
    vectors = encoder.encode(["abc", "", "x", "abc"])
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [
        pytest.approx([3 / 10**0.5, 1 / 10**0.5, 0]), [0, 0, 0], pytest.approx([2**-0.5, 2**-0.5, 0]),
        pytest.approx([3 / 10**0.5, 1 / 10**0.5, 0]),
    ]  # fmt: skip
    assert encoder.fingerprint == f"tiny@127.0.0.1:{server.server_port}:3"
    assert set(server.keys) == {"Bearer secret"}
    assert encoder.known(["模型"]).tolist() == [1.0]
    assert encoder.encode([]).shape == (0, 3)


def test_a_text_is_asked_for_once_and_many_go_in_batches(server):
    encoder = load_encoder(f"{server.url}#tiny")
    texts = [f"text {i}" for i in range(150)]
    encoder.encode([*texts, *texts])
    assert server.texts == texts
    assert [len(body["input"]) for body in server.asked[1:]] == [64, 64, 22]
    encoder.encode(texts[:5])
    assert server.texts == texts


def test_a_model_gets_the_prompts_its_name_asks_for(server):
    encoder = load_encoder(f"{server.url}#intfloat/multilingual-e5-small")
    encoder.encode(["a"])
    encoder.encode(["a"], query=True)
    assert server.texts == ["query: a"]
    qwen = load_encoder(f"{server.url}#Qwen/Qwen3-Embedding-0.6B")
    server.asked.clear()
    server.asked.append({"input": []})
    qwen.encode(["a"])
    qwen.encode(["a"], query=True)
    assert server.texts[0] == "a"
    assert server.texts[1].startswith("Instruct: ")
    assert server.texts[1].endswith("\nQuery:a")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://#model", "https:///v1#m"])
def test_an_address_without_host_or_model_is_refused(url):
    with pytest.raises(ModelUnavailable, match=r"write the endpoint as https://host/v1#model"):
        load_encoder(url)


def test_a_key_in_the_address_is_not_shown(server):
    server.status, server.reply = 401, {"error": {"message": "no"}}
    with pytest.raises(ModelUnavailable) as caught:
        load_encoder(f"http://user:hunter2@127.0.0.1:{server.server_port}/v1#tiny")
    assert "hunter2" not in str(caught.value)


def test_a_server_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("interviewer.retrieval.remote._SECONDS", 0.5)
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:1 failed for the model 'm'.*INTERVIEWER_ENCODER"):
        load_encoder("http://127.0.0.1:1/v1#m")


@pytest.mark.parametrize(
    "reply",
    [
        {"data": []},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": [1.0, 1e999]}]},
    ],
)
def test_a_reply_that_is_no_embedding_is_refused(server, reply):
    server.reply = {"object": "list", "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}, **reply}
    with pytest.raises(ModelUnavailable, match="sent"):
        load_encoder(f"{server.url}#m")
