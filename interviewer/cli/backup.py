"""`interviewer backup` and `interviewer restore`: everything that is stored, as one file and back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer


def backup(
    file: Annotated[Path, typer.Argument(help="Where to, e.g. all.zip; replaced if it is there.")],
) -> None:
    """Write all interviews and the hashes of all keys to one file, also while the app runs."""
    from interviewer.settings import load_settings
    from interviewer.storage import Store, back_up

    with closing(Store(load_settings().database)) as store:
        rows = back_up(store, file)
    typer.echo(f"{rows} rows → {file}", err=True)


def restore(file: Annotated[Path, typer.Argument(help="What `interviewer backup` wrote.")]) -> None:
    """Read a backup into an empty database, all of it or nothing."""
    from interviewer.settings import load_settings
    from interviewer.storage import Store
    from interviewer.storage import restore as restored

    with closing(Store(load_settings().database)) as store:
        rows = restored(store, file)
    typer.echo(f"{rows} rows restored from {file}", err=True)
