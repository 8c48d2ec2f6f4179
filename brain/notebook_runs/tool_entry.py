"""The entry of `tools.json` that a notebook stands for, from its parameters cell, its texts and what it records."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from brain.errors import UsageError
from brain.notebook_runs.parameters import Inspected
from brain.notebook_runs.warm.imports import nodes_of
from brain.shortened import shortened

__all__ = ["entry_of_notebook"]

NOT_IN_NAMES = re.compile(r"[^a-z0-9_]+")
LONGEST_DESCRIPTION = 300
MARKUP = re.compile(r"[*_`]+|^#+\s*", re.MULTILINE)
"""What Markdown has beside the words."""


def entry_of_notebook(path: Path, written: str, inspected: Inspected) -> dict[str, Any]:
    """The entry, in the order in which one is written; `written` is the path as seen from the project folder.

    Its name is `notebook.` and the notebook's; what it is for stands in its first text cell, what its parameters are
    in the comments behind them. Raises UsageError where no cell is tagged `parameters`.
    """
    if not inspected.has_cell:
        raise UsageError(
            f"{written} is no tool yet: no cell of it is tagged `parameters`, so nobody can give it any. Tag the one "
            "that assigns them."
        )
    cells = json.loads(path.read_bytes())["cells"]
    title, description = _told(cells, path.stem)
    recorded = sorted(set(_recorded(["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"])))
    return {
        "name": f"notebook.{NOT_IN_NAMES.sub('_', path.stem.lower()).strip('_') or 'unnamed'}",
        "description": description,
        "version": "1",
        "annotations": {
            "title": title, "readOnlyHint": False, "destructiveHint": True, "idempotentHint": False,
            "openWorldHint": True,
        },
        "inputSchema": {
            "type": "object",
            "properties": {parameter.name: parameter.schema for parameter in inspected.parameters},
            "required": [],
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "notebook": {"type": "object", "format": "file", "description": "The notebook with its outputs"},
                "recorded": {
                    "type": "object", "description": "What it recorded", "properties": {name: {} for name in recorded}
                },
            },
            "required": ["notebook", "recorded"],
        },
        "run": {"notebook": written},
    }  # fmt: skip


def _told(cells: Sequence[dict[str, Any]], stem: str) -> tuple[str, str]:
    """Title and description: the heading and the paragraphs of the first text cell."""
    texts = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    lines = MARKUP.sub("", next(texts, "")).strip().splitlines()
    title = lines[0].strip() if lines else stem.replace("_", " ").replace("-", " ").capitalize()
    words = " ".join(" ".join(lines[1:]).split()) or f"{title}: a notebook that is run with other parameters."
    return shortened(title, 80), shortened(words, LONGEST_DESCRIPTION)


def _recorded(code: Sequence[str]) -> Iterator[str]:
    """The names under which it records values, as far as they are written out."""
    for node in (node for cell in code for node in nodes_of(cell)):
        match node:
            case ast.Call(
                func=ast.Name(id="record") | ast.Attribute(attr="record"), args=[ast.Constant(str(name)), *_]
            ):
                yield name
