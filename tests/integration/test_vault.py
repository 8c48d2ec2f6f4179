"""The table of secrets on a real server: put, looked up, removed, encrypted anew, and never in the clear."""

import asyncio

import psycopg
import pytest

from brain.database.engine import Database
from brain.errors import DatabaseError, SettingsError
from brain.vault import KeyRing, Vault

OLD, NEW, OTHER = (bytes([number] * 32) for number in (1, 2, 3))


@pytest.fixture
def vault(database: Database) -> Vault:
    return Vault(database, KeyRing([OLD]))


async def found(vault: Vault, *names: str) -> dict[str, str]:
    return {name: decrypt() for name, decrypt in (await vault.look_up(names)).items()}


async def test_a_secret_is_kept_replaced_and_removed(vault: Vault) -> None:
    await vault.put("A", "the first value")
    await vault.put("B", "ünïcode\n\0 too")
    [first, _] = await vault.rows()
    assert await found(vault, "A", "B", "C") == {"A": "the first value", "B": "ünïcode\n\0 too"}
    await vault.put("A", "the second value")
    assert await found(vault, "A") == {"A": "the second value"}
    [changed, _] = await vault.rows()
    assert changed.created_at == first.created_at
    assert changed.updated_at > first.updated_at
    assert (await vault.remove("A"), await vault.remove("A")) == (True, False)
    assert [row.name for row in await vault.rows()] == ["B"]


async def test_what_was_looked_up_is_decrypted_only_when_it_is_asked_for(vault: Vault, database: Database) -> None:
    await vault.put("A", "the value")
    closed = Vault(database, KeyRing([NEW]))
    decrypt = (await closed.look_up(["A"]))["A"]
    with pytest.raises(SettingsError, match="The secret A is encrypted under the key"):
        await asyncio.to_thread(decrypt)
    assert [closed.is_readable(row) for row in await closed.rows()] == [False]


async def test_no_value_is_in_the_table_in_the_clear(vault: Vault, database_url: str) -> None:
    await vault.put("A", "the-value-in-the-clear")
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        [(row, raw)] = connection.execute("SELECT s::text, ciphertext FROM brain.secrets s").fetchall()
    assert "the-value" not in row
    assert b"the-value" not in raw
    assert "the-value" not in repr(await vault.rows())


async def test_rows_that_are_swapped_do_not_open(vault: Vault, database: Database) -> None:
    await vault.put("BANK_KEY", "key of the bank")
    await vault.put("WEATHER_KEY", "key of the weather")
    swap = "UPDATE brain.secrets s SET ciphertext = o.ciphertext FROM brain.secrets o WHERE o.name <> s.name"
    async with database.connection() as connection:
        await connection.execute(swap)
    for name in ("BANK_KEY", "WEATHER_KEY"):
        with pytest.raises(SettingsError, match=f"row of the secret {name} was damaged or put there from elsewhere"):
            await found(vault, name)


async def test_rotation_leaves_every_value_under_the_new_key_alone(vault: Vault, database: Database) -> None:
    for number in range(20):
        await vault.put(f"S{number}", f"value number {number}")
    both = Vault(database, KeyRing([NEW, OLD]))
    await both.put("LATER", "under the new key already")
    before = {row.name: row for row in await both.rows()}
    assert await both.rotate() == 21
    after = Vault(database, KeyRing([NEW]))
    rows = {row.name: row for row in await after.rows()}
    assert {row.key_id for row in rows.values()} == {KeyRing([NEW]).require()}
    assert all(rows[name].ciphertext != before[name].ciphertext for name in before)
    assert {row.updated_at for row in rows.values()} == {row.updated_at for row in before.values()}
    assert await found(after, *(f"S{number}" for number in range(20)), "LATER") == {
        **{f"S{number}": f"value number {number}" for number in range(20)},
        "LATER": "under the new key already",
    }


async def test_rotation_is_all_or_nothing(vault: Vault, database: Database) -> None:
    await vault.put("A", "under the old key")
    await Vault(database, KeyRing([OTHER])).put("Z", "under a lost key")
    before = await vault.rows()
    with pytest.raises(SettingsError, match="The secret Z is encrypted under the key"):
        await Vault(database, KeyRing([NEW, OLD])).rotate()
    assert await vault.rows() == before
    with pytest.raises(SettingsError, match="BRAIN_SECRETS_KEY is not set"):
        await Vault(database, KeyRing([])).rotate()


async def test_an_empty_table_has_nothing_to_rotate(vault: Vault) -> None:
    assert await vault.rotate() == 0


async def test_what_is_set_while_others_rotate_is_not_lost(vault: Vault, database: Database) -> None:
    both = Vault(database, KeyRing([NEW, OLD]))
    for number in range(10):
        await vault.put(f"S{number}", "before")
    await asyncio.gather(*(both.rotate() for _ in range(2)), *(both.put(f"S{n}", f"after {n}") for n in range(10)))
    assert await found(both, *(f"S{n}" for n in range(10))) == {f"S{n}": f"after {n}" for n in range(10)}


async def test_a_database_without_the_table_says_what_to_do(database_url: str) -> None:
    async with Database(database_url) as bare:
        with pytest.raises(DatabaseError, match="run `brain db upgrade`"):
            await Vault(bare, KeyRing([OLD])).look_up(["A"])
