"""What programs may call, called as programs call it; and many of them at once."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "browser" / "small.py"
MANY = int(os.environ.get("INTERVIEWS_AT_ONCE", "10"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over three topics, in a process of its own."""
    folder = tmp_path_factory.mktemp("many")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERVIEWER_")}
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, str(SMALL), str(folder)], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
            env={**kept, "INTERVIEWER_DATA_DIR": str(folder / "data")},
        )  # fmt: skip
        try:
            for _ in range(1800):
                said = (folder / "log").read_text()
                if "http://" in said or process.poll() is not None:
                    break
                time.sleep(0.1)
            assert "http://" in said, said
            yield next(part for part in said.split() if part.startswith("http://"))
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in (folder / "log").read_text()


def client_of(address):
    from gradio_client import Client

    return Client(address, verbose=False, httpx_kwargs={"timeout": 300})  # many at once on a slow machine


@pytest.mark.slow
def test_the_endpoints_have_names_types_and_descriptions_and_do_what_they_say(address):
    from gradio_client.exceptions import AppError

    client = client_of(address)
    try:
        described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
        assert set(described) == {
            "/list_topics", "/search_questions", "/grade_answer", "/grade_against_reference", "/start_interview", "/say",
            "/show_interview", "/debrief",
        }  # fmt: skip
        assert all(endpoint.get("description") for endpoint in described.values())
        assert {p["parameter_name"] for p in described["/say"]["parameters"]} == {"session", "message"}
        topics = client.predict(api_name="/list_topics")
        assert [t["id"] for t in topics] == ["production", "rag", "rnn"]
        found = client.predict(query="LSTM gates", limit=3, api_name="/search_questions")
        assert found[0]["topic"] == "rnn"
        grade = client.predict(
            item=found[0]["id"], answer="Gates keep the gradient alive.", language="en", api_name="/grade_answer"
        )
        assert 0 <= grade["score"] <= 100 and grade["points"] and grade["feedback"]
        for endpoint, given, needed in (
            ("/say", {"session": "no-such", "message": "x"}, "no-such"),
            ("/start_interview", {"language": "fr"}, "no language"),
            ("/start_interview", {"topics": ["nothing"]}, "no topic"),
            ("/grade_answer", {"item": "no-such", "answer": "x"}, "no item"),
        ):
            with pytest.raises(AppError, match=needed):
                client.predict(**given, api_name=endpoint)
    finally:
        client.close()


@pytest.mark.slow
def test_many_programs_at_once_each_have_their_own_interview(address):
    def interview(number):
        client = client_of(address)
        try:
            language = ("zh", "en")[number % 2]
            view = client.predict(
                language=language,
                topics=[("rag", "rnn")[number % 2]],
                level=2,
                questions=2,
                api_name="/start_interview",
            )
            session = view["session"]
            said = []
            while not view["finished"]:
                said.append(f"I am number {number}, and this is my answer {len(said)}.")
                asked = time.monotonic()
                view = client.predict(session=session, message=said[-1], api_name="/say")
                waits.append(time.monotonic() - asked)
                if len(said) % 2 == 0 and not view["finished"]:
                    view = client.predict(session=session, message="skip", api_name="/say")
            transcript = client.predict(session=session, api_name="/show_interview")["transcript"]
            debrief = json.loads(client.predict(session=session, api_name="/debrief"))
        finally:
            client.close()
        heard = [turn["text"] for turn in transcript if turn["speaker"] == "candidate" and turn["text"] != "skip"]
        return session, language, said, heard, debrief

    waits, begun = [], time.monotonic()
    with ThreadPoolExecutor(MANY) as pool:
        done = list(pool.map(interview, range(MANY)))
    print(
        f"{MANY} interviews at once in {time.monotonic() - begun:.0f} s; {len(waits)} answers, each graded after "
        f"{statistics.median(waits):.1f} s (median), {max(waits):.1f} s at most"
    )
    assert len({session for session, *_ in done}) == MANY
    for session, language, said, heard, debrief in done:
        assert heard == said
        assert (debrief["session_id"], debrief["language"], debrief["finished"]) == (session, language, True)
        assert {question["topic"] for question in debrief["questions"]} == {"rag" if language == "zh" else "rnn"}
