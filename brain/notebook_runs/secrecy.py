"""No notebook that is written holds the value of a secret: kernels tell which ones they were given, by name."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from brain.config_secrets import SECRET_REFERENCE, Redactor, find_project
from brain.errors import BrainError

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from papermill.engines import NotebookExecutionManager

__all__ = ["Secrecy", "given_here", "tell_of_secret"]

SECRET_GIVEN = "application/vnd.brain.secret+json"  # noqa: S105 - the media type of an output that names a secret
type Reveal = Callable[[str], str]


_given: dict[str, str] = {}


def given_here() -> dict[str, str]:
    """By name the secrets that this process was given."""
    return dict(_given)


def tell_of_secret(name: str, value: str) -> None:
    """Say in the output of the cell that it was given this secret, so that whoever keeps the notebook looks for it."""
    _given[name] = value
    from IPython.core.getipython import get_ipython

    if get_ipython() is None:
        return
    from IPython.display import publish_display_data

    data = {SECRET_GIVEN: {"name": name}, "text/plain": f"(the secret {name})"}
    publish_display_data(data)  # type: ignore[no-untyped-call] # IPython's own


class Secrecy:
    """Keeps values of secrets out of the notebooks of one process."""

    def __init__(self, reveal: Reveal) -> None:
        self._reveal = reveal
        self._redactor = Redactor.of_environment(find_project())
        self._met: set[str] = set()

    def watch(self, manager: "NotebookExecutionManager") -> None:
        """See to it that what papermill writes for a notebook is clean, each time that it does."""
        write = manager.save

        def save(**options: Any) -> None:
            whole, manager.nb = manager.nb, self.clean(manager.nb)
            try:
                write(**options)
            finally:
                manager.nb = whole

        manager.save = save

    def clean(self, notebook: "NotebookNode") -> "NotebookNode":
        """The notebook with a reference wherever the value of a secret stood."""
        from nbformat import from_dict

        self._meet(notebook)
        found = self._redactor.value(notebook)
        whole: NotebookNode = notebook if found is notebook else from_dict(found)  # type: ignore[no-untyped-call]
        return whole

    def _meet(self, notebook: "NotebookNode") -> None:
        """Know the secrets that a notebook was given, and those that its parameters refer to."""
        for name in set(_names_in(notebook)) - self._met:
            self._met.add(name)
            try:
                self._redactor.learn({name: self._reveal(name)})
            except BrainError:  # then it has no value that could stand anywhere
                continue


def _names_in(notebook: "NotebookNode") -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if (given := output.get("data", {}).get(SECRET_GIVEN)) is not None:
                yield given["name"]
    for value in notebook.metadata.get("papermill", {}).get("parameters", {}).values():
        if isinstance(value, str):
            yield from (match[1] for match in SECRET_REFERENCE.finditer(value))
