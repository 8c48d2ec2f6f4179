"""Encryption of single values: AES-256-GCM (NIST SP 800-38D), each bound to its name."""

import hashlib
import os
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from brain.config_secrets.settings import KEY_BYTES
from brain.errors import SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["KeyRing", "new_key"]

NONCE_BYTES = 12
"""Random for each encryption; a key is good for 2**32 of them (SP 800-38D, 8.3)."""
PURPOSE = "the-brain secret 1"
"""Changes with the layout of what is encrypted."""
ID_DIGITS = 8


def new_key() -> str:
    """A fresh random key as BRAIN_SECRETS_KEY takes it."""
    return secrets.token_urlsafe(KEY_BYTES)


class KeyRing:
    """Keys of which the first encrypts and all decrypt."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_id(key): key for key in keys}

    def require(self) -> str:
        """The id of the key that encrypts; raises SettingsError that says how to get one where there is none."""
        if not self._keys:
            raise SettingsError(
                "BRAIN_SECRETS_KEY is not set, so nothing can be kept encrypted: `brain secrets key` prints a key; put "
                "it into .env or the environment, and a copy where you keep passwords."
            )
        return next(iter(self._keys))

    def opens(self, key_id: str) -> bool:
        """Whether the key with that id is there."""
        return key_id in self._keys

    def encrypt(self, name: str, value: str) -> bytes:
        """The value under the first key, for this name alone; raises SettingsError where there is no key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + _cipher(self._keys[self.require()]).encrypt(nonce, value.encode(), _bound_to(name))

    def decrypt(self, name: str, key_id: str, ciphertext: bytes) -> str:
        """The value; raises SettingsError where its key is not there, or where the row is not what was written."""
        from cryptography.exceptions import InvalidTag

        if key_id not in self._keys:
            raise SettingsError(
                f"The secret {name} is encrypted under the key {key_id}, which BRAIN_SECRETS_KEY does not hold: add "
                f"that key, or store the secret anew with `brain secrets set {name}`."
            )
        nonce, rest = ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:]
        try:
            return _cipher(self._keys[key_id]).decrypt(nonce, rest, _bound_to(name)).decode()
        except (InvalidTag, ValueError):
            raise SettingsError(
                f"The row of the secret {name} was damaged or put there from elsewhere: "
                f"store it anew with `brain secrets set {name}`."
            ) from None


def _id(key: bytes) -> str:
    """Tells keys apart and gives nothing away: the beginning of a hash over 256 random bits."""
    return hashlib.sha256(b"the-brain key id\0" + key).hexdigest()[:ID_DIGITS]


def _bound_to(name: str) -> bytes:
    """Associated data: a ciphertext that is moved to another name does not decrypt."""
    return f"{PURPOSE}\0{name}".encode()


def _cipher(key: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
