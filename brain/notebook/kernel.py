"""What a kernel holds for its magics: its shell, and a Brain that is opened when the first verb needs it."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from brain.errors import BrainError
from brain.notebook.place import Place
from brain.notebook.surface import kind_for, somebody_is_there

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from brain.session import Brain

__all__ = ["Kernel"]


class Kernel:
    """One for each shell; what it opened is let go at the end of the process."""

    def __init__(self, shell: "InteractiveShell") -> None:
        self.shell = shell
        self._opened: dict[str | None, Brain] = {}
        atexit.register(self.close)

    def brain(self, executor: str | None = None) -> "Brain":
        """The Brain of the project that the kernel works in, for an executor; None: the one of the settings."""
        if executor not in self._opened:
            from brain.session import Brain

            self._opened[executor] = Brain(executor=executor, while_opening=self._told)
        return self._opened[executor]

    @property
    def variables(self) -> dict[str, Any]:
        """What the notebook calls by a name."""
        variables: dict[str, Any] = self.shell.user_ns
        return variables

    def surface_kind(self, setting: str) -> str:
        """How a run is shown here."""
        return kind_for(self.shell, setting)

    @property
    def has_person(self) -> bool:
        """Whether somebody can be asked."""
        return somebody_is_there(self.shell)

    def close(self) -> None:
        """Cancel what runs here, and let go of the services."""
        opened, self._opened = self._opened, {}
        for each in opened.values():
            with suppress(BrainError):
                each.close()
        atexit.unregister(self.close)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say that opening takes its time, where somebody looks, and take it away again."""
        if getattr(self.shell, "kernel", None) is None or not self.has_person:
            yield
            return
        place = Place()
        place.show_html("<i style='opacity:.7'>Opening the knowledge base …</i>")
        try:
            yield
        finally:
            place.show_html("")
