"""A backup brings back what was stored, wherever to, and what is damaged changes nothing."""

import json
import sqlite3
import zipfile
from contextlib import closing

import pytest

from interviewer.errors import InputError, StorageError
from interviewer.storage import Keys, Store, back_up, restore


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch):
    """There is more than is read or written at once."""
    monkeypatch.setattr("interviewer.storage.backup._BATCH", 5)


def filled(store):
    store.create("s1", "zh", {"topics": ["生成模型"], "rate": 0.5}, ["vae-loss"])
    for seq in range(13):
        store.append("s1", seq, "answered", {"text": f"梯度 {seq} 🙂\0\ud800"}, [{"text": "好"}], finished=True)
    store.owner = lambda: "anna"
    store.create("s2", "en", {}, [])
    store.owner = lambda: ""
    return Keys(store).create("anna")


@pytest.fixture
def backup(tmp_path):
    """A file, with what it was made of still there."""
    with closing(Store(f"sqlite:///{tmp_path}/first.db")) as store:
        filled(store)
        back_up(store, tmp_path / "a.zip")
    return tmp_path / "a.zip"


def test_what_was_stored_comes_back_into_either_database(store, opened, tmp_path):
    key = filled(store)
    assert back_up(store, tmp_path / "a.zip") == 16
    for n in range(2):  # a restored one is as good a source
        again = opened(f"sqlite:///{tmp_path}/{n}.db")
        assert restore(again, tmp_path / "a.zip") == 16
        assert again.session("s1") == store.session("s1")
        assert again.events("s1") == store.events("s1")
        assert Keys(again).owner_of(key) == "anna"
        again.owner = lambda: "anna"
        assert [s.id for s in again.sessions()] == ["s2"]
        back_up(again, tmp_path / "a.zip")


def test_sqlite_goes_into_postgresql(backup, new_postgres, opened):
    store = opened(new_postgres())
    assert restore(store, backup) == 16
    assert len(store.events("s1")) == 13
    assert store.session("s1").setup == {"topics": ["生成模型"], "rate": 0.5}


def test_a_backup_of_the_oldest_schema_is_brought_up(opened, tmp_path):
    rows = {
        "sessions": [{"id": "old", "started_at": "t", "updated_at": "t", "language": "zh", "finished": True,
                      "setup": {"a": 1}, "plan": ["x"]}],
        "events": [{"session_id": "old", "seq": 0, "at": "t", "kind": "started", "payload": {"text": "梯度"}, "said": []}],
    }  # fmt: skip
    rewrite(tmp_path / "old.zip", rows, "0001")
    store = opened(f"sqlite:///{tmp_path}/new.db")
    assert restore(store, tmp_path / "old.zip") == 2
    assert store.session("old").setup == {"a": 1}
    assert store.events("old")[0].payload == {"text": "梯度"}


def rewrite(path, rows, schema):
    import hashlib

    tables = {}
    with zipfile.ZipFile(path, "w") as archive:
        for name, lines in rows.items():
            text = "".join(json.dumps(line) + "\n" for line in lines).encode()
            archive.writestr(f"{name}.jsonl", text)
            tables[name] = {"rows": len(lines), "sha256": hashlib.sha256(text).hexdigest()}
        archive.writestr(
            "manifest.json", json.dumps({"format": "interviewer.backup/1", "schema": schema, "tables": tables})
        )


def test_a_backup_of_a_newer_version_is_refused_politely(opened, tmp_path):
    rewrite(tmp_path / "new.zip", {}, "9999")
    with pytest.raises(StorageError, match=r"newer version of this program \(schema 9999\); update it"):
        restore(opened(f"sqlite:///{tmp_path}/new.db"), tmp_path / "new.zip")


def test_nothing_is_restored_over_what_is_there(backup, opened, tmp_path):
    store = opened(f"sqlite:///{tmp_path}/first.db")
    before = store.events("s1")
    with pytest.raises(InputError, match="into an empty database only; set INTERVIEWER_DATA_DIR"):
        restore(store, backup)
    assert store.events("s1") == before


def test_what_is_damaged_is_refused_and_changes_nothing(backup, opened, tmp_path):
    whole = backup.read_bytes()
    store = opened(f"sqlite:///{tmp_path}/new.db")
    damaged = [b"", b"no zip", whole[: len(whole) // 2], whole[:200] + b"\xff\xff\xff" + whole[203:]]
    for content in damaged:
        backup.write_bytes(content)
        with pytest.raises(InputError, match="is no whole backup"):
            restore(store, backup)
    with pytest.raises(InputError, match="No such file"):
        restore(store, tmp_path / "none.zip")
    assert store.count() == 0


@pytest.mark.parametrize("change", [
    lambda m: m.pop("schema"), lambda m: m.update(format="other"), lambda m: m.update(tables=3),
    lambda m: m["tables"].update(sqlite_master={"rows": 0, "sha256": ""}),
    lambda m: m["tables"]["events"].update(rows=1), lambda m: m["tables"]["events"].update(sha256="0"),
    lambda m: m["tables"].update({"../../etc/passwd": {"rows": 0, "sha256": ""}}),
])  # fmt: skip
def test_a_manifest_that_does_not_fit_is_refused(backup, opened, tmp_path, change):
    with zipfile.ZipFile(backup) as archive:
        contents = {n: archive.read(n) for n in archive.namelist()}
    manifest = json.loads(contents["manifest.json"])
    change(manifest)
    contents["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(backup, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    store = opened(f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(InputError, match="is no whole backup"):
        restore(store, backup)
    assert store.count() == 0


def test_a_file_that_cannot_be_written_leaves_nothing_behind(store, tmp_path):
    with pytest.raises(StorageError, match="cannot be written"):
        back_up(store, tmp_path / "no-folder" / "a.zip")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="cannot be written"):
        back_up(store, tmp_path / "folder")
    assert not list(tmp_path.glob("*.part"))


def test_a_backup_is_of_one_moment_while_others_write(store, tmp_path, monkeypatch):
    filled(store)
    from interviewer.storage import backup as module

    real = module._rows

    def meanwhile(connection, table):
        if table.name == "events":  # the interviews are written already, their events are not
            other.append("s1", 13, "answered", {})
            other.create("s3", "en", {}, [])
            other.append("s3", 0, "started", {})
        return real(connection, table)

    with closing(Store(store._database.url.render_as_string(hide_password=False))) as other:
        monkeypatch.setattr(module, "_rows", meanwhile)
        assert back_up(store, tmp_path / "a.zip") == 16


def test_a_backup_of_a_damaged_database_is_an_error_of_ours(store, path, tmp_path):
    filled(store)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE events SET payload = '{broken' WHERE seq = 7")
    with pytest.raises(StorageError, match="is damaged"):
        back_up(store, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
