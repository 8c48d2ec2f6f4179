"""A piece of a cell's output that can be replaced, by any thread and after the cell has ended."""

from typing import Any

__all__ = ["Place"]


class Place:
    """Empty until something is shown in it."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, content: Any) -> None:
        """Put something there in place of what was: a widget, or anything that IPython displays."""
        from IPython.display import display

        if self._handle is None:
            self._handle = display(content, display_id=True)  # type: ignore[no-untyped-call] # IPython has no types here
        else:
            self._handle.update(content)

    def show_html(self, page: str, plain: str = "") -> None:
        """Put HTML there, which stays when the notebook is saved, and what front ends without it show."""
        self.show(_Page(page, plain))


class _Page:
    def __init__(self, html: str, plain: str) -> None:
        self._bundle = {"text/html": html, "text/plain": plain}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle
