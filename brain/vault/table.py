"""The table `brain.secrets`: what is in it, put into it, taken out and encrypted anew."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from psycopg.rows import class_row

from brain.database.engine import Database
from brain.vault.keys import KeyRing

__all__ = ["StoredSecret", "Vault"]

COLUMNS = "name, key_id, created_at, updated_at, ciphertext"
ALL = f"SELECT {COLUMNS} FROM brain.secrets ORDER BY name"  # noqa: S608 - a constant of ours
SOME = f"SELECT {COLUMNS} FROM brain.secrets WHERE name = ANY(%s)"  # noqa: S608 - a constant of ours
LOCK = "LOCK TABLE brain.secrets IN SHARE ROW EXCLUSIVE MODE"
PUT = """
INSERT INTO brain.secrets (name, key_id, ciphertext) VALUES (%(name)s, %(key_id)s, %(ciphertext)s)
ON CONFLICT (name) DO UPDATE SET key_id = excluded.key_id, ciphertext = excluded.ciphertext, updated_at = now()
"""
REPLACE = "UPDATE brain.secrets SET key_id = %(key_id)s, ciphertext = %(ciphertext)s WHERE name = %(name)s"
REMOVE = "DELETE FROM brain.secrets WHERE name = %s"


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A row: a secret that only its key opens."""

    name: str
    key_id: str
    created_at: datetime
    updated_at: datetime
    """When the value was last set; encrypting it anew does not count."""
    ciphertext: bytes = field(repr=False)


class Vault:
    """Secrets in the database under the keys of a ring; every method raises DatabaseError where it cannot be used."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys

    async def put(self, name: str, value: str) -> None:
        """Keep a value, instead of the one that was there; raises SettingsError where there is no key."""
        row = self._sealed(name, self._keys.require(), value)
        async with self._database.connection() as connection:
            await connection.execute(PUT, row)

    async def remove(self, name: str) -> bool:
        """Forget a secret; returns whether it was there."""
        async with self._database.connection() as connection:
            return (await connection.execute(REMOVE, [name])).rowcount > 0

    async def rows(self) -> list[StoredSecret]:
        """All of them, by name."""
        async with (
            self._database.connection() as connection,
            connection.cursor(row_factory=class_row(StoredSecret)) as cursor,
        ):
            return await (await cursor.execute(ALL)).fetchall()

    async def look_up(self, names: Collection[str]) -> Mapping[str, Callable[[], str]]:
        """For each of the names that it holds now, what decrypts it, from any thread and at any later moment."""
        async with (
            self._database.connection() as connection,
            connection.cursor(row_factory=class_row(StoredSecret)) as cursor,
        ):
            rows = await (await cursor.execute(SOME, [list(names)])).fetchall()
        return {row.name: partial(self.open, row) for row in rows}

    async def rotate(self) -> int:
        """Encrypt every row under the first key, all or none; returns how many.

        Raises SettingsError where there is no key, or one of them does not open.
        """
        key_id = self._keys.require()
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(LOCK)
            async with connection.cursor(row_factory=class_row(StoredSecret)) as cursor:
                rows = await (await cursor.execute(ALL)).fetchall()
                anew = [self._sealed(row.name, key_id, self.open(row)) for row in rows]
                if anew:
                    await cursor.executemany(REPLACE, anew)
        return len(anew)

    def is_readable(self, row: StoredSecret) -> bool:
        """Whether its key is there."""
        return self._keys.opens(row.key_id)

    def open(self, row: StoredSecret) -> str:
        """The value; raises SettingsError where no key opens it."""
        return self._keys.decrypt(row.name, row.key_id, row.ciphertext)

    def _sealed(self, name: str, key_id: str, value: str) -> dict[str, object]:
        return {"name": name, "key_id": key_id, "ciphertext": self._keys.encrypt(name, value)}
