"""Two servers on one PostgreSQL share interviews and keys, and never store one step twice."""

from contextlib import closing

from fastapi.testclient import TestClient

from interviewer.api import Access, application
from interviewer.storage import Keys
from tests.api.conftest import small_engine


def test_two_servers_on_one_database_are_as_one(tmp_path, encoder, monkeypatch, new_postgres):
    url = new_postgres()
    engines = [small_engine(tmp_path, encoder, monkeypatch, database_url=url) for _ in range(2)]
    with closing(engines[0].store), closing(engines[1].store):
        key = Keys(engines[0].store).create("anna")
        headers = {"Authorization": f"Bearer {key}"}
        one, two = (TestClient(application(e, Access(Keys(e.store))), headers=headers) for e in engines)
        made = one.post("/v1/sessions", json={"language": "en", "questions": 2}).json()["id"]
        place = f"/v1/sessions/{made}"
        for turn, server in enumerate((two, one, two)):
            said = server.post(f"{place}/messages", json={"text": "repeat"})
            assert said.status_code == 200, said.text
            assert len(said.json()["transcript"]) == 2 + 2 * (turn + 1)
        assert one.get(place).json()["transcript"] == two.get(place).json()["transcript"]
        two.post(f"{place}/messages", json={"text": "stop"})
        assert one.get(place).json()["finished"]
        assert two.delete(place).status_code == 204
        assert one.get(place).status_code == 404
