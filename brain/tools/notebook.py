"""Notebooks as tools: `run` runs one with parameters, and gives what it recorded and the notebook with its outputs."""

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from brain.artifacts import File
from brain.errors import ToolError
from brain.notebook_runs.parameters import problems_of
from brain.notebook_runs.recording import recorded_in
from brain.notebook_runs.runners import NotebookJob, OpenRunners
from brain.runs import Json
from brain.tool_registry.context import ToolContext
from brain.tools.project_files import path_to_read

__all__ = ["run", "runner_of"]

MEDIA_TYPE = "application/x-ipynb+json"
SUFFIXES = (".ipynb",)


async def run(
    path: str,
    parameters: Mapping[str, Json] | None = None,
    digest: str | None = None,
    cell_timeout: float | None = None,
    *,
    context: ToolContext,
) -> dict[str, Any] | None:
    """Run a notebook on a kernel of its own; what it has written so far stays with the error where it fails.

    With `digest` only that version of it is run. Raises ToolError where there is no such notebook, where it does not
    take the parameters, where a cell fails, and where it is cancelled.
    """
    notebook = path_to_read(context.project, path, SUFFIXES)
    runners = await context.shared.get(OpenRunners(context.project, context.artifacts_url, context.warm_kernels))
    inspected = await runners.inspect(notebook)
    if digest is not None and digest != inspected.digest:
        raise ToolError(f"{path} was changed meanwhile: it is no longer the notebook that was to be run.")
    given = dict(parameters or {})
    if problems := problems_of([given], inspected):
        raise ToolError(f"{path}: {problems[0].what}.")
    with tempfile.TemporaryDirectory(prefix="brain-notebook-") as folder:
        output = Path(folder) / notebook.name
        job = NotebookJob(notebook, output, given, notebook.parent, cell_timeout)
        try:
            error = await runners.run(job, inspected, _reporting(context))
        except asyncio.CancelledError:
            raise ToolError(f"{path} was ended before it came to its end.", left=_left(output)) from None
        left = await asyncio.to_thread(_left, output)
    if error is not None:
        raise ToolError(f"{path}: {error}.", left=left)
    return left


def runner_of(path: str) -> Callable[..., Awaitable[dict[str, Any] | None]]:
    """The tool that one notebook is: what it takes are its parameters."""

    async def run_notebook(*, context: ToolContext, **parameters: Json) -> dict[str, Any] | None:
        return await run(path, parameters, context=context)

    return run_notebook


def _left(output: Path) -> dict[str, Any] | None:
    """The notebook as it is by now, and what it has recorded; None where nothing of it was run."""
    if not output.exists():
        return None
    content = output.read_bytes()
    return {"notebook": File(content, MEDIA_TYPE, output.name), "recorded": recorded_in(json.loads(content)["cells"])}


def _reporting(context: ToolContext) -> Any:
    def on_cell(cell: int, of: int) -> None:
        context.report(100 * (cell - 1) / of, f"cell {cell} of {of}")

    return on_cell
