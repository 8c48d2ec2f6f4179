"""Whom a model's client tells that it waits: set around a question, heard where the answer is waited for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["Tell", "notify", "telling"]

type Tell = Callable[[str], object]
"""Takes a sentence for the person who waits; called on the event loop's thread."""

_listener: ContextVar[Tell | None] = ContextVar("listener", default=None)


@contextmanager
def telling(listener: Tell | None) -> Iterator[None]:
    """Tell this listener what happens to the questions that are asked inside."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def notify(text: str) -> None:
    """Tell whoever listens, if anybody does."""
    if (listener := _listener.get()) is not None:
        listener(text)
