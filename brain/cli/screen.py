"""The two ends of a terminal, standard output and standard error: nothing that is printed there steers them."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from brain.visible import STEERS, visible

__all__ = ["Screen", "json_text", "note", "page", "print_json", "screen"]

UNBROKEN = 10_000
"""Columns where there is no screen: whoever reads lines gets whole ones."""


class Screen(Console):
    """A console that nothing printed on it can steer; rich's own colours and cursor movements pass."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Text as it will be seen, so that what is laid out has its true width."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The same for what is no plain string (Text, Markdown), whoever made it."""
        for segment in super().render(renderable, options):
            is_harmless = segment.control is not None or segment.text.isprintable()
            yield segment if is_harmless else Segment(visible(segment.text), segment.style)


def screen(*, error: bool = False) -> Screen:
    """Standard output, or standard error, as wide as the terminal; elsewhere no line is broken."""
    console = Screen(stderr=error, emoji=False)
    return console if console.is_terminal else Screen(stderr=error, emoji=False, width=UNBROKEN)


def page() -> Screen:
    """Standard output for prose: as wide as COLUMNS or a terminal at any of the three ends says, else 80 columns."""
    return Screen(emoji=False)


def note(text: str) -> None:
    """A sentence beside the results, on standard error; only a terminal breaks it into lines."""
    console = screen(error=True)
    console.print(text, markup=False, highlight=False, soft_wrap=not console.is_terminal)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON, with the same characters as JSON escapes them: the same value to a program."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    sys.stdout.write(json_text(value, indent=2) + "\n")
