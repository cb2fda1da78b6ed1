"""The real `transformers serve` on the tiny model, over HTTP and server-sent events, with the real client."""

import importlib.util
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydantic import SecretStr

from interviewer.llm import Message, Speaker, try_model
from interviewer.llm.server import connect

COMMAND = Path(sys.executable).with_name("transformers")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("accelerate") is None or not COMMAND.exists(), reason="needs transformers[serving]"
    ),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The tiny model's folder and the server's address."""
    maker = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("test_local.py"))
    tiny = importlib.util.module_from_spec(maker)
    maker.loader.exec_module(tiny)
    folder = tiny.make_model(tmp_path_factory.mktemp("served") / "tiny-qwen3")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder.parent / "log").open("wb")
    process = subprocess.Popen(
        [str(COMMAND), "serve", str(folder), "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)],
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        until = time.monotonic() + 240
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None and time.monotonic() < until, (folder.parent / "log").read_text()[-2000:]
                time.sleep(0.5)
        yield folder, f"http://127.0.0.1:{port}/v1#{folder}"
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def test_a_served_model_streams_through_the_real_client_and_is_guarded(served, guard, scenes):
    _, url = served
    model = connect(url, SecretStr(""))
    assert try_model(model) >= 0
    pieces = list(model.stream([Message("system", "Be brief."), Message("user", "你好")], 16, threading.Event()))
    assert "".join(pieces)
    scene = scenes("ask", "en")
    told = Speaker(model, seconds=60).tell(scene, guard)
    assert told.text == scene.scripted, "its babble passed the guard"
    assert told.failed
