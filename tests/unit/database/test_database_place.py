"""What messages say about where a database is."""

import pytest

from brain.database.engine import Database
from brain.database.failures import Place
from brain.errors import DatabaseError


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://ann:hush-hush@db.example.com:5433/main", "the database main on db.example.com:5433"),
        ("postgresql://ann:hush-hush@db.example.com/main", "the database main on db.example.com:5432"),
        ("postgresql+psycopg://ann:hush-hush@/main?host=/run/sockets", "the database main on /run/sockets"),
        ("postgresql+psycopg://ann:hush-hush@db.example.com", "the database ann on db.example.com:5432"),
    ],
)
def test_a_place_is_host_and_database_without_the_password(url: str, said: str) -> None:
    assert str(Place.of(url)) == said
    assert "hush-hush" not in repr(Place.of(url)) + repr(Database(url))


@pytest.mark.parametrize("url", ["mysql://ann:hush-hush@host/main", "hush-hush", "postgresql://a:hush-hush@h:port/x"])
def test_a_url_that_is_not_postgresql_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(DatabaseError, match="postgresql://user:password@host:5432/database") as caught:
        Place.of(url)
    assert "hush-hush" not in str(caught.value)


async def test_a_database_that_was_not_opened_is_a_mistake_in_the_program() -> None:
    with pytest.raises(RuntimeError, match="enter it first"):
        async with Database("postgresql://ann@host/main").session():
            pass
