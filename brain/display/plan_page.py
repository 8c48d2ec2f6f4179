"""A plan as people look at it before it runs: graph, arguments and where each comes from, what it touches and takes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from brain.display.bundles import Views, table_in_markdown
from brain.display.html import image, render
from brain.display.words import preflight_lines
from brain.pipeline_builder.draw import draw
from brain.pipeline_builder.outline import marks, outline
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.preflight import Preflight
from brain.shortened import shown
from brain.visible import visible

__all__ = ["plan_views"]

LONGEST_VALUE = 400
"""Characters of an argument."""


def plan_views(
    pipeline: Pipeline,
    *,
    planner: str = "",
    origins: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    preflight: Preflight | None = None,
) -> Views:
    """The plan in each form; `origins` says where the value of `steps.<id>.arguments.<name>` comes from."""
    facts = [] if preflight is None else list(preflight_lines(preflight))
    steps = list(_steps(pipeline, origins or {}))

    def html() -> str:
        return render(
            "plan.html", name=pipeline.spec.name, planner=planner, graph=image(draw(pipeline)), steps=steps,
            facts=facts, notes=notes,
        )  # fmt: skip

    def markdown() -> str:
        rows = [
            (step["id"], step["tool"], each["name"], each["value"], each["origin"])
            for step in steps
            for each in step["arguments"] or [{"name": "", "value": "", "origin": ""}]
        ]
        table = table_in_markdown(("step", "tool", "argument", "value", "from"), rows)
        return "\n\n".join([f"**{pipeline.spec.name}**", table, *_listed(facts), *notes])

    def plain() -> str:
        lines = [pipeline.spec.name, *(f"{'  ' * row.depth}  {row.step_id}  {row.tool}" for row in outline(pipeline))]
        return visible("\n".join([*lines, *(f"{word}: {text}" for word, text in facts), *notes]))

    return Views(plain, html, markdown)


def _steps(pipeline: Pipeline, origins: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for step_id in pipeline.order:
        step = pipeline.steps[step_id]
        yield {
            "id": step_id,
            "tool": step.definition.name,
            "changes": not step.definition.is_read_only,
            "marks": marks(step),
            "arguments": [
                {
                    "name": name,
                    "value": value if isinstance(value, str) else shown(value, LONGEST_VALUE),
                    "origin": origins.get(f"steps.{step_id}.arguments.{name}", ""),
                }
                for name, value in step.arguments.source.items()
            ],
        }


def _listed(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    if facts:
        yield "\n".join(f"- **{word}** {text}" for word, text in facts)
