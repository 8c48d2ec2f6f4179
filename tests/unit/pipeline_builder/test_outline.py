from hypothesis import given
from strategies import steps_registry, valid_specs

from brain.pipeline_builder.build import build
from brain.pipeline_builder.outline import OutlineRow, outline
from brain.pipeline_builder.spec import PipelineSpec

TEXT = """
steps:
  - {id: start, tool: values.list}
  - {id: left, tool: values.echo, foreach: "${start}", when: "start", arguments: {value: "${item}"}}
  - {id: right, tool: values.echo, needs: [start]}
  - {id: end, tool: values.echo, arguments: {value: ["${left}", "${right}"]}}
  - {id: alone, tool: values.echo}
"""


def test_a_step_stands_below_its_last_dependency_and_names_the_others() -> None:
    assert outline(build(PipelineSpec.from_text(TEXT), steps_registry())) == [
        OutlineRow(0, "start", "values.list"),
        OutlineRow(1, "left", "values.echo", marks=("each", "if")),
        OutlineRow(1, "right", "values.echo"),
        OutlineRow(2, "end", "values.echo", also_after=("left",)),
        OutlineRow(0, "alone", "values.echo"),
    ]


@given(valid_specs())
def test_each_step_appears_once_below_a_step_that_it_waits_for(spec: PipelineSpec) -> None:
    pipeline = build(spec, steps_registry())
    path: list[str] = []
    seen: set[str] = set()
    for row in outline(pipeline):
        del path[row.depth :]
        parents = set(path[-1:]) if row.depth else set()
        assert parents | set(row.also_after) == pipeline.steps[row.step_id].dependencies
        assert row.step_id not in seen
        seen.add(row.step_id)
        path.append(row.step_id)
    assert seen == set(pipeline.steps)
