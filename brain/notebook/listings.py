"""Tools and services as a cell shows them; they are lists otherwise."""

from collections.abc import Collection, Iterable, Sequence
from typing import overload

from brain.display.bundles import Views, table_in_markdown
from brain.display.html import render
from brain.display.words import first_sentence, takes
from brain.embedded import ServiceStatus
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Services", "Tools"]


def _bundle(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    include: Collection[str] | None,
    exclude: Collection[str] | None,
) -> dict[str, str]:
    def plain() -> str:
        return "\n".join("  ".join(row) for row in rows) or "nothing"

    views = Views(
        plain,
        lambda: render("listing.html", titles=titles, rows=rows),
        lambda: table_in_markdown(titles, rows),
    )
    return views.bundle(include, exclude)


class _Listing[T](Sequence[T]):
    """A list by another name: IPython has a look of its own for lists, which goes before theirs."""

    def __init__(self, entries: Iterable[T]) -> None:
        self._entries = tuple(entries)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        return self._entries[place]

    def __len__(self) -> int:
        return len(self._entries)


class Tools(_Listing[ToolDefinition]):
    """Tools with what they take and are for."""

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        rows = [
            (
                tool.name,
                takes(tool),
                "" if tool.is_read_only else "asks first",
                first_sentence(tool.description),
            )
            for tool in self
        ]
        return _bundle(("tool", "takes", "", "what it does"), rows, include, exclude)


class Services(_Listing[ServiceStatus]):
    """The embedded services."""

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        rows = [(each.name, str(each.state), each.version or "", each.address or "", each.detail) for each in self]
        return _bundle(("service", "state", "version", "address", "detail"), rows, include, exclude)
