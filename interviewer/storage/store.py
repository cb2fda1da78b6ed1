"""Interviews in a database: a SQLite file by default, PostgreSQL by setting.

Knows events only as names with JSON; what they mean is the interview's business. An event, once `append` has
returned, survives the end of the process.

Every interview belongs to somebody (`Store.owner`; "" where nobody logs in), and every statement here is restricted to
that owner's: another's interview is one that there is not, whichever way its id came in.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.util import CommandError
from sqlalchemy import ColumnElement, create_engine, delete, event, func, select, update
from sqlalchemy import Engine as Database
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.orm import Session

from interviewer.errors import InputError, SessionConflict, StorageError, UnknownSession
from interviewer.schema import Review
from interviewer.storage.tables import EventTable, ReviewTable, SessionTable

if TYPE_CHECKING:
    from alembic.config import Config

_BUSY_SECONDS = 10
_MIGRATING = 0x696E7476
"""The advisory lock in PostgreSQL under which the schema is changed; any number that nobody else uses."""


def nobody() -> str:
    """The owner where nobody logs in."""
    return ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One interview as listed."""

    id: str
    started_at: str
    """ISO 8601, UTC."""
    updated_at: str
    language: str
    finished: bool
    setup: dict[str, Any]
    plan: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """What an interview begins with."""

    language: str
    setup: dict[str, Any]
    plan: Sequence[str]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as stored."""

    seq: int
    at: str
    kind: str
    payload: dict[str, Any]
    said: tuple[dict[str, Any], ...]


class Store:
    """The database, opened and brought to the present schema."""

    def __init__(self, url: str, owner: Callable[[], str] = nobody) -> None:
        """Open it, creating or migrating as needed.

        Args:
            url: SQLAlchemy's; `postgresql://…` is served by psycopg.
            owner: asked at every use whose interviews are meant.

        Raises:
            StorageError: it cannot be opened, is damaged, or is newer than this program.
        """
        self.owner = owner
        try:
            parsed = _parsed(url)
            self._sqlite = parsed.get_backend_name() == "sqlite"
            self._place = parsed.database if self._sqlite and parsed.database else parsed.render_as_string()
            if self._sqlite and parsed.database and not parsed.database.startswith("file:"):
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            # A server may have closed what the pool kept open. Parameters are answers: they stay out of messages.
            self._database: Database = create_engine(
                parsed,
                connect_args={"timeout": _BUSY_SECONDS} if self._sqlite else {"connect_timeout": _BUSY_SECONDS},
                pool_pre_ping=not self._sqlite,
                hide_parameters=True,
            )
        except ModuleNotFoundError as error:
            hint = "pip install 'interviewer[postgres]'" if error.name == "psycopg" else "install it, or leave it out"
            raise InputError(f"INTERVIEWER_DATABASE_URL needs the package {error.name}: {hint}") from None
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise InputError(f"INTERVIEWER_DATABASE_URL cannot be used: {_first_line(error)}") from None
        except OSError as error:
            raise StorageError(
                f"the data folder cannot be made ({error.strerror}: {error.filename}); set INTERVIEWER_DATA_DIR to one "
                "that can be written"
            ) from None
        if self._sqlite:
            event.listen(self._database, "connect", _prepare_sqlite)
        try:
            with self._mapped():
                migrate(self._database)
        except BaseException:
            self._database.dispose()
            raise

    def close(self) -> None:
        """Give the connections back."""
        self._database.dispose()

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """A list to which every statement is added meanwhile, by whichever thread: what a step costs is counted so."""
        found: list[str] = []

        def add(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            found.append(statement)

        event.listen(self._database, "before_cursor_execute", add)
        try:
            yield found
        finally:
            event.remove(self._database, "before_cursor_execute", add)

    def create(self, session_id: str, language: str, setup: dict[str, Any], plan: Sequence[str]) -> None:
        """Begin an interview.

        Raises:
            SessionConflict: there is one of that id.
        """
        try:
            with self.transaction() as session:
                session.add(self._begun(session_id, Begun(language, setup, plan), _now()))
        except IntegrityError:
            raise SessionConflict(f"there is an interview {session_id!r} already") from None

    def append(
        self,
        session_id: str,
        seq: int,
        kind: str,
        payload: dict[str, Any],
        said: Sequence[dict[str, Any]] = (),
        finished: bool = False,
        plan: Sequence[str] | None = None,
        reviews: Sequence[Review] = (),
        begun: Begun | None = None,
    ) -> None:
        """Add event number `seq` (0-based), with the reviews it makes, and bring the listed plan up to date.

        Durable when this returns. With `begun`, the interview begins with this event: there is never one without any.

        Raises:
            SessionConflict: there is such an event already: another tab or process was faster.
            UnknownSession: there is no such interview.
        """
        now = _now()
        try:
            with self.transaction() as session:
                if begun:
                    session.add(self._begun(session_id, begun, now))
                    session.flush()
                listed: dict[str, Any] = {"updated_at": now, "finished": finished}
                listed |= {} if plan is None else {"plan": list(plan)}
                # In PostgreSQL this row is also the lock: a second process waits here until the first is through.
                changed = session.execute(update(SessionTable).where(*self._mine(session_id)).values(**listed))
                if not getattr(changed, "rowcount", 0):
                    raise UnknownSession(f"no interview {session_id!r}; it may have been deleted")
                session.add(
                    EventTable(session_id=session_id, seq=seq, at=now, kind=kind, payload=payload, said=list(said))
                )
                session.add_all([review_row(r, self.owner()) for r in reviews])
        except IntegrityError:
            raise SessionConflict("this interview went on elsewhere (another tab?); reload to see it") from None

    def session(self, session_id: str) -> SessionRow:
        """One interview.

        Raises:
            UnknownSession: there is none of that id.
        """
        with self.transaction() as session:
            row = session.scalar(select(SessionTable).where(*self._mine(session_id)))
            if row is None:
                raise UnknownSession(f"no interview {session_id!r}; `interviewer report --list` shows what is stored")
            return _row(row)

    def sessions(self, limit: int = 100) -> list[SessionRow]:
        """Interviews, latest first."""
        with self.transaction() as session:
            mine = select(SessionTable).where(*self._mine())
            query = mine.order_by(SessionTable.started_at.desc(), SessionTable.id).limit(limit)
            return [_row(r) for r in session.scalars(query)]

    def events(self, session_id: str) -> list[StoredEvent]:
        """The events of an interview, in order."""
        with self.transaction() as session:
            query = select(EventTable).join(SessionTable).where(*self._mine(session_id)).order_by(EventTable.seq)
            return [StoredEvent(e.seq, e.at, e.kind, e.payload, tuple(e.said)) for e in session.scalars(query)]

    def count(self) -> int:
        """How many interviews are stored."""
        with self.transaction() as session:
            return session.scalar(select(func.count()).select_from(SessionTable).where(*self._mine())) or 0

    def wording(self) -> Counter[str]:
        """How lines came about in all interviews: "said" by a chat model, and its refused tries by reason."""
        counts: Counter[str] = Counter()
        with self.transaction() as session:
            for said in session.scalars(select(EventTable.said)):
                for turn in said:
                    counts.update(["said"] if turn.get("voice") else [])
                    counts.update(r for r in str(turn.get("failed", "")).split("+") if r)
        return counts

    def delete(self, session_id: str) -> None:
        """Forget an interview and all its events.

        Raises:
            UnknownSession: there is none of that id.
        """
        with self.transaction() as session:
            mine = select(SessionTable.id).where(*self._mine(session_id))
            session.execute(delete(EventTable).where(EventTable.session_id.in_(mine)))
            gone = session.execute(delete(SessionTable).where(*self._mine(session_id)))
            if not getattr(gone, "rowcount", 0):
                raise UnknownSession(f"no interview {session_id!r}")

    def answers(self) -> None:
        """Return if the database can be read.

        Raises:
            StorageError: it cannot.
        """
        with self.transaction() as session:
            session.execute(select(1))

    def _begun(self, session_id: str, begun: Begun, now: str) -> SessionTable:
        return SessionTable(
            id=session_id,
            owner=self.owner(),
            started_at=now,
            updated_at=now,
            language=begun.language,
            finished=False,
            setup=begun.setup,
            plan=list(begun.plan),
        )

    def _mine(self, session_id: str | None = None) -> list[ColumnElement[bool]]:
        """What restricts a statement to the owner's interviews, or to one of them."""
        mine = [SessionTable.owner == self.owner()]
        # PostgreSQL cannot be asked for a text with NUL in it; no id has one.
        return mine if session_id is None else [*mine, SessionTable.id == session_id.replace("\0", "\ufffd")]

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction that commits at the end, with the library's errors mapped to ours."""
        with self._mapped(), Session(self._database) as session, session.begin():
            yield session

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except OperationalError as error:
            raise StorageError(self._explain(error)) from None
        except (DatabaseError, json.JSONDecodeError) as error:
            if type(error) not in (DatabaseError, json.JSONDecodeError):  # a statement or value it will not take
                raise StorageError(f"the database {self._place} failed: {_first_line(error)}") from None
            raise StorageError(
                f"the database {self._place} is damaged ({_first_line(error)}); nothing was changed: move the file "
                "aside (or restore a copy) and start again"
            ) from None
        except (SQLAlchemyError, CommandError, TypeError) as error:  # TypeError: a value that psycopg has no words for
            raise StorageError(f"the database {self._place} failed: {_first_line(error)}") from None
        except UnicodeEncodeError:
            raise InputError("a name with broken characters cannot be stored or looked up") from None

    def _explain(self, error: OperationalError) -> str:
        text = _first_line(error)
        if not self._sqlite:
            return (
                f"the database {self._place} failed ({text}); check that it runs and INTERVIEWER_DATABASE_URL is right"
            )
        if "locked" in text:
            return f"the database {self._place} is locked by another process; close it, or try again in a moment"
        if "readonly" in text or "unable to open" in text:
            return (
                f"the database {self._place} cannot be written ({text}); check the folder's permissions or set "
                "INTERVIEWER_DATA_DIR"
            )
        if "full" in text:
            return f"the disk that holds {self._place} is full; free some space and try again"
        return f"the database {self._place} failed: {text}"


