"""Settings from `.env` and the environment, validated once."""

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values, load_dotenv
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from brain.budgets import UNLIMITED, Budget
from brain.config_secrets.references import SECRET_NAME
from brain.deadlines import NO_DEADLINE, Deadline
from brain.errors import SettingsError

__all__ = ["KEY_BYTES", "ProjectEnvironment", "Settings", "find_project", "load_settings"]

KEY_BYTES = 32
"""Of a key that the table of secrets is encrypted with (AES-256)."""

DATABASE_URL = "postgresql://user:password@host:5432/database"
HIGHEST_PORT = 65_535

POOLER_PORT = 6543
"""Supabase's transaction pooler, which has neither LISTEN nor session settings."""
POOLER = re.compile(rf"(?:^|@|,)[^/@,?]*:{POOLER_PORT}(?=[/?,]|$)|[?&]port={POOLER_PORT}(?=&|$)")


def _blank_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _switch(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _level(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _budget(value: Any) -> Any:
    return Budget.parse(value) if isinstance(value, str) else value


def _deadline(value: Any) -> Any:
    return Deadline.parse(value) if isinstance(value, str) else value


type Optional[T] = Annotated[T | None, BeforeValidator(_blank_to_none)]
type Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Settings(BaseModel):
    """Everything that can be set, validated once; field names are the variables' names in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    project: Path
    """The project folder: holds `tools.json`, `.env`, `.brain/` and `outputs/`."""
    database_url: Optional[SecretStr] = None
    """A SQLAlchemy URL for psycopg 3; None means the embedded PostgreSQL."""
    database_reader_url: Optional[SecretStr] = None
    """The same database as the login that `sql` uses, which can only read."""
    redis_url: Optional[SecretStr] = None
    """`redis://`, `rediss://` or `unix://`; `off` for none; None: the embedded Redis beside embedded PostgreSQL."""
    openai_api_key: Optional[SecretStr] = None
    openai_base_url: Optional[str] = None
    brain_chat_model: Optional[str] = None
    brain_embedding_model: Optional[str] = None
    brain_embedded: Annotated[Literal["on", "off"], BeforeValidator(_switch)] = "on"
    brain_secrets_key: Optional[SecretStr] = None
    """What the table of secrets is encrypted with: keys separated by commas, of which the first encrypts."""
    brain_tools: Optional[Path] = None
    brain_artifacts_url: Optional[str] = None
    brain_allow_hosts: Listed = ()
    """Hosts, addresses or networks (`10.0.0.0/8`) that tools may reach although they are not public."""
    brain_only_hosts: Listed = ()
    """Where there are any, tools reach nothing else."""
    brain_robots: Annotated[Literal["on", "off"], BeforeValidator(_switch)] = "on"
    brain_host_interval: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0.25
    """Seconds from one request to a host to the next."""
    brain_chromium: Optional[Path] = None
    """The program that browser tools start; None: the one that is found."""
    brain_event_ttl_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 168
    brain_idle_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    brain_executor: Annotated[Literal["auto", "local", "dask"], BeforeValidator(_switch)] = "auto"
    """Where tools are called: in this process, or on a Dask cluster; `auto`: there, where an address is set."""
    dask_scheduler_address: Optional[str] = None
    """`tcp://` or `tls://`, host and port of the scheduler."""
    brain_max_parallel: Annotated[int, Field(ge=1, le=1000)] = 32
    brain_max_processes: Optional[Annotated[int, Field(ge=1, le=1000)]] = None
    """None: as many as this process may use cores."""
    brain_warm_kernels: Annotated[Literal["on", "off"], BeforeValidator(_switch)] = "on"
    """Whether kernels of notebooks that the Brain runs come from a process that has imported what they import."""
    brain_run_budget: Annotated[Budget, BeforeValidator(_budget)] = UNLIMITED
    """What a run may spend on the chat model, unless it is told otherwise."""
    brain_run_deadline: Annotated[Deadline, BeforeValidator(_deadline)] = NO_DEADLINE
    """How long each attempt of a run may take, unless it is told otherwise."""
    brain_plan_repairs: Annotated[int, Field(ge=0, le=10)] = 2
    """How often what is wrong with a plan goes back to the chat model that wrote it."""
    brain_plan_memory: Annotated[Literal["on", "off"], BeforeValidator(_switch)] = "on"
    """Whether earlier runs that people rated help with new plans."""
    brain_progress: Annotated[Literal["auto", "widget", "html", "bars", "plain", "off"], BeforeValidator(_switch)] = (
        "auto"
    )
    brain_log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_level)] = "WARNING"

    @field_validator("database_url", "database_reader_url")
    @classmethod
    def _for_psycopg(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else SecretStr(normalise_database_url(value.get_secret_value()))

    @field_validator("redis_url")
    @classmethod
    def _known_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        text = "" if value is None else value.get_secret_value()
        if text and text != "off" and not text.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("takes redis://, rediss:// or unix:// and the address, or the word off")
        try:
            urlsplit(text).port  # noqa: B018 - reading it checks it
        except ValueError:
            raise ValueError(
                "cannot be read (is the port a number?): takes redis://user:password@host:6379/0"
            ) from None
        return value

    @field_validator("brain_secrets_key")
    @classmethod
    def _known_keys(cls, value: SecretStr | None) -> SecretStr | None:
        _keys(value)
        return value

    @property
    def secrets_keys(self) -> tuple[bytes, ...]:
        """The keys of the table of secrets, the one that encrypts first; none where none is set."""
        return _keys(self.brain_secrets_key)

    @property
    def tools_file(self) -> Path:
        """Where the tool definitions are read from; what is set stands relative to the project."""
        return self._place(self.brain_tools or "tools.json")

    @property
    def state_folder(self) -> Path:
        """Where embedded services and artifacts live."""
        return self.project / ".brain"

    @property
    def artifacts_url(self) -> str:
        """An fsspec URL, or a folder that stands relative to the project."""
        place = self.brain_artifacts_url or str(self.state_folder / "artifacts")
        return place if "://" in place else str(self._place(place))

    @property
    def uses_embedded(self) -> bool:
        """Whether a service without a URL may be started on this machine."""
        return self.brain_embedded == "on"

    @property
    def uses_memory(self) -> bool:
        """Whether earlier runs that people rated help with new plans."""
        return self.brain_plan_memory == "on"

    @property
    def heeds_robots(self) -> bool:
        """Whether pages that robots.txt excludes stay unread."""
        return self.brain_robots == "on"

    def _place(self, path: Path | str) -> Path:
        return self.project / os.path.expanduser(path)  # noqa: PTH111 - pathlib raises where there is no such user


def _keys(written: SecretStr | None) -> tuple[bytes, ...]:
    parts = written.get_secret_value().split(",") if written is not None else ()
    return tuple(_key(part.strip()) for part in parts if part.strip())


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.rstrip("=") + "=", altchars="-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("takes what `brain secrets key` prints, or several of these separated by commas")
    return key


def find_project() -> Path:
    """`BRAIN_HOME`, else the nearest folder upward that holds `tools.json` or `.brain`, else the working folder."""
    if home := os.environ.get("BRAIN_HOME"):
        return Path(home).expanduser().resolve()
    here = Path.cwd().resolve()
    marked = (folder for folder in (here, *here.parents) if is_project(folder))
    return next(marked, here)


def is_project(folder: Path) -> bool:
    """Whether the folder carries the marks of a project."""
    return (folder / "tools.json").is_file() or (folder / ".brain").is_dir()


def load_settings(project: Path | None = None, **overrides: Any) -> Settings:
    """Read `.env` of the project, then the environment, which wins; `overrides` win over both.

    Raises SettingsError that names the variable, what it got (never of a secret) and what it takes.
    """
    folder = (project or find_project()).resolve()
    if not folder.is_dir():
        named = "BRAIN_HOME names" if project is None else "The project is to be"
        raise SettingsError(f"{named} {folder}, where no folder is: make it first, or name another.")
    try:
        _load_env_file(folder / ".env")
        environment = ProjectEnvironment(folder)
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"{folder / '.env'} cannot be read: {reason}.") from None
    known = Settings.model_fields.keys() - {"project"}
    values: dict[str, Any] = {name: environment[name.upper()] for name in known if name.upper() in environment}
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate({"project": folder, **_without_blanks(values)})
    except ValidationError as exc:
        raise SettingsError(_explain(exc, values)) from None


_from_files: dict[str, str] = {}
"""What the `.env` that was loaded last has put into the environment of this process."""


def _load_env_file(path: Path) -> None:
    """Put a project's `.env` into the environment, in place of that of the project before, or of its older state."""
    for name, value in _from_files.items():
        if os.environ.get(name) == value:
            del os.environ[name]
    _from_files.clear()
    before = frozenset(os.environ)
    load_dotenv(path)
    _from_files.update({name: value for name, value in os.environ.items() if name not in before})


class ProjectEnvironment(Mapping[str, str]):
    """The environment as a process has it that works for one project alone: its variables, then the project's `.env`.

    What the `.env` of another project has put there does not count.
    """

    def __init__(self, project: Path) -> None:
        self._file = {name: value for name, value in dotenv_values(project / ".env").items() if value is not None}

    def __getitem__(self, name: str) -> str:
        given = os.environ.get(name)
        return self._file[name] if given is None or given == _from_files.get(name) else given

    def is_written(self, name: str) -> bool:
        """Whether the value is the one that stands in `.env`."""
        return name in self._file and self[name] == self._file[name]

    def __iter__(self) -> Iterator[str]:
        return iter({name for name, value in os.environ.items() if value != _from_files.get(name)} | self._file.keys())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _without_blanks(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if _blank_to_none(value) is not None}


def _explain(exc: ValidationError, values: Mapping[str, Any]) -> str:
    lines = []
    for error in exc.errors(include_url=False, include_input=False):
        name = str(error["loc"][0])
        variable = name.upper()
        got = "a value that is not shown" if SECRET_NAME.search(variable) else repr(values.get(name))
        takes = error["msg"].removeprefix("Value error, ")
        takes = takes[0].lower() + takes[1:]
        lines.append(f"{variable} is {got}: {takes}. Set it in .env or the environment (.env.example explains it).")
    return "\n".join(lines)


def normalise_database_url(url: str) -> str:
    """The URL with SQLAlchemy's name for psycopg 3; refuses other databases and the transaction pooler's port."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError(f"takes {DATABASE_URL}")
    if POOLER.search(rest):
        raise ValueError(
            f"port {POOLER_PORT} is the transaction pooler, which cannot LISTEN: "
            "take the direct URL, port 5432 (Supabase: Connect > Direct connection or Session pooler)"
        )
    if not _is_url(normal := f"postgresql+psycopg://{rest}"):
        raise ValueError(f"cannot be read (is the port a number?): takes {DATABASE_URL}")
    return normal


def _is_url(text: str) -> bool:
    """Whether the engine will be able to read the URL."""
    from sqlalchemy.engine import make_url  # here: most projects set no URL
    from sqlalchemy.exc import ArgumentError

    try:
        port = make_url(text).port
    except (ArgumentError, ValueError):
        return False
    return port is None or 0 < port <= HIGHEST_PORT
