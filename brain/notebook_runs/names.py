"""Names of Python variables for what a pipeline calls by other names."""

import builtins
import keyword
import re

__all__ = ["Names"]

NOT_IN_NAMES = re.compile(r"\W+")
TAKEN = frozenset({
    *keyword.kwlist, *dir(builtins), "In", "LEFT_OUT", "Out", "brain", "call", "check", "display", "filled",
    "get_ipython", "holds", "index", "inputs", "item", "outputs",
})  # fmt: skip
"""What means something else in a cell."""


class Names:
    """Gives each thing a name that no other has."""

    def __init__(self) -> None:
        self._taken = set(TAKEN)

    def new(self, *wishes: str) -> str:
        """The first of the wishes that can be had, else the last with an underscore or a number behind it."""
        plain = [_identifier(wish) for wish in wishes]
        tries = [*plain, f"{plain[-1]}_", *(f"{plain[-1]}_{number}" for number in range(2, len(self._taken) + 3))]
        name = next(name for name in tries if name not in self._taken)
        self._taken.add(name)
        return name


def _identifier(text: str) -> str:
    name = NOT_IN_NAMES.sub("_", text).strip("_") or "value"
    return name if name.isidentifier() else f"value_{name}"
