"""`interviewer key`: who may use the served app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from interviewer.storage import Keys

app = typer.Typer(help="Keys to the served app: each owner sees their own interviews only.", no_args_is_help=True)


@app.command()
def create(name: Annotated[str, typer.Argument(help="Whose key: 1 to 32 of a-z, 0-9, dot, dash, underscore.")]) -> None:
    """Make a key and print it. It cannot be shown again: only its hash is kept."""
    with _keys() as keys:
        typer.echo(keys.create(name))
    typer.echo("keep it: it is not shown again; `Authorization: Bearer KEY`, or type it at /login", err=True)


@app.command("list")
def list_() -> None:
    """List the keys: id, owner, when it was made."""
    with _keys() as keys:
        found = keys.all()
    for key in found:
        typer.echo(f"{key.id}  {key.created_at[:16].replace('T', ' ')}  {key.owner}")
    if not found:
        typer.echo("no keys yet; `interviewer key create NAME` makes one", err=True)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `interviewer key list` shows it.")]) -> None:
    """Take a key back, with the logins that were made with it. Interviews stay."""
    with _keys() as keys:
        keys.revoke(key_id)


@contextmanager
def _keys() -> Iterator[Keys]:
    from contextlib import closing

    from interviewer.settings import load_settings
    from interviewer.storage import Keys, Store

    with closing(Store(load_settings().database)) as store:
        yield Keys(store)
