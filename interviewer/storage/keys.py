"""Keys to the served app. A key is 256 random bits, shown once; what is kept is its SHA-256.

A slow hash would add nothing: what makes passwords guessable is that people choose them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_, select

from interviewer.errors import InputError
from interviewer.storage.store import Store
from interviewer.storage.tables import KeyTable

KEY = re.compile(r"iv_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")
"""What a key looks like: the part before the second underscore is its id and no secret."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_LOGIN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as listed."""

    id: str
    owner: str
    created_at: str
    """ISO 8601, UTC."""


class Keys:
    """The keys of one database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, owner: str) -> str:
        """A new key of somebody, to be handed over now: it cannot be shown again.

        Raises:
            InputError: that is no name.
        """
        if not _NAME.fullmatch(owner):
            raise InputError(
                f"{owner!r} is no name for an owner: use 1 to 32 of a-z, 0-9, dot, dash and underscore, a letter or "
                "digit first"
            )
        return self._add(owner, "", "")

    def log_in(self, key: str) -> str | None:
        """A key for the next twelve hours, for a browser to keep instead of the lasting one; None for a wrong key."""
        row = self._row(key)
        if row is None or row.opened_with:
            return None
        with self._store.transaction() as session:
            session.execute(delete(KeyTable).where(KeyTable.expires_at != "", KeyTable.expires_at < _at()))
        return self._add(row.owner, _at(_LOGIN), row.id)

    def log_out(self, key: str) -> None:
        """Forget a login; a lasting key stays."""
        row = self._row(key)
        if row is not None and row.opened_with:
            self.revoke(row.id)

    def owner_of(self, key: str) -> str | None:
        """Whose key it is; None for a wrong, revoked or expired one."""
        row = self._row(key)
        return row.owner if row else None

    def revoke(self, key_id: str) -> None:
        """Take a key back, and the logins that were made with it.

        Raises:
            InputError: there is no such key.
        """
        with self._store.transaction() as session:
            gone = session.execute(delete(KeyTable).where(or_(KeyTable.id == key_id, KeyTable.opened_with == key_id)))
            if not getattr(gone, "rowcount", 0):
                raise InputError(f"no key {key_id!r}; `interviewer key list` shows them")

    def all(self) -> list[KeyRow]:
        """The lasting keys, oldest first."""
        with self._store.transaction() as session:
            query = select(KeyTable).where(KeyTable.opened_with == "").order_by(KeyTable.created_at, KeyTable.id)
            return [KeyRow(k.id, k.owner, k.created_at) for k in session.scalars(query)]

    def _add(self, owner: str, expires_at: str, opened_with: str) -> str:
        key_id = secrets.token_hex(8)
        key = f"iv_{key_id}_{secrets.token_urlsafe(32)}"
        row = KeyTable(
            id=key_id, owner=owner, hash=_hash(key), created_at=_at(), expires_at=expires_at, opened_with=opened_with
        )
        with self._store.transaction() as session:
            session.add(row)
        return key

    def _row(self, key: str) -> KeyTable | None:
        form = KEY.fullmatch(key)
        if form is None:
            return None
        with self._store.transaction() as session:
            row: KeyTable | None = session.get(KeyTable, form[1])
            if row is None or not hmac.compare_digest(row.hash, _hash(key)):
                return None
            if row.expires_at and row.expires_at < _at():
                return None
            session.expunge(row)
            return row


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _at(later: timedelta = timedelta()) -> str:
    return (datetime.now(UTC) + later).isoformat(timespec="milliseconds")
