"""What a caller may hand over as a pipeline, as a suite, or as what is to be different."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from brain.errors import UsageError
from brain.evaluator import Suite, read_suite
from brain.executor.verdicts import Words
from brain.intent_inference.plan import Plan
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import PipelineSpec, read_spec
from brain.session.resumption import Change

__all__ = ["SpecLike", "SuiteLike", "as_change", "as_spec", "as_suite"]

type SpecLike = PipelineSpec | Plan | Pipeline | Mapping[str, Any] | str | Path
"""A pipeline, or where one is written down; a text with line breaks is the pipeline itself."""
type SuiteLike = Suite | Mapping[str, Any] | str | Path
"""A suite, or where one is written down; a text with line breaks is the suite itself."""


def as_spec(pipeline: SpecLike) -> PipelineSpec:
    """The spec, wherever it stands; raises SpecError, UsageError."""
    match pipeline:
        case PipelineSpec():
            return pipeline
        case Plan() | Pipeline():
            return pipeline.spec
        case Mapping():
            return PipelineSpec.from_value(dict(pipeline))
        case str() if "\n" in pipeline:
            return PipelineSpec.from_text(pipeline)
        case str() | Path():
            return read_spec(Path(pipeline))
        case _:
            raise UsageError(
                f"A pipeline is a PipelineSpec, a Plan, a mapping, a text or the path of a file, not {_told(pipeline)}."
            )


def as_suite(suite: SuiteLike, project: Path) -> tuple[Suite, Path, str]:
    """The suite, the folder of its pipelines, and its file if there is one; raises SuiteError, UsageError."""
    match suite:
        case Suite():
            return suite, project, ""
        case Mapping():
            return Suite.from_value(dict(suite)), project, ""
        case str() if "\n" in suite:
            return Suite.from_text(suite), project, ""
        case str() | Path():
            return read_suite(Path(suite)), Path(suite).parent, str(suite)
        case _:
            raise UsageError(f"A suite is a Suite, a mapping, a text or the path of a file, not {_told(suite)}.")


def as_change(
    pipeline: SpecLike | None,
    inputs: Mapping[str, Any] | None,
    retry_steps: Collection[str],
    skip_steps: Collection[str],
) -> Change:
    """What is to be different when a run goes on; one step may stand without a list around it."""
    if inputs is not None and not isinstance(inputs, Mapping):
        raise UsageError(f"Inputs are a mapping from names to values, not {inputs!r}.")
    spec = None if pipeline is None else as_spec(pipeline)
    return Change(spec, dict(inputs or {}), Words(_names(retry_steps), _names(skip_steps)))


def _told(value: Any) -> str:
    """A value in a message; of one with many parts, such as a DataFrame, what it is."""
    return repr(value) if value is None or isinstance(value, bool | int | float | str) else f"a {type(value).__name__}"


def _names(steps: Collection[str]) -> frozenset[str]:
    return frozenset([steps] if isinstance(steps, str) else steps)
