"""`chat --voice` and `doctor`: which chat model there is, why, and what became of its lines."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for delta, end in (({"content": "Hello."}, None), ({}, "stop")):
            chunk = {"id": "1", "object": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}/v1#tiny"
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("language", "voice", "llm", "words"),
    [
        ("en", "auto", "off", "voice: scripted (INTERVIEWER_LLM is off)"),
        ("en", "scripted", "http://u:hunter2@box/v1#m", "voice: scripted (as chosen)"),
        ("zh", "auto", "off", "语音：脚本（INTERVIEWER_LLM 设为 off）"),
        ("en", "auto", "http://u:hunter2@box/v1#m", "voice: m @ box (the server in INTERVIEWER_LLM)"),
        ("zh", "llm", "http://u:hunter2@box/v1#m", "语音：m @ box（INTERVIEWER_LLM 指定的服务器）"),
    ],
)
def test_chat_says_who_words_the_interview_and_why(cli, monkeypatch, language, voice, llm, words):
    monkeypatch.setenv("INTERVIEWER_LLM", llm)
    result = cli("chat", "-l", language, "-n", "1", "--voice", voice, stdin="/stop\n")
    assert result.code == 0
    assert words in result.err
    assert "hunter2" not in result.err + result.out


def test_chat_with_an_unusable_setting_says_what_to_write(cli, monkeypatch):
    monkeypatch.setenv("INTERVIEWER_LLM", "sk-hunter2")
    result = cli("chat", "-n", "1")
    assert result.code == 2
    assert "INTERVIEWER_LLM is not understood" in result.err
    assert "hunter2" not in result.err


def test_a_debrief_ends_with_a_remark(cli):
    result = cli("chat", "-l", "en", "-n", "1", stdin="skip\n")
    assert "Your mean over 1 question is 0" in result.out


def test_doctor_tries_the_server_and_counts_what_was_refused(cli, monkeypatch, server, data_dir):
    from interviewer.storage import Store

    store = Store(f"sqlite:///{data_dir / 'interviewer.db'}")
    store.create("s", "en", {}, ())
    said = [{"text": "a", "voice": "m", "failed": "leak"}, {"text": "b", "failed": "leak+drift"}, {"text": "c"}]
    store.append("s", 0, "started", {}, said)
    store.close()
    monkeypatch.setenv("INTERVIEWER_LLM", server)
    result = cli("doctor")
    assert "ok    voice: tiny @ 127.0.0.1:" in result.out
    assert "ok    voice: first words after " in result.out
    assert "in stored interviews: 1 lines by a model, 3 tries not used: leak 2, drift 1" in result.out


def test_doctor_names_a_server_that_does_not_answer(cli, monkeypatch):
    monkeypatch.setenv("INTERVIEWER_LLM", "http://127.0.0.1:1/v1#m")
    monkeypatch.setenv("INTERVIEWER_LLM_KEY", "sk-hunter2")
    result = cli("doctor")
    assert result.code == 2
    assert "FAIL  voice: the chat server 127.0.0.1:1 failed for the model 'm'" in result.out
    assert "hunter2" not in result.out + result.err
