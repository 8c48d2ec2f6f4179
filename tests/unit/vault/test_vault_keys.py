"""Values are encrypted for their names; the first key encrypts and all decrypt."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.config_secrets import Settings, load_settings
from brain.errors import SettingsError
from brain.vault import KeyRing, new_key

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
VALUE = "tok-8Hq2LmX0aZ"


def settings(folder: Path, keys: str) -> Settings:
    return load_settings(folder, brain_secrets_key=keys)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_what_was_encrypted_is_decrypted(value: str) -> None:
    ring = KeyRing([OLD])
    assert ring.decrypt("A", ring.require(), ring.encrypt("A", value)) == value


def test_a_ciphertext_shows_neither_the_value_nor_that_it_is_the_same_one() -> None:
    ring = KeyRing([OLD])
    once, again = ring.encrypt("A", VALUE), ring.encrypt("A", VALUE)
    assert once != again
    assert VALUE.encode() not in once + again
    assert len(once) == 12 + len(VALUE) + 16


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    before = KeyRing([OLD])
    both, after = KeyRing([NEW, OLD]), KeyRing([NEW])
    old, new = before.encrypt("A", VALUE), both.encrypt("A", VALUE)
    assert (both.require(), before.require()) == (after.require(), KeyRing([OLD, NEW]).require())
    assert both.decrypt("A", before.require(), old) == both.decrypt("A", after.require(), new) == VALUE
    assert after.decrypt("A", both.require(), new) == VALUE
    with pytest.raises(
        SettingsError, match=rf"secret A is encrypted under the key {before.require()}, which .* not hold"
    ):
        after.decrypt("A", before.require(), old)


def test_a_ciphertext_that_was_moved_or_changed_is_refused() -> None:
    ring = KeyRing([OLD])
    kept = ring.encrypt("WEATHER_KEY", VALUE)
    broken = [("BANK_KEY", kept), ("WEATHER_KEY", b""), ("WEATHER_KEY", kept[:-1]), ("WEATHER_KEY", kept + b"x")]
    broken += [("WEATHER_KEY", bytes([*kept[:at], kept[at] ^ 1, *kept[at + 1 :]])) for at in (0, 12, len(kept) - 1)]
    for name, ciphertext in broken:
        with pytest.raises(
            SettingsError, match=f"The row of the secret {name} was damaged or put there from elsewhere"
        ):
            ring.decrypt(name, ring.require(), ciphertext)


def test_without_a_key_nothing_is_encrypted_and_the_way_to_one_is_told() -> None:
    with pytest.raises(SettingsError, match=r"BRAIN_SECRETS_KEY is not set.*`brain secrets key` prints a key"):
        KeyRing([]).encrypt("A", VALUE)


def test_fresh_keys_differ_and_settings_take_them(tmp_path: Path) -> None:
    keys = [new_key() for _ in range(100)]
    assert len(set(keys)) == 100
    assert {len(key) for key in settings(tmp_path, ",".join(keys)).secrets_keys} == {32}
    assert settings(tmp_path, f" {keys[0]}= , {keys[1]},").secrets_keys == tuple(
        base64.urlsafe_b64decode(f"{key}=") for key in keys[:2]
    )
    assert settings(tmp_path, "").secrets_keys == Settings(project=tmp_path).secrets_keys == ()


WRONG = ["hunter2-hunter2", new_key()[:-2], f"{new_key()}AAAA", "ä" * 43, "!" * 43, f"{new_key()},short", "0" * 64]


@pytest.mark.parametrize("keys", WRONG, ids=range(len(WRONG)))
def test_a_key_of_another_shape_is_refused_and_never_shown(keys: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, keys)
    said = str(caught.value)
    assert said.startswith("BRAIN_SECRETS_KEY is a value that is not shown: takes what `brain secrets key` prints")
    assert not any(part in said for part in keys.split(","))
    assert caught.value.__suppress_context__


def test_neither_settings_nor_a_ring_show_a_key(tmp_path: Path) -> None:
    key = new_key()
    found = settings(tmp_path, key)
    for shown in (repr(found), str(found), repr(KeyRing(found.secrets_keys))):
        assert key not in shown
        assert repr(found.secrets_keys[0]) not in shown
