from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
import uvicorn

from interviewer.errors import ServeError
from interviewer.ui import serve

ROOT = Path(__file__).parents[2]


@pytest.fixture
def taken():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_busy_port_is_said_with_what_to_do(taken):
    with pytest.raises(ServeError, match=f"port {taken} is already in use; choose another with --port, or 0"):
        serve.listen("127.0.0.1", taken)


def test_port_0_is_any_free_one():
    with serve.listen("127.0.0.1", 0) as made:
        assert made.getsockname()[1] > 0


def test_without_a_port_the_next_free_one_is_taken(taken, monkeypatch):
    with serve.listen("127.0.0.1", 0) as probe:
        free = probe.getsockname()[1]
    monkeypatch.setattr(serve, "PORTS", (taken, free))
    with serve.listen("127.0.0.1", None) as made:
        assert made.getsockname()[1] == free


def test_when_all_ports_are_taken_that_is_said(taken, monkeypatch):
    monkeypatch.setattr(serve, "PORTS", range(taken, taken + 1))
    with pytest.raises(ServeError, match="all in use"):
        serve.listen("127.0.0.1", None)


@pytest.mark.parametrize("port", [-1, 65536, 1_000_000])
def test_a_port_that_does_not_exist_is_refused(port):
    with pytest.raises(ServeError, match="does not exist"):
        serve.listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_a_host_of_another_computer_is_refused(host):
    with pytest.raises(ServeError, match="cannot listen on"):
        serve.listen(host, 0)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:5"), ("0.0.0.0", "http://127.0.0.1:5"), ("::1", "http://[::1]:5"),
        ("::", "http://[::1]:5"), ("localhost", "http://localhost:5"),
    ],
)  # fmt: skip
def test_the_address_can_be_typed(host, url):
    assert serve.address(host, 5) == url


def run_app(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "app.py", *arguments], cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_program_says_a_busy_port_in_one_line(taken):
    done = run_app("--port", str(taken))
    assert done.returncode == 2
    assert done.stderr == (
        f"interviewer: port {taken} is already in use; choose another with --port, or 0 for any free one\n"
    )


def test_a_bad_corpus_and_a_bad_database_are_said_in_one_line(tmp_path):
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database at all, just text" * 99)
    for environment, needed in (
        ({"INTERVIEWER_CORPUS": str(tmp_path / "nowhere")}, "is not a folder"),
        ({"INTERVIEWER_DATABASE_URL": f"sqlite:///{broken}"}, "damaged"),
    ):
        done = run_app("--port", "0", **environment)
        assert done.returncode == 2, done.stderr
        assert needed in done.stderr
        assert done.stderr.count("\n") == 1


def test_the_page_is_built_and_served_without_leaving_the_computer(engine, tmp_path, monkeypatch):
    """`_no_network` of the outer conftest fails whatever connects elsewhere; name look-ups fail here, too."""
    looked_up = []
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: looked_up.append(str(host)) or real(host, *a, **k))
    monkeypatch.setattr(type(engine), "warm", lambda self: None)
    for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
    serve.stay_at_home(engine.settings, str(tmp_path))
    from interviewer.ui.routes import application

    listener = serve.listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(application(engine), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        address = serve.address("127.0.0.1", listener.getsockname()[1])
        for _ in range(100):
            if server.started:
                break
            time.sleep(0.1)
        assert json.load(urllib.request.urlopen(f"{address}/healthz")) == {"status": "ok"}
        body = urllib.request.urlopen(f"{address}/").read().decode()
        assert "window.interviewer" in body
        config = json.load(urllib.request.urlopen(f"{address}/config"))
        assert len(config["components"]) > 40
        open_to_programs = {d["api_name"] for d in config["dependencies"] if d["api_visibility"] == "public"}
        assert open_to_programs == {
            "list_topics", "search_questions", "grade_answer", "grade_against_reference", "start_interview", "say", "show_interview", "debrief",
        }  # fmt: skip
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
    assert set(looked_up) <= {"127.0.0.1", "localhost", "None"}


def test_the_program_ends_quietly_when_it_is_interrupted_even_while_the_model_loads(data_dir):
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    said = process.stdout.readline()
    address = next(part for part in said.split() if part.startswith("http://"))
    assert json.load(urllib.request.urlopen(f"{address}/healthz")) == {"status": "ok"}
    process.send_signal(signal.SIGINT)
    rest, complaints = process.communicate(timeout=20)
    assert (process.returncode, rest, complaints) == (0, "", "")
