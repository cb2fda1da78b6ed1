"""A few interviews at once over the served API: nothing fails, and whoever comes when it is full is told so."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from interviewer.api import application
from interviewer.api.guard import Access
from interviewer.trials.load import load, rush, served, table


def aside(function, *arguments):
    """In a thread of its own: a browser that other tests drive leaves a running event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def test_some_interviews_at_once_and_a_rush(engines, corpus, tmp_path):
    with served(lambda: engines(tmp_path / "data")) as (address, server):
        found = aside(load, address, server, list(corpus.items.values()), 4, 3.0, 0.05)
        statuses, told = aside(rush, address, 200)
    assert not found.refused and not found.messages
    assert len(found.turns) >= 4 and len(found.turns) >= found.interviews
    assert found.memory[0] > 10
    assert statuses[201] >= 64 and set(statuses) <= {201, 503} and statuses.total() == 200
    assert all("send it again in a few seconds" in message for message in told)
    assert f"| refused or failed | 0 of {len(found.turns)} |" in table(found, 3.0)


@pytest.mark.parametrize("at_once", [1, 3])
def test_more_requests_than_there_is_room_for_are_told_when_to_come_again(engines, tmp_path, at_once):
    app = application(engines(tmp_path / "data"), Access(at_once=at_once))

    async def ask():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            many = await asyncio.gather(
                *(client.post("/v1/sessions", json={"questions": 1}) for _ in range(8)), client.get("/healthz")
            )
            return many, await client.get("/v1/sessions")

    (*many, health), later = aside(lambda: asyncio.run(ask()))
    refused = [a for a in many if a.status_code == 503]
    assert len(refused) == 8 - at_once and [a.status_code for a in many].count(201) == at_once
    assert refused[0].headers["Retry-After"] == "3" and refused[0].json()["code"] == "unavailable"
    assert health.status_code == 200  # whoever watches the server still sees it
    assert later.status_code == 200 and len(later.json()) == at_once  # there is room again
