"""What an object shows of itself to IPython: the same in HTML, in Markdown and as plain text."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

__all__ = ["Views", "table_in_markdown"]


@dataclass(frozen=True, slots=True)
class Views:
    """How something looks in each form; one is made where a front end asks for it."""

    plain: Callable[[], str]
    html: Callable[[], str]
    markdown: Callable[[], str]

    def bundle(self, include: Collection[str] | None, exclude: Collection[str] | None) -> dict[str, str]:
        """By media type, as `_repr_mimebundle_` gives it."""
        makers = {"text/plain": self.plain, "text/html": self.html, "text/markdown": self.markdown}
        wanted = [kind for kind in makers if (not include or kind in include) and kind not in (exclude or ())]
        return {kind: makers[kind]() for kind in wanted}


def table_in_markdown(titles: Collection[str], rows: Collection[Collection[object]]) -> str:
    """A table as GitHub Flavored Markdown has it."""
    return "\n".join(_lines(titles, rows))


def _lines(titles: Collection[str], rows: Collection[Collection[object]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{' --- |' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")
