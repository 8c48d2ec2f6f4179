"""The door that notebooks have: `%load_ext brain`, then `%brain <verb>` and `%%brain`; `call` in Python."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from brain.notebook.steps import call, check, filled, holds
    from brain.notebook_runs.filling import LEFT_OUT

__all__ = ["LEFT_OUT", "call", "check", "filled", "holds", "load_ipython_extension", "unload_ipython_extension"]

_HOMES = {
    "LEFT_OUT": "brain.notebook_runs.filling",
    "call": "brain.notebook.steps",
    "check": "brain.notebook.steps",
    "filled": "brain.notebook.steps",
    "holds": "brain.notebook.steps",
}


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Give a shell the magics; nothing is opened or said."""
    from brain.notebook.magics import BrainMagics

    BrainMagics(shell).register()


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """Cancel what still runs in this kernel, and let go of the services."""
    from brain.notebook.magics import BrainMagics

    BrainMagics.unregister(shell)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'brain.notebook' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
