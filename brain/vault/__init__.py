"""Secrets that are kept encrypted in the database; the environment comes first."""

from brain.vault.keys import KeyRing, new_key
from brain.vault.table import StoredSecret, Vault

__all__ = ["KeyRing", "StoredSecret", "Vault", "new_key"]
