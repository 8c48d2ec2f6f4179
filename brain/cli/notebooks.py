"""Commands about notebooks: export."""

from pathlib import Path
from typing import Annotated

import typer

from brain.cli import completion
from brain.cli.options import AsJson, Overwrite, Project, Tools, open_brain

__all__ = ["export"]


def export(
    source: Annotated[
        str,
        typer.Argument(
            help="A run (the end or beginning of its id, or `last`), or a pipeline in a file that ends in .yaml or "
            ".json.",
            autocompletion=completion.runs,
        ),
    ] = "last",
    notebook: Annotated[
        Path | None,
        typer.Argument(help="The file to write, NAME.ipynb.", show_default="named after the pipeline"),
    ] = None,
    *,
    overwrite: Overwrite = False,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Write a run or a pipeline as a notebook: its inputs are parameters, and each step is a cell."""
    from brain.cli import render
    from brain.cli.screen import json_text

    with open_brain(project, tools) as brain:
        written = brain.export(source, notebook, overwrite=overwrite)
    render.say(
        json_text({"notebook": str(written)})
        if as_json
        else f"{written}: run it cell by cell in JupyterLab, or with papermill {written} out.ipynb"
    )
