"""The small planner with tools that it has never seen: it goes by schemas and annotations, not by names."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from planning_tables import PENGUINS
from strategies import TABLE, tool

from brain.errors import PlanningError
from brain.intent_inference.mentions import Request
from brain.intent_inference.offline import OfflinePlanner
from brain.intent_inference.plan import Plan, Question
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.sources import find_sources
from brain.language_models import WordLlamaEmbedder
from brain.pipeline_builder.build import build
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

COLUMN = {"type": "string", "format": "column"}
KEEP = tool(
    "sieve.keep",
    {"rows": TABLE, "tests": {"x-role": "conditions", "type": "array", "minItems": 1}},
    TABLE,
    required=("rows", "tests"),
    python="word:keep",
)
TALLY = tool(
    "maths.tally",
    {
        "of": TABLE,
        "what": {**COLUMN, "x-role": "measure", "x-column": "number"},
        "how": {"enum": ["plus", "middle"], "default": "plus", "x-cues": {"plus": ["sum"], "middle": ["halfway"]}},
        "each": {**COLUMN, "x-role": "group"},
    },
    {**TABLE, "x-columns": {"{each}": "", "{how}": "double"}},
    required=("of", "what"),
    python="word:tally",
)
CLUSTER = tool(
    "maths.cluster",
    {"of": TABLE, "groups": {"type": "integer", "minimum": 2}},
    TABLE,
    required=("of", "groups"),
    python="word:cluster",
)
SPEAK = tool(
    "voice.speak",
    {"of": TABLE, "tone": {"enum": ["soft", "loud"], "x-cues": {"loud": ["shout"]}}},
    {"type": "object", "format": "file"},
    required=("of",),
    python="word:speak",
)
NOT_RUN = tool("voice.sing", {"of": TABLE}, TABLE, required=("of",))
TOOLS = [KEEP, TALLY, CLUSTER, SPEAK, NOT_RUN]


class NoModel:
    """Nothing here is so unclear that a model has to be asked."""

    name = "none"
    context_tokens = 0

    async def complete(self, *_: Any, **__: Any) -> Any:
        raise AssertionError

    structured = complete


async def plan(request: str, *tools: ToolDefinition, table: pa.Table = PENGUINS) -> Plan:
    registry, embedder = Registry(tools or TOOLS), WordLlamaEmbedder()
    search = ToolSearch(registry, embedder)
    planner = OfflinePlanner(registry, search, Similarity(embedder), NoModel(), lambda spec: build(spec, registry))

    async def no_files(_path: str) -> pa.Table:
        raise AssertionError

    taken = Request(request)
    sources = await find_sources(taken, Path("/nonexistent"), {"birds": table}, no_files)
    return await planner.plan(Question(taken, sources))


async def test_other_tools_are_found_by_what_their_schemas_say() -> None:
    females = {"column": "sex", "operator": "equals", "value": "female"}
    found = await plan("Halfway body mass for each species of the females, and shout it")
    assert [(step.id, step.tool, step.arguments) for step in found.spec.steps] == [
        ("keep", "sieve.keep", {"rows": "${inputs.birds}", "tests": [females]}),
        ("tally", "maths.tally", {"of": "${keep}", "what": "body_mass_g", "how": "middle", "each": "species"}),
        ("speak", "voice.speak", {"of": "${tally}", "tone": "loud"}),
    ]  # fmt: skip
    assert found.spec.outputs == {"table": "${tally}", "speak": "${speak}"}


async def test_a_number_goes_to_the_argument_that_is_named_behind_it() -> None:
    found = await plan("Shout it in 4 groups", CLUSTER, SPEAK)
    assert [step.arguments for step in found.spec.steps] == [
        {"of": "${inputs.birds}", "groups": 4},
        {"of": "${cluster}", "tone": "loud"},
    ]
    with pytest.raises(PlanningError, match="what “4” is for"):
        await plan("Shout it in 4 parts", CLUSTER, SPEAK)


async def test_a_default_that_nobody_asked_for_is_written_where_there_are_several_ways_to_go() -> None:
    found = await plan("Body mass by species")
    assert found.spec.steps[-1].arguments["how"] == "plus"
    assert [each.origin for each in found.provenance if each.where.endswith("how")] == ["default"]


async def test_a_tool_without_code_is_not_planned_with() -> None:
    with pytest.raises(PlanningError):
        await plan("Sing the birds", NOT_RUN)


@pytest.mark.parametrize("request_text", ["Only females", "Sum of the body mass of the females"])
async def test_what_no_tool_can_do_is_declined_rather_than_left_out(request_text: str) -> None:
    with pytest.raises(PlanningError, match="what “females” is for"):
        await plan(request_text, TALLY, SPEAK)


async def test_words_that_fit_two_columns_of_values_are_a_question() -> None:
    moves = pa.table({"origin": ["Oslo", "Bergen"], "target": ["Bergen", "Oslo"], "km": [460, 463]})
    with pytest.raises(PlanningError, match="“Oslo” stands in the columns origin and target: say which one you mean"):
        await plan("Sum of km from Oslo", table=moves)
    found = await plan("Sum of km with target Oslo", table=moves)
    assert found.spec.steps[0].arguments["tests"] == [{"column": "target", "operator": "equals", "value": "Oslo"}]
