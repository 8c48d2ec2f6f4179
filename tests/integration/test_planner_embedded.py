"""The small planner with the real embedded model, which decides between columns that the same words fit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from planning_tables import write_projects

from brain import embedded
from brain.egress import Egress
from brain.embedded import chat
from brain.intent_inference.mentions import Request
from brain.intent_inference.offline import OfflinePlanner
from brain.intent_inference.plan import Plan, Question
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.sources import find_sources
from brain.language_models import OpenAIChat, WordLlamaEmbedder
from brain.pipeline_builder.build import build
from brain.tool_registry.context import ToolContext
from brain.tool_registry.registry import Registry, built_in_tools_file
from brain.tool_registry.search import ToolSearch
from brain.tools import table_files


@pytest.fixture
def model(tmp_path: Path) -> Iterator[OpenAIChat]:
    state = tmp_path / ".brain"

    async def endpoint() -> chat.ChatEndpoint:
        return chat.ensure(state, idle_minutes=2)

    yield OpenAIChat("SmolLM2-135M-Instruct", 8192, endpoint)
    embedded.stop_all(state)
    embedded.release(state)


async def test_the_embedded_model_chooses_between_columns_and_nothing_else_the_same_every_time(
    model: OpenAIChat, tmp_path: Path
) -> None:
    write_projects(tmp_path)
    registry, embedder = Registry.from_file(built_in_tools_file()), WordLlamaEmbedder()
    search = ToolSearch(registry, embedder)
    planner = OfflinePlanner(registry, search, Similarity(embedder), model, lambda spec: build(spec, registry))
    request = Request("Average temperature by month")
    context = ToolContext(tmp_path / "weather", Egress(), model, secret=str, report=lambda *_: None)

    async def plan() -> Plan:
        async def open_table(path: str):
            return table_files.read(path, context=context)

        return await planner.plan(Question(request, await find_sources(request, context.project, {}, open_table)))

    first, again = await plan(), await plan()
    aggregate = first.spec.steps[-1].arguments
    assert aggregate["column"] in ("temp_max", "temp_min")
    assert (aggregate["function"], aggregate["by"]) == ("mean", {"column": "date", "part": "month"})
    assert first.planner == "offline with SmolLM2-135M-Instruct"
    assert first.tokens_in > 0 < first.tokens_out
    assert again.spec.to_yaml() == first.spec.to_yaml()