def review_row(review: Review, owner: str) -> ReviewTable:
    """A review as a row."""
    return ReviewTable(
        owner=owner,
        session_id=review.session_id or None,
        item_id=review.item_id,
        at=review.at,
        score=review.score,
    )


def migrate(database: Database) -> None:
    """Bring the schema to the present version.

    Raises:
        StorageError: the database was made by a newer version of the program.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = alembic_config()
    script = ScriptDirectory.from_config(config)
    with database.begin() as connection:
        if database.dialect.name == "postgresql":  # processes that start together change the schema in turn
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        current = MigrationContext.configure(connection).get_current_revision()
        if current == script.get_current_head():
            return
        if current is not None and current not in {r.revision for r in script.walk_revisions()}:
            raise StorageError(
                f"the database is of a newer version of this program (schema {current}); update it: "
                "`pip install -U interviewer`"
            )
        if database.dialect.name == "sqlite":
            # Python's driver commits each change of the schema by itself unless a transaction was begun by hand. In
            # one, an end half-way leaves nothing behind, and a second process waits until the first is through.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")  # looks again at what is there, and does nothing if it is enough


def alembic_config() -> Config:
    """Where the migrations lie."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ValueError as error:  # a port that is no number
        raise ArgumentError(str(error)) from None
    if "\0" in (parsed.database or ""):
        raise ArgumentError("a file name cannot hold NUL")
    # As hosts hand it out, without a driver; which one SQLAlchemy then takes differs between its versions.
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername in ("postgres", "postgresql") else parsed


def _first_line(error: Exception) -> str:
    """What the library says, without the statement and the links that SQLAlchemy adds."""
    return (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on while one writes; FULL makes a commit durable against loss of power.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _row(row: SessionTable) -> SessionRow:
    return SessionRow(
        row.id, row.started_at, row.updated_at, row.language, row.finished, dict(row.setup), tuple(row.plan)
    )
