"""Settings from `.env` and the environment, `${secret:NAME}` references, and the redaction of what they stand for."""

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote

from dotenv import dotenv_values, load_dotenv
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from brain.errors import SettingsError

__all__ = [
    "SECRET_REFERENCE",
    "Redactor",
    "SecretResolver",
    "Settings",
    "find_project",
    "install_log_redaction",
    "load_settings",
]

SECRET_REFERENCE = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_]*)\}")

NEVER_REFERENCED = frozenset(
    {"DATABASE_URL", "DATABASE_READER_URL", "REDIS_URL", "OPENAI_API_KEY", "BRAIN_SECRETS_KEY"}
)
"""What the Brain itself lives on can never be handed to a tool."""

SECRET_NAME = re.compile(
    r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|DATABASE_URL|READER_URL|REDIS_URL)$", re.IGNORECASE
)
SHORTEST_SECRET = 6
"""Characters; a shorter value is not redacted, because it would be found in ordinary words."""

POOLER_PORT = 6543
"""Supabase's transaction pooler, which has neither LISTEN nor session settings."""
POOLER = re.compile(rf"(?:^|@|,)[^/@,?]*:{POOLER_PORT}(?=[/?,]|$)|[?&]port={POOLER_PORT}(?=&|$)")
URL_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^:/@?#]*):(?P<password>[^@?#]+)@")


def _blank_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _switch(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _level(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


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
    brain_tools: Optional[Path] = None
    brain_artifacts_url: Optional[str] = None
    brain_allow_hosts: Listed = ()
    """Hosts, addresses or networks (`10.0.0.0/8`) that tools may reach although they are not public."""
    brain_chromium: Optional[Path] = None
    """The program that browser tools start; None: the one that is found."""
    brain_event_ttl_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 168
    brain_idle_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    brain_max_parallel: Annotated[int, Field(ge=1, le=1000)] = 32
    brain_progress: Annotated[Literal["auto", "bars", "plain", "off"], BeforeValidator(_switch)] = "auto"
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
        return value

    @property
    def tools_file(self) -> Path:
        """Where the tool definitions are read from."""
        return self.brain_tools or self.project / "tools.json"

    @property
    def state_folder(self) -> Path:
        """Where embedded services and artifacts live."""
        return self.project / ".brain"

    @property
    def artifacts_url(self) -> str:
        """An fsspec URL or a folder."""
        return self.brain_artifacts_url or str(self.state_folder / "artifacts")

    @property
    def uses_embedded(self) -> bool:
        """Whether a service without a URL may be started on this machine."""
        return self.brain_embedded == "on"


def find_project(start: Path | None = None) -> Path:
    """`BRAIN_HOME`, else the nearest folder upward that holds `tools.json` or `.brain`, else the working folder."""
    if home := os.environ.get("BRAIN_HOME"):
        return Path(home).expanduser().resolve()
    here = (start or Path.cwd()).resolve()
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
    try:
        load_dotenv(folder / ".env")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"{folder / '.env'} cannot be read: {reason}.") from None
    known = Settings.model_fields.keys() - {"project"}
    values: dict[str, Any] = {name: os.environ[name.upper()] for name in known if name.upper() in os.environ}
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate({"project": folder, **_without_blanks(values)})
    except ValidationError as exc:
        raise SettingsError(_explain(exc, values)) from None


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
        raise ValueError("takes postgresql://user:password@host:5432/database")
    if POOLER.search(rest):
        raise ValueError(
            f"port {POOLER_PORT} is the transaction pooler, which cannot LISTEN: "
            "take the direct URL, port 5432 (Supabase: Connect > Direct connection or Session pooler)"
        )
    return f"postgresql+psycopg://{rest}"


class SecretResolver:
    """Turns `${secret:NAME}` into its value, at the moment of use, for the names that a tool's definition binds."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment

    def resolve(self, name: str) -> str:
        """The value of a secret from the environment (which holds `.env` too).

        Raises SettingsError where it is not set, or is one that no tool may have.
        """
        if name in NEVER_REFERENCED:
            raise SettingsError(f"{name} belongs to the Brain itself and is never given to a tool.")
        environment = os.environ if self._environment is None else self._environment
        value = environment.get(name)
        if not value:
            raise SettingsError(f"The secret {name} is not set: add {name}=... to .env or to the environment.")
        return value


class Redactor:
    """Replaces every known secret value in text by its reference."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        worth = {value: name for name, value in secrets.items() if len(value) >= SHORTEST_SECRET}
        self._names = worth
        longest_first = sorted(worth, key=len, reverse=True)
        either = "|".join(map(re.escape, longest_first))
        self._pattern = re.compile(either) if worth else None
        self._overlapping = re.compile(f"(?=({either}))")
        escaped = (json.dumps(value, ensure_ascii=False)[1:-1] for value in longest_first)
        self._in_json = re.compile("|".join(map(re.escape, escaped))) if worth else None

    @classmethod
    def of_environment(cls, project: Path, names: Iterable[str] = ()) -> Self:
        """Knows all of `.env` and the environment whose names look secret, the passwords in URLs, and `names`."""
        values = {**{k: v for k, v in dotenv_values(project / ".env").items() if v}, **os.environ}
        wanted = frozenset(names)
        secrets = {name: value for name, value in values.items() if name in wanted or SECRET_NAME.search(name)}
        return cls({**dict(_passwords(values)), **secrets})

    def text(self, text: str) -> str:
        """The text with each secret value as `${secret:NAME}`; of secrets that overlap nothing remains."""
        if self._pattern is None or not (first := self._pattern.search(text)):
            return text
        parts, shown = [text[: first.start()]], first.start()
        for match in self._overlapping.finditer(text, first.start()):
            if match.start(1) >= shown:
                parts += [text[shown : match.start(1)], f"${{secret:{self._names[match[1]]}}}"]
            shown = max(shown, match.end(1))
        return "".join([*parts, text[shown:]])

    def is_in_json(self, text: str) -> bool:
        """Whether JSON text (non-ASCII letters unescaped) holds a secret value, as it is or as JSON escapes it."""
        return self._in_json is not None and self._in_json.search(text) is not None

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it, keys too, redacted."""
        if self._pattern is None:
            return value
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self.value(key): self.value(item) for key, item in value.items()}
            case list() | tuple():
                return [self.value(item) for item in value]
            case _:
                return value


def _passwords(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The password in each value that is a URL, also decoded; one that is just the user's name again is no secret."""
    for name, value in values.items():
        if (match := URL_PASSWORD.match(value)) and match["password"] != match["user"]:
            yield f"{name}_PASSWORD", match["password"]
            if (decoded := unquote(match["password"])) != match["password"]:
                yield f"{name}_PASSWORD_DECODED", decoded


def install_log_redaction(redactor: Redactor) -> None:
    """Redact every log record of this process, tracebacks included, whichever handler writes it."""
    make = logging.getLogRecordFactory()
    while isinstance(make, _RedactingFactory):
        make = make.inner
    logging.setLogRecordFactory(_RedactingFactory(make, redactor))


class _RedactingFactory:
    def __init__(self, inner: Any, redactor: Redactor) -> None:
        self.inner = inner
        self._redactor = redactor
        self._formatter = logging.Formatter()

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self.inner(*args, **kwargs)
        record.msg, record.args = self._redactor.text(_message(record)), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = self._redactor.text(self._formatter.formatException(record.exc_info))
        record.exc_info = None  # some handlers would render it themselves
        if record.stack_info:
            record.stack_info = self._redactor.text(record.stack_info)
        return record


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # logging itself would not raise either
        return f"{record.msg} {record.args!r}"
