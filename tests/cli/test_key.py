"""`interviewer key`, `backup` and `restore`."""


def test_a_key_is_shown_once_and_can_be_taken_back(cli):
    made = cli("key", "create", "anna")
    assert made.code == 0
    assert made.out.startswith("iv_")
    listed = cli("key", "list")
    key_id = made.out.split("_")[1]
    assert key_id in listed.out
    assert "anna" in listed.out
    assert made.out.strip() not in listed.out
    assert cli("key", "revoke", key_id).code == 0
    empty = cli("key", "list")
    assert (empty.out, empty.err) == ("", "no keys yet; `interviewer key create NAME` makes one\n")
    again = cli("key", "revoke", key_id)
    assert (again.code, again.err) == (2, f"interviewer: no key {key_id!r}; `interviewer key list` shows them\n")
    assert cli("key", "create", "No Name").code == 2


def test_a_backup_comes_back_in_another_folder(cli, tmp_path, monkeypatch):
    held = cli("chat", "-n", "1", "-l", "en", stdin="derivatives multiply through the layers\n/stop\n")
    assert held.code == 0, held.err
    before = cli("report", "--list").out
    file = tmp_path / "all.zip"
    assert cli("backup", str(file)).code == 0
    full = cli("restore", str(file))
    assert full.code == 2
    assert "into an empty database only" in full.err
    monkeypatch.setenv("INTERVIEWER_DATA_DIR", str(tmp_path / "other"))
    assert cli("restore", str(file)).code == 0
    assert cli("report", "--list").out == before != ""
    missing = cli("restore", str(tmp_path / "none.zip"))
    assert (missing.code, missing.err.count("\n")) == (2, 1)
