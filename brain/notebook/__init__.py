"""The door that notebooks have: `%load_ext brain`, then `%brain <verb>` and `%%brain`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Give a shell the magics; nothing is opened or said."""
    from brain.notebook.magics import BrainMagics

    BrainMagics(shell).register()


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """Cancel what still runs in this kernel, and let go of the services."""
    from brain.notebook.magics import BrainMagics

    BrainMagics.unregister(shell)
