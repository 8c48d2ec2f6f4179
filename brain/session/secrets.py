"""The verbs about secrets: keep one in the table, list where each comes from, forget one, encrypt all anew."""

import logging
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from brain.config_secrets import (
    SHORTEST_SECRET,
    ProjectEnvironment,
    Redactor,
    SecretResolver,
    Settings,
    wrong_secret_name,
)
from brain.errors import SettingsError, UsageError
from brain.nearest import did_you_mean
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

if TYPE_CHECKING:
    from brain.vault import StoredSecret, Vault

__all__ = ["SecretInfo", "SecretSource", "SecretUse", "Secrets"]

log = logging.getLogger(__name__)

LONGEST_SECRET = 65_536
"""Characters; room for a chain of certificates."""
UNSTORABLE = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs, which UTF-8 does not have."""


class SecretSource(StrEnum):
    """Where the value comes from that a tool gets."""

    DOTENV = ".env"
    ENVIRONMENT = "environment"
    TABLE = "table"
    NOWHERE = "not set"
    UNREADABLE = "no key"
    """It is in the table, and BRAIN_SECRETS_KEY does not hold the key that opens it."""

    @property
    def has_value(self) -> bool:
        """Whether a tool that asks gets one."""
        return self not in (SecretSource.NOWHERE, SecretSource.UNREADABLE)


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A tool that binds a secret, and the hosts that it may reach once it has it."""

    tool: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What there is to know of a secret but its value."""

    name: str
    source: SecretSource
    uses: tuple[SecretUse, ...]
    is_in_table: bool = False
    """Whether the table holds one, also where `.env` or the environment comes first."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """When the value in the table was last set."""
    key: str | None = None
    """The id of the key that the value in the table is encrypted under."""

    def to_json(self) -> dict[str, Json]:
        """All of it."""
        return {
            "name": self.name,
            "source": str(self.source),
            "in_table": self.is_in_table,
            "tools": [{"name": use.tool, "hosts": list(use.hosts)} for use in self.uses],
            "created_at": self.created_at.isoformat() if self.created_at else None,
            "updated_at": self.updated_at.isoformat() if self.updated_at else None,
            "key": self.key,
        }


class Secrets:
    """The secrets of one project, in the table and beside it."""

    def __init__(
        self,
        settings: Settings,
        tools: Iterable[ToolDefinition],
        redactor: Redactor,
        vault: "Callable[[], Awaitable[Vault]]",
    ) -> None:
        self._settings = settings
        self._uses: dict[str, tuple[SecretUse, ...]] = {}
        for tool in tools:
            for binding in tool.secrets:
                use = SecretUse(tool.name, binding.hosts)
                self._uses[binding.name] = (*self._uses.get(binding.name, ()), use)
        self._redactor = redactor
        self._vault = vault

    async def set(self, name: str, value: str) -> SecretInfo:
        """Keep a value in the table; raises UsageError, and SettingsError where there is no key."""
        _check(name, value)
        self._redactor.learn({name: value})
        vault = await self._vault()
        await vault.put(name, value)
        return next(info for info in await self.list() if info.name == name)

    async def list(self) -> list[SecretInfo]:
        """All that the table holds and all that tools bind, by name."""
        vault = await self._vault()
        rows = {row.name: row for row in await vault.rows()}
        environment = ProjectEnvironment(self._settings.project)
        return [
            self._info(name, rows.get(name), _source(name, rows.get(name), environment, vault))
            for name in sorted(rows.keys() | self._uses.keys())
        ]

    async def remove(self, name: str) -> None:
        """Forget the value in the table; raises UsageError where it holds none."""
        vault = await self._vault()
        if not await vault.remove(name):
            names = [row.name for row in await vault.rows()]
            raise UsageError(
                f"The table holds no secret of that name.{did_you_mean(name, names)} "
                "`brain secrets list` shows where each one comes from."
            )

    async def rotate(self) -> int:
        """Encrypt all of the table under the first key; returns how many values that are."""
        return await (await self._vault()).rotate()

    async def problem(self, name: str) -> str | None:
        """What is wrong with a name that is to stand for a secret, if anything is."""
        if wrong := wrong_secret_name(name):
            return f"{name} {wrong}"
        if ProjectEnvironment(self._settings.project).get(name) or name in await self.look_up([name]):
            return None
        return f"the secret {name} is not set: add it to .env, or brain secrets set {name}"

    async def reveal(self, name: str) -> str:
        """The value of a secret, wherever it is kept; raises SettingsError."""
        resolver = SecretResolver(ProjectEnvironment(self._settings.project), self)
        value = resolver.resolve(name, await resolver.look_up([name]))
        self._redactor.learn({name: value})
        return value

    async def look_up(self, names: Collection[str]) -> Mapping[str, Callable[[], str]]:
        """What the table holds of these names, still encrypted."""
        return await (await self._vault()).look_up(names)

    async def learn(self, vault: "Vault") -> None:
        """Let the redactor know every value that the table holds and that the keys open."""
        values, closed = {}, []
        for row in await vault.rows():
            try:
                values[row.name] = vault.open(row)
            except SettingsError:
                closed.append(row.name)
        self._redactor.learn(values)
        if closed:
            log.warning("No key opens these secrets of the table: %s. brain secrets list says more.", ", ".join(closed))

    def _info(self, name: str, row: "StoredSecret | None", source: SecretSource) -> SecretInfo:
        uses = self._uses.get(name, ())
        if row is None:
            return SecretInfo(name, source, uses)
        return SecretInfo(name, source, uses, True, row.created_at, row.updated_at, row.key_id)


def _check(name: str, value: str) -> None:
    """Raise UsageError where this can be no secret of tools; no message shows the value."""
    if problem := wrong_secret_name(name):
        # a name that is none may be the value, or NAME=VALUE
        raise UsageError(f"{name if name.isidentifier() else 'What was given as a name (it is not shown)'} {problem}.")
    if name.lower() in Settings.model_fields:
        raise UsageError(f"{name} is a setting: those are read from .env and the environment only.")
    if len(value) < SHORTEST_SECRET:
        raise UsageError(
            f"The value for {name} has fewer than {SHORTEST_SECRET} characters: it could not be told from ordinary "
            "words and kept out of results. Take a longer one."
        )
    if len(value) > LONGEST_SECRET or UNSTORABLE.search(value):
        raise UsageError(f"The value for {name} is no text of at most {LONGEST_SECRET:,} characters.")


def _source(name: str, row: "StoredSecret | None", environment: ProjectEnvironment, vault: "Vault") -> SecretSource:
    if environment.get(name):
        return SecretSource.DOTENV if environment.is_written(name) else SecretSource.ENVIRONMENT
    if row is None:
        return SecretSource.NOWHERE
    return SecretSource.TABLE if vault.is_readable(row) else SecretSource.UNREADABLE
