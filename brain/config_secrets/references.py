"""`${secret:NAME}`: which names there may be, and what a name stands for at the moment of use."""

import os
import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Protocol

from brain.errors import SettingsError

__all__ = [
    "NEVER_REFERENCED",
    "SECRET_NAME",
    "SECRET_REFERENCE",
    "Decrypt",
    "SecretResolver",
    "SecretTable",
    "wrong_secret_name",
]

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
SECRET_REFERENCE = re.compile(rf"\$\{{secret:({NAME})\}}")

NEVER_REFERENCED = frozenset(
    {"DATABASE_URL", "DATABASE_READER_URL", "REDIS_URL", "OPENAI_API_KEY", "BRAIN_SECRETS_KEY"}
)
"""What the Brain itself lives on can never be handed to a tool."""

SECRET_NAME = re.compile(
    r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|DATABASE_URL|READER_URL|REDIS_URL)$", re.IGNORECASE
)
"""Variables whose values are hidden although no tool binds them."""

type Decrypt = Callable[[], str]
"""Gives a value in the clear; raises SettingsError where no key opens it."""

ADVICE = (
    "add {name}=... to .env or to the environment, or keep it encrypted in the database "
    "with `brain secrets set {name}`."
)
"""What to do about a secret that is not set, on a machine with a project and its database."""

NOTHING: Mapping[str, Decrypt] = MappingProxyType({})


class SecretTable(Protocol):
    """Where secrets are kept that the environment does not have."""

    async def look_up(self, names: Collection[str]) -> Mapping[str, Decrypt]:
        """For each of the names that it holds now, what decrypts it."""


class SecretResolver:
    """Turns `${secret:NAME}` into its value, at the moment of use, for the names that a tool's definition binds.

    The environment, which holds `.env` too, comes first, then the table.
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, table: SecretTable | None = None, advice: str = ADVICE
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._table = table
        self._advice = advice

    async def look_up(self, names: Collection[str]) -> Mapping[str, Decrypt]:
        """What the table holds, still encrypted, of those names that the environment does not have."""
        missing = [name for name in names if not self._environment.get(name)]
        return await self._table.look_up(missing) if missing and self._table is not None else NOTHING

    def resolve(self, name: str, stored: Mapping[str, Decrypt] = NOTHING) -> str:
        """The value of a secret from the environment, else of `stored`, which `look_up` gave; from any thread.

        Raises SettingsError where it is in neither, or is one that no tool may have.
        """
        if problem := wrong_secret_name(name):
            raise SettingsError(f"{name} {problem}.")
        if value := self._environment.get(name):
            return value
        if name in stored:
            return stored[name]()
        raise SettingsError(f"The secret {name} is not set: {self._advice.format(name=name)}")


def wrong_secret_name(name: str) -> str | None:
    """What is wrong with a name for a secret of tools, if anything is."""
    if not re.fullmatch(NAME, name):
        return "is no name for a secret, which has letters, digits and underscores as a variable does"
    if name in NEVER_REFERENCED:
        return "belongs to the Brain itself and is never given to a tool"
    return None
