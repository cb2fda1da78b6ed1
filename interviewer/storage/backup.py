"""Everything that is stored, as one file: a ZIP of JSON lines, a file a table, with a manifest of their hashes.

A backup is of no database in particular: one made from SQLite can be restored into PostgreSQL, and one of an older
schema into a newer program. It is read as of one moment, while others may go on writing.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, MetaData, Table, create_engine, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from interviewer.errors import InputError, StorageError
from interviewer.storage.store import Store, alembic_config
from interviewer.storage.tables import Base

FORMAT = "interviewer.backup/1"
_BATCH = 500
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, AttributeError, NotImplementedError,
    SQLAlchemyError,
)  # fmt: skip
"""What reading a file raises that is not what `back_up` wrote."""


def back_up(store: Store, path: Path) -> int:
    """Write everything to a file; how many rows that is. The file is seen only when it is whole.

    Raises:
        StorageError: the database cannot be read, or the file cannot be written.
    """
    work = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with store._mapped(), store._database.connect() as connection:
            _as_of_now(connection)
            with work.open("xb") as file:
                rows = _write(connection, file)
                file.flush()
                os.fsync(file.fileno())
        os.replace(work, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        work.unlink(missing_ok=True)
    return rows


def restore(store: Store, path: Path) -> int:
    """Put what a file holds into an empty database, all of it or nothing; how many rows that is.

    Raises:
        InputError: that is no backup or a damaged one, or the database is not empty.
        StorageError: the backup is of a newer version of the program, or the database cannot be written.
    """
    with TemporaryDirectory() as folder:
        # First beside: what is damaged or old is found out, or brought up, before the database is touched.
        scratch = f"sqlite:///{folder}/scratch.db"
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, path, scratch)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from None
        except _DAMAGE as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(f"{path} is no whole backup ({reason}); take another one") from None
        with closing(Store(scratch)) as brought_up, brought_up._database.connect() as source:
            return _copy(source, store)


def _as_of_now(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    else:
        connection.execution_options(isolation_level="REPEATABLE READ")


def _write(connection: Connection, file: Any) -> int:
    from alembic.runtime.migration import MigrationContext

    tables: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in Base.metadata.sorted_tables:
            digest, rows = hashlib.sha256(), 0
            with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as member:
                for row in _rows(connection, table):
                    line = json.dumps(row, ensure_ascii=True).encode() + b"\n"
                    member.write(line)
                    digest.update(line)
                    rows += 1
            tables[table.name] = {"rows": rows, "sha256": digest.hexdigest()}
        manifest = {
            "format": FORMAT,
            "schema": MigrationContext.configure(connection).get_current_revision(),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "tables": tables,
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=2))
    return sum(t["rows"] for t in tables.values())


def _rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    query = select(table).order_by(*table.primary_key).execution_options(yield_per=_BATCH)
    return (dict(row) for row in connection.execute(query).mappings())


def _unpack(archive: zipfile.ZipFile, path: Path, scratch: str) -> None:
    """Make a database of the schema that the backup has, and fill it."""
    from alembic import command
    from alembic.script import ScriptDirectory

    manifest = json.loads(archive.read("manifest.json"))
    if manifest["format"] != FORMAT:
        raise ValueError(f"its format is {manifest['format']!r}")
    config = alembic_config()
    known = {r.revision for r in ScriptDirectory.from_config(config).walk_revisions()}
    if manifest["schema"] not in known:
        raise StorageError(
            f"{path} is of a newer version of this program (schema {manifest['schema']}); update it: "
            "`pip install -U interviewer`"
        )
    database = create_engine(scratch)
    try:
        with database.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, manifest["schema"])
            there = MetaData()
            there.reflect(connection)
            ordered = [t for t in there.sorted_tables if t.name in manifest["tables"]]
            if len(ordered) != len(manifest["tables"]):
                raise ValueError("it has tables that its schema has not")
            for table in ordered:
                _fill(connection, table, archive, manifest["tables"][table.name])
    finally:
        database.dispose()


def _fill(connection: Connection, table: Table, archive: zipfile.ZipFile, expected: dict[str, Any]) -> None:
    digest, rows = hashlib.sha256(), 0
    with archive.open(f"{table.name}.jsonl") as member:
        for line in member:
            digest.update(line)
            connection.execute(insert(table), json.loads(line))
            rows += 1
    if (rows, digest.hexdigest()) != (expected["rows"], expected["sha256"]):
        raise ValueError(f"{table.name}.jsonl is not what was written")


def _copy(source: Connection, store: Store) -> int:
    rows = 0
    with store._mapped(), store._database.begin() as target:
        for table in Base.metadata.sorted_tables:
            if target.scalar(select(func.count()).select_from(table)):
                raise InputError(
                    "a backup is restored into an empty database only; set INTERVIEWER_DATA_DIR to a new folder, or "
                    "INTERVIEWER_DATABASE_URL to a new database"
                )
        for table in Base.metadata.sorted_tables:
            batch: list[dict[str, Any]] = []
            for row in _rows(source, table):
                batch.append(row)
                if len(batch) == _BATCH:
                    target.execute(insert(table), batch)
                    rows += len(batch)
                    batch = []
            if batch:
                target.execute(insert(table), batch)
                rows += len(batch)
    return rows
