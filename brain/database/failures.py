"""PostgreSQL's and SQLAlchemy's errors as ours: the one place that knows what theirs look like."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from brain.errors import DatabaseError, DatabaseUnreachable, SchemaMismatch

__all__ = ["Place", "explain", "translated"]

DEFAULT_PORT = 5432
DRIVERS = frozenset({"postgresql", "postgresql+psycopg"})
MISSING_SHAPE = frozenset({"42P01", "42703", "3F000"})
"""SQLSTATE (PostgreSQL manual, appendix A): undefined table, undefined column, undefined schema."""
AWAY = ("08", "57P", "53300")
"""SQLSTATE beginnings: connection failures, server shutting down or starting up, too many connections."""
LOCK_NOT_AVAILABLE = "55P03"
NO_VECTOR = re.compile(r'(type|extension) "vector"|vector\.control')
BUSY = re.compile(r"too many clients|remaining connection slots|max client|starting up|shutting down")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is, without the password, for messages."""

    host: str
    database: str
    user: str

    @classmethod
    def of(cls, url: str) -> Self:
        """The place that a SQLAlchemy URL names; raises DatabaseError where it names none."""
        try:
            parts = make_url(url)
        except (ArgumentError, ValueError):
            parts = make_url("unreadable://")
        if parts.drivername not in DRIVERS:
            raise DatabaseError("The database's URL is not postgresql://user:password@host:5432/database.")
        socket_folder = parts.query.get("host")
        address = f"{parts.host or 'localhost'}:{parts.port or DEFAULT_PORT}"
        return cls(
            host=str(socket_folder) if socket_folder else address,
            database=parts.database or parts.username or "postgres",
            user=parts.username or "",
        )

    def __str__(self) -> str:
        return f"the database {self.database} on {self.host}"


@contextlib.contextmanager
def translated(place: Place) -> Iterator[None]:
    """Turn what the driver or SQLAlchemy raises inside into DatabaseError or one of its kinds."""
    try:
        yield
    except (psycopg.Error, SQLAlchemyError) as exc:
        raise explain(exc, place) from exc


def explain(exc: Exception, place: Place) -> DatabaseError:
    """What went wrong, where, and what to do next; holds neither the password nor the values of a statement."""
    if isinstance(exc, PoolTimeout):
        return DatabaseUnreachable(f"Every connection to {place} is busy and none came free: try again.")
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    state = getattr(cause, "sqlstate", None) or ""
    if NO_VECTOR.search(str(cause)):
        return _without_vector(place)
    if state and not state.startswith(AWAY):
        return _refused(state, _first_words(cause), place)
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return _no_connection(_first_words(cause), place)
    return DatabaseError(f"Working with {place} failed: {_first_words(cause)}.")


def _refused(state: str, said: str, place: Place) -> DatabaseError:
    if state in MISSING_SHAPE:
        return SchemaMismatch(f"In {place} something is missing ({said}): run `brain db upgrade`.")
    if state == LOCK_NOT_AVAILABLE:
        return DatabaseUnreachable(f"Somebody else has held a lock in {place} for too long ({said}): try again.")
    return DatabaseError(f"PostgreSQL refused a statement in {place}: {said} (SQLSTATE {state}).")


def _no_connection(said: str, place: Place) -> DatabaseError:
    if "authentication failed" in said or "no password supplied" in said:
        return DatabaseError(
            f"PostgreSQL on {place.host} refused the password of {place.user}: correct user and password in the URL."
        )
    if f'database "{place.database}" does not exist' in said:
        return DatabaseError(
            f"There is no database {place.database} on {place.host}: create it or correct the name in the URL."
        )
    if "FATAL" in said and not BUSY.search(said):
        return DatabaseError(f"PostgreSQL does not let {place.user} into {place}: {said}.")
    return DatabaseUnreachable(
        f"PostgreSQL on {place.host} cannot be reached ({said}): check that it runs and that the URL is right."
    )


def _without_vector(place: Place) -> DatabaseError:
    return DatabaseError(
        f"In {place} the extension vector (pgvector) is missing: "
        "let its owner run CREATE EXTENSION vector (Supabase: Database > Extensions > vector)."
    )


def _first_words(cause: BaseException) -> str:
    diagnosis = getattr(cause, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or str(cause).strip().partition("\n")[0] or type(cause).__name__
    return re.sub(r"^connection (failed|is bad): ", "", str(said)).rstrip(".")
