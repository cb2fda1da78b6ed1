"""A private PostgreSQL server for tests: made in a folder of its own, reached by a socket in it, gone at the end."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest


def _programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    return next(iter([*places, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder of a running server's socket; skips where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    pytest.importorskip("psycopg", reason="the package psycopg is not installed")
    as_root = os.geteuid() == 0
    if as_root and not shutil.which("runuser"):
        pytest.skip("PostgreSQL does not run as root, and there is no runuser here")
    before = ["runuser", "-u", "postgres", "--"] if as_root else []
    folder = tempfile.mkdtemp(prefix="pg")  # short: the path of a socket may have 107 characters

    def run(program: str, *arguments: str) -> None:
        command = [*before, str(programs / program), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr or done.stdout

    if as_root:
        shutil.chown(folder, "postgres")
    try:
        run("initdb", "-D", f"{folder}/data", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "-A", "trust", "-N")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"
        run("pg_ctl", "-D", f"{folder}/data", "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield folder
        finally:
            run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_NUMBERS = count()


@pytest.fixture
def new_postgres(postgres: str) -> Callable[[], str]:
    """Makes an empty schema and gives the URL that leads to it; a database of its own would take seconds."""
    import psycopg

    def make() -> str:
        name = f"test{next(_NUMBERS)}"
        with psycopg.connect(f"host={postgres} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"postgresql://postgres@/postgres?host={postgres}&options=-csearch_path%3D{name}"

    return make
