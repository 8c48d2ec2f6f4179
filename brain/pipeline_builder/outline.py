"""A pipeline as the rows of a tree, for terminals and plain text; how they look is for the surface to say."""

from dataclasses import dataclass

from brain.pipeline_builder.pipeline import Pipeline, PlannedStep

__all__ = ["OutlineRow", "marks", "outline"]


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """One step in a graph that is printed as a tree: it stands below the last of the steps that it waits for."""

    depth: int
    step_id: str
    tool: str
    also_after: tuple[str, ...] = ()
    """The other steps that it waits for."""
    marks: tuple[str, ...] = ()
    """As `marks` gives them."""


def outline(pipeline: Pipeline) -> list[OutlineRow]:
    """The steps as rows of a tree, parents before children; each step appears once."""
    place = {step_id: index for index, step_id in enumerate(pipeline.order)}
    children: dict[str | None, list[str]] = {}
    for step_id in pipeline.order:
        parent = max(pipeline.steps[step_id].dependencies, key=place.__getitem__, default=None)
        children.setdefault(parent, []).append(step_id)
    rows: list[OutlineRow] = []
    pending = [(0, step_id) for step_id in reversed(children.get(None, []))]
    while pending:
        depth, step_id = pending.pop()
        step = pipeline.steps[step_id]
        also_after = tuple(sorted(step.dependencies, key=place.__getitem__)[:-1])
        rows.append(OutlineRow(depth, step_id, step.definition.name, also_after, marks(step)))
        pending.extend((depth + 1, child) for child in reversed(children.get(step_id, [])))
    return rows


def marks(step: PlannedStep) -> tuple[str, ...]:
    """What is special about a step, in a word each: `each` for `foreach`, `if` for `when`."""
    return ("each",) * (step.foreach is not None) + ("if",) * (step.when is not None)
