"""A run, a plan or a pipeline as a notebook file."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from brain.errors import UsageError
from brain.intent_inference.plan import Origin, Plan, Provenance
from brain.notebook_runs.export import Beginning, notebook_of
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import PipelineSpec
from brain.session.given import as_spec
from brain.session.run import Run
from brain.text_files import holds_other

__all__ = ["Exportable", "Exported", "exported", "write_notebook"]

type Exportable = Run | UUID | Plan | Pipeline | PipelineSpec | Mapping[str, Any] | str | Path
"""A run or its id, or a pipeline or where one is written down: in a file whose name ends in one of `FILES`."""

FILES = (".yaml", ".yml", ".json")
ADJUSTABLE = frozenset({Origin.SPAN, Origin.RULE, Origin.ANSWER, Origin.DATA})
"""Where literals come from that a person said in some way, and may want to say differently."""
NOT_IN_NAMES = re.compile(r"[^\w-]+")
HOW = "Each step is a cell, and each call that it makes is remembered as a run. The parameters stand in the cell below."


@dataclass(frozen=True, slots=True)
class Exported:
    """A notebook that is about to be written."""

    name: str
    """Of its pipeline."""
    text: str


def exported(
    source: Exportable, show: Callable[[UUID | str], Run], check: Callable[[PipelineSpec], Pipeline]
) -> Exported:
    """The notebook of what is to become one; raises UsageError, and SpecError where the tools do not fit any more."""
    match source:
        case Run():
            return _of_run(source, check)
        case UUID():
            return _of_run(show(source), check)
        case str() if "\n" not in source and not source.endswith(FILES):
            return _of_run(show(source), check)
        case Plan():
            return _made(source.pipeline, _about(source.spec, "", source.notes), provenance=source.provenance)
        case _:
            spec = as_spec(source)
            return _made(check(spec), _about(spec, ""))


def write_notebook(notebook: Exported, path: str | Path | None, *, overwrite: bool) -> Path:
    """Write it; raises UsageError where it cannot be, or where what stands there may not be replaced."""
    place = (
        Path(path) if path is not None else Path(f"{NOT_IN_NAMES.sub('-', notebook.name).strip('-') or 'run'}.ipynb")
    )
    if place.suffix != ".ipynb":
        raise UsageError(f"A notebook is a file that ends in .ipynb, not {place}.")
    content = notebook.text.encode()
    if not overwrite and holds_other(place, content):
        raise UsageError(
            f"{place} exists already with other content, and nothing was written: name another file, or say that it "
            "may be replaced (overwrite)."
        )
    try:
        place.write_bytes(content)
    except OSError as exc:
        raise UsageError(f"{place} could not be written: {exc.strerror}.") from exc
    return place


def _of_run(run: Run, check: Callable[[PipelineSpec], Pipeline]) -> Exported:
    if run.spec is None:
        raise UsageError(f"The run {run.id} has no pipeline that could become a notebook: it is {run.status}.")
    where = f"Exported from the run {run.id} of {run.created_at.astimezone():%Y-%m-%d %H:%M}, which {_ended(run)}."
    about = _about(run.spec, where, run.notes)
    return _made(check(run.spec), about, run.inputs, str(run.run_id), run.provenance)


def _ended(run: Run) -> str:
    return "succeeded" if run.status == "succeeded" else f"is {run.status}"


def _made(
    pipeline: Pipeline,
    about: Iterable[str],
    values: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    provenance: Iterable[Provenance] = (),
) -> Exported:
    adjustable = frozenset(each.where for each in provenance if each.kind in ADJUSTABLE)
    beginning = Beginning(values or {}, run_id, tuple(filter(None, about)), adjustable)
    try:
        return Exported(pipeline.spec.name, notebook_of(pipeline, beginning))
    except ModuleNotFoundError as exc:
        raise UsageError(
            f"A notebook needs {exc.name}, which is not installed: pip install 'the-brain[lab]'."
        ) from None


def _about(spec: PipelineSpec, where: str, notes: Iterable[str] = ()) -> list[str]:
    """Paragraphs in Markdown; what a person or a model wrote stands in quotation, which starts nothing."""
    quoted = [f"> {' '.join(text.split())}" for text in (spec.request, *notes) if text]
    return [*quoted[:1], where, HOW, *quoted[1:]]
