"""`%brain <verb>` and `%%brain [verb]`: a line is parsed, the Brain is asked once, and what it gives is returned."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from brain.errors import BrainError, UsageError
from brain.nearest import did_you_mean
from brain.notebook.arguments import HelpShown
from brain.notebook.brief import brief

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from brain.notebook.kernel import Kernel

__all__ = ["BrainMagics"]

BEHIND = r"(.*=\s*)?%{1,2}brain\s"
"""What stands before a place where the tab key asks us, as a regular expression."""
PROSE = "ask"
"""What a cell without a verb means."""


@magics_class
class BrainMagics(Magics):
    """The magics of one shell; all that they need is loaded when the first of them is used."""

    def __init__(self, shell: "InteractiveShell") -> None:
        super().__init__(shell)
        self._shell = shell

    @classmethod
    def of(cls, shell: "InteractiveShell") -> "BrainMagics":
        """Those of a shell; it gets them here if it has none."""
        found: BrainMagics | None = shell.magics_manager.registry.get(cls.__name__)
        if found is None:
            found = cls(shell)
            found.register()
        return found

    @cached_property
    def kernel(self) -> "Kernel":
        """The one that the shell belongs to."""
        from brain.notebook.kernel import Kernel

        return Kernel(self._shell)

    def register(self) -> None:
        """Be what `%brain` means in the shell; another one that was is closed."""
        self.unregister(self._shell)
        self._shell.register_magics(self)
        self._shell.set_hook("complete_command", _complete, re_key=BEHIND)  # type: ignore[no-untyped-call] # IPython's own

    @classmethod
    def unregister(cls, shell: "InteractiveShell") -> None:
        """Close the magics of a shell, and take them away."""
        registry = shell.magics_manager.registry
        if (found := registry.pop(cls.__name__, None)) is not None:
            found.close()
            for kind in ("line", "cell"):
                shell.magics_manager.magics[kind].pop("brain", None)

    def close(self) -> None:
        """Cancel what runs here, and let go of the services."""
        if "kernel" in vars(self):
            self.kernel.close()

    @no_var_expand
    @line_cell_magic
    def brain(self, line: str, cell: str | None = None) -> Any:
        """Plain words become a pipeline of tools that runs while you watch: `%brain` lists what there is."""
        text = line.strip()
        is_silent = text.endswith(";")
        try:
            value = self._made(text.rstrip("; "), cell)
        except HelpShown:
            return None
        except (BrainError, KeyboardInterrupt) as exc:
            raise brief(exc) from None
        return None if is_silent else value

    def _made(self, line: str, cell: str | None) -> Any:
        from brain.notebook.verbs import VERBS, Call

        first, _, rest = line.partition(" ")
        if cell is not None and (not first or first.startswith("-")):
            first, rest = PROSE, line
        if first in ("", "help", "-h", "--help"):
            return overview()
        if first not in VERBS:
            raise UsageError(f"%brain has no verb {first!r}.{did_you_mean(first, VERBS)} %brain lists what there is.")
        call = Call.of(VERBS[first], rest, cell, self.kernel)
        value = call.made()
        if call.options.out is None:
            return value
        self.kernel.variables[call.options.out] = value
        return None


def _complete(shell: "InteractiveShell", event: Any) -> list[str]:
    """What IPython's tab key offers; the line ends where the word does that was begun."""
    from brain.notebook.completion import offered

    _, _, text = event.text_until_cursor.partition("brain")
    before = text[: len(text) - len(event.symbol)] if event.symbol else text
    return offered(before, event.symbol, shell.user_ns)


def overview() -> None:
    """Print the verbs, a line each."""
    from brain.notebook.verbs import VERBS

    width = max(map(len, VERBS))
    print("%brain <verb>, or %%brain [verb] with a body; %brain <verb> --help shows its options.\n")  # noqa: T201
    for name, verb in VERBS.items():
        print(f"  {name:{width}}  {verb.help}")  # noqa: T201 - the output of a cell
