"""A real JupyterLab with a project folder, and a notebook in it as a person handles it in Chromium."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright

from brain.egress.chromium import find_chromium

__all__ = ["Lab", "Notebook", "chromium", "lab"]

JUPYTER = Path(sys.executable).with_name("jupyter")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
TOKEN = "a-token-for-tests"
START_SECONDS = 60
END_SECONDS = 30
MILLISECONDS = 1000


class Lab:
    """A server on the loopback address."""

    def __init__(self, project: Path, address: str) -> None:
        self.project = project
        self.address = address

    def write(self, name: str, *cells: str) -> None:
        """A notebook of these cells."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made = nbformat.v4.new_notebook(
            metadata={"kernelspec": kernel}, cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
        )
        nbformat.write(made, self.project / name)

    def saved(self, name: str) -> dict[str, Any]:
        """The notebook as it is in its file."""
        read: dict[str, Any] = json.loads((self.project / name).read_text())
        return read


class Notebook:
    """An open notebook."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        self._lab = lab
        self._name = name

    def open(self) -> None:
        """Open it, or load it anew, and wait for its kernel."""
        self.page.goto(f"{self._lab.address}/lab/tree/{self._name}?token={TOKEN}&reset")
        self.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.content?.widgets?.length > 0")
        self.wait_until_idle()

    def run(self, cell: int) -> None:
        """Begin a cell, and return at once."""
        self.page.evaluate(
            "cell => { const app = window.jupyterapp; app.shell.currentWidget.content.activeCellIndex = cell;"
            " app.commands.execute('notebook:run-cell'); }",
            cell,
        )
        self.page.wait_for_function(
            "cell => window.jupyterapp.shell.currentWidget.content.widgets[cell].promptNode.innerText !== '[ ]:'",
            arg=cell,
        )

    def finish(self, cell: int, seconds: float = 60) -> str:
        """Run a cell to its end; what stands below it."""
        self.run(cell)
        self.wait_for(cell, r"^\[\d+\]:", seconds, what="promptNode")
        return self.text(cell)

    def text(self, cell: int) -> str:
        """What stands below a cell."""
        found = self.page.evaluate(
            "cell => window.jupyterapp.shell.currentWidget.content.widgets[cell].outputArea.node.innerText", cell
        )
        return str(found)

    def wait_for(self, cell: int, pattern: str, seconds: float = 30, *, what: str = "outputArea.node") -> str:
        """What stands below a cell, once it fits a pattern."""
        deadline = time.monotonic() + seconds
        look = f"cell => window.jupyterapp.shell.currentWidget.content.widgets[cell].{what}.innerText"
        while time.monotonic() < deadline:
            shown = str(self.page.evaluate(look, cell))
            if re.search(pattern, shown, re.MULTILINE):
                return shown
            self.page.wait_for_timeout(50)
        raise AssertionError(f"Below cell {cell} there is no {pattern!r} but: {shown}")

    def wait_until_idle(self, seconds: float = START_SECONDS) -> None:
        """Return once the kernel waits for work."""
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=seconds * MILLISECONDS,
        )

    def click(self, name: str) -> None:
        """A button, by what stands on it."""
        self.page.locator("button.jupyter-button", has_text=re.compile(rf"^\s*{re.escape(name)}\s*$")).click()

    def execute(self, command: str) -> None:
        """A command of JupyterLab."""
        self.page.evaluate("command => window.jupyterapp.commands.execute(command)", command)

    def restart_kernel(self) -> None:
        """Without the question whether one really wants to."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.wait_until_idle()

    def save(self) -> None:
        """Write it to its file."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def wait_until_saved(self) -> None:
        """Return once its file has all that is shown."""
        self.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context.model.dirty === false")

    def is_trusted(self) -> bool:
        """Whether the outputs of all its cells are from here, as far as JupyterLab knows."""
        look = "() => [...window.jupyterapp.shell.currentWidget.content.model.cells].every(cell => cell.trusted)"
        return bool(self.page.evaluate(look))

    def show_in(self, theme: str) -> None:
        """In another theme: `JupyterLab Dark`, `JupyterLab Light`."""
        self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        self.page.wait_for_timeout(500)


@contextmanager
def lab(project: Path, folder: Path) -> Iterator[Lab]:
    """A server whose own files are in a folder."""
    port = _free_port()
    homes = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    told = {**os.environ, **homes, "IPYTHONDIR": str(folder / "ipython"), "BRAIN_IDLE_MINUTES": "2"}
    environment = {name: value for name, value in told.items() if not name.startswith(("OPENAI_", "PYTEST_"))}
    options = [
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={project}", "--ServerApp.allow_root=True",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with (folder / "lab.log").open("w") as log:
        process = subprocess.Popen(
            [str(JUPYTER), "lab", "--no-browser", *options], env=environment, cwd=project, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(port, process, folder / "lab.log")
        yield Lab(project, f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        _ended(process)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that the tests have."""
    with sync_playwright() as playwright:
        named = os.environ.get("BRAIN_CHROMIUM")
        program = find_chromium(Path(named) if named else None, Path(playwright.chromium.executable_path))
        browser = playwright.chromium.launch(executable_path=program, args=_options(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def _options(options: Sequence[str]) -> list[str]:
    """Only root may not have a sandbox."""
    return [option for option in options if option != "--no-sandbox" or os.geteuid() == 0]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _ended(process: "subprocess.Popen[bytes]") -> None:
    """It gives each of its kernels time to end; what is left then ends without being asked."""
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start: {log.read_text()}")
