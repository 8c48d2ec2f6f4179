"""An IPython shell in this process with our magics, and what its cells give and print."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets.config import Config

__all__ = ["Notebook", "opened_shell"]


class Notebook:
    """A shell, and what its cells gave and printed."""

    def __init__(self, shell: InteractiveShell, screen: pytest.CaptureFixture[str]) -> None:
        self.shell = shell
        self._screen = screen
        self.printed = ""

    def __call__(self, cell: str) -> Any:
        """The value of a cell that succeeds."""
        result = self.run(cell)
        result.raise_error()
        return result.result

    def run(self, cell: str) -> ExecutionResult:
        """How a cell ended."""
        self._screen.readouterr()
        result = self.shell.run_cell(cell, store_history=False)
        self.printed = self._screen.readouterr().out
        return result

    def fails(self, cell: str, kind: type[Exception], says: str) -> None:
        """The cell fails with one line, which says this."""
        result = self.run(cell)
        assert isinstance(result.error_in_exec, kind), result.error_in_exec
        assert re.search(says, str(result.error_in_exec))
        assert "Traceback" not in self.printed
        assert self.printed.splitlines()[-1].startswith(f"{kind.__name__}: ") or "\n  - " in self.printed


@contextmanager
def opened_shell(project: Path) -> Iterator[InteractiveShell]:
    """A shell that works in a project, with the extension loaded; there is one in a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setenv("BRAIN_HOME", str(project))
        patch.setenv("IPYTHONDIR", str(project / ".ipython"))
        made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="nocolor")
        made.run_line_magic("load_ext", "brain")
        try:
            yield made
        finally:
            made.run_line_magic("unload_ext", "brain")
            InteractiveShell.clear_instance()
