"""Every knob, once. Command line beats environment (`INTERVIEWER_*`) beats `.env` beats these defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from interviewer.errors import InputError


class Settings(BaseSettings):
    """What a user may set. Each field is the environment variable `INTERVIEWER_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="INTERVIEWER_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    data_dir: Path = Field(default_factory=lambda: user_data_path("interviewer"))
    """Where everything the program keeps lies: the database and the index."""
    database_url: str = ""
    """SQLAlchemy URL; empty means a SQLite file in `data_dir`."""
    auth: Literal["auto", "on", "off"] = "auto"
    """Whether the served app asks for a key; auto: unless it can be reached from this computer only."""
    rate_limit: int = Field(default=120, ge=0)
    """Requests a minute to the served API, of one key's owner or else one address; 0: any number."""
    log_json: bool = False
    """Log as JSON lines, a line for every request to the served app included."""
    model_hosts: str = ""
    """Hosts that a model may be asked at, separated by commas; empty: any but those of a cloud's metadata."""
    encoder: str = ""
    """A sentence-transformers id or folder, or an embeddings endpoint (`https://host/v1#model`); empty means the model
    that the installation brings."""
    encoder_key: SecretStr = SecretStr("")
    """The key of the embeddings endpoint, if it wants one."""
    entailment: str = ""
    """A cross-encoder's id or folder with the labels entailment, neutral, contradiction; empty means the model that the
    installation brings."""
    llm: str = ""
    """The chat model that words the interview: `https://host/v1#model` for an OpenAI-compatible server,
    `local:FOLDER_OR_ID` for a causal language model run by transformers, `off` for none; empty means a recommended one
    if it has been downloaded already."""
    llm_key: SecretStr = SecretStr("")
    """The key of the chat server, if it wants one."""
    llm_seconds: float = Field(default=3.0, gt=0, le=120)
    """How long to wait for a model's first sentence before the scripted voice goes on."""
    corpus: Path | None = None
    """A folder of the user's own items, added to the shipped corpus; its ids win."""

    @property
    def accepted(self) -> Path:
        """The folder of the items that were accepted in the app."""
        return self.data_dir / "corpus"

    @property
    def own_corpora(self) -> tuple[Path, ...]:
        """The folders of the user's own items: those accepted in the app, if any were, and `corpus`."""
        accepted = (self.accepted,) if self.accepted.is_dir() and any(self.accepted.iterdir()) else ()
        return (*accepted, *((self.corpus,) if self.corpus else ()))

    @field_validator("data_dir", "corpus")
    @classmethod
    def _at_home(cls, path: Path | None) -> Path | None:
        """`~` is the home folder also where no shell has seen it, as in `.env`."""
        try:
            return path and path.expanduser()
        except RuntimeError as error:
            raise ValueError(str(error)) from None

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'interviewer.db').absolute()}"

    @property
    def difficulties(self) -> Path:
        """Where the questions' estimated levels lie, if they have been estimated."""
        return self.data_dir / "difficulties.json"


def load_settings(**given: object) -> Settings:
    """Settings with what the command line gave; None means not given.

    Raises:
        InputError: a variable or option has a value that cannot be used.
    """
    try:
        return Settings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(p) for p in first["loc"]).upper()
        raise InputError(f"setting INTERVIEWER_{name}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the file .env in this folder cannot be read: {error}") from None
