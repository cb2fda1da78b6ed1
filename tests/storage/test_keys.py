"""Keys and owners: a hash is all that is kept, and another's interview is one that there is not."""

import pytest

from interviewer.errors import InputError, UnknownSession
from interviewer.storage import KEY, Keys


@pytest.fixture
def keys(store):
    return Keys(store)


def test_a_key_says_whose_it_is_until_it_is_revoked(keys):
    key = keys.create("anna")
    assert KEY.fullmatch(key)
    assert keys.owner_of(key) == "anna"
    (row,) = keys.all()
    assert (row.owner, row.id) == ("anna", key.split("_")[1])
    keys.revoke(row.id)
    assert keys.owner_of(key) is None
    assert keys.all() == []
    with pytest.raises(InputError, match="`interviewer key list` shows them"):
        keys.revoke(row.id)


@pytest.mark.parametrize("key", ["", "x", "iv_", "iv_0123456789abcdef_" + "A" * 43, "iv_\0", "\ud800", "iv_" * 50_000])
def test_a_wrong_key_is_nobodys(keys, key):
    keys.create("anna")
    assert keys.owner_of(key) is None
    assert keys.log_in(key) is None


def test_the_key_itself_is_nowhere_in_the_database(keys, store, path):
    key = keys.create("anna")
    login = keys.log_in(key)
    store.close()
    kept = b"".join(p.read_bytes() for p in path.parent.iterdir())
    for secret in (key, login):
        assert secret.split("_", 2)[2].encode() not in kept
        assert secret.split("_")[1].encode() in kept


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a" * 33, "a/b", "名", "a\n", "..", "\0"])
def test_what_is_no_name_is_refused(keys, name):
    with pytest.raises(InputError, match="is no name for an owner"):
        keys.create(name)


def test_a_login_ends_with_its_time_with_a_logout_and_with_the_key_that_made_it(keys, monkeypatch):
    key = keys.create("anna")
    first, second, third = (keys.log_in(key) for _ in range(3))
    assert keys.owner_of(first) == "anna"
    assert keys.log_in(first) is None  # a login makes no logins
    assert len(keys.all()) == 1
    keys.log_out(first)
    assert keys.owner_of(first) is None
    keys.log_out(key)  # a lasting key is not lost that way
    with monkeypatch.context() as later:
        later.setattr("interviewer.storage.keys._at", lambda *_: "9999")
        assert keys.owner_of(second) is None
        assert keys.owner_of(key) == "anna"
    keys.revoke(key.split("_")[1])
    assert keys.owner_of(third) is None


def test_owners_share_nothing(opened, url):
    anna, ben = opened(url, lambda: "anna"), opened(url, lambda: "ben")
    anna.create("s1", "en", {}, [])
    anna.append("s1", 0, "started", {})
    assert (ben.count(), ben.sessions(), ben.events("s1")) == (0, [], [])
    for call in (lambda: ben.session("s1"), lambda: ben.delete("s1"), lambda: ben.append("s1", 1, "stop", {})):
        with pytest.raises(UnknownSession):
            call()
    assert len(anna.events("s1")) == 1
    ben.create("s2", "en", {}, [])
    anna.delete("s1")
    assert [s.id for s in ben.sessions()] == ["s2"]


def test_what_was_stored_before_there_were_owners_is_of_whoever_does_not_log_in(opened, url, oldest):
    opened(url).session("old")
    with pytest.raises(UnknownSession):
        opened(url, lambda: "anna").session("old")
