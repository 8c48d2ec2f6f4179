"""The small planner as `session` wires it, on the shipped tools, with tables to ask about."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from planning_tables import DATA_FRAMES, write_projects
from scripted_openai import Answer, Asked, ScriptedOpenAI, says_json

from brain.egress import Egress
from brain.intent_inference.mentions import Request
from brain.intent_inference.offline import OfflinePlanner
from brain.intent_inference.plan import Plan, Question
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.sources import find_sources
from brain.language_models import ChatEndpoint, OpenAIChat, WordLlamaEmbedder
from brain.pipeline_builder.build import build
from brain.tool_registry.context import ToolContext
from brain.tool_registry.registry import Registry, built_in_tools_file
from brain.tool_registry.search import ToolSearch
from brain.tools import table_files

type Ask = Callable[..., Awaitable[Plan]]
"""`ask(request, of="orders", asks={words: column})` plans a request about one of the tables."""


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.from_file(built_in_tools_file())


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects")
    write_projects(folder)
    return folder


@pytest.fixture(scope="session")
def model_server() -> Iterator[ScriptedOpenAI]:
    with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
def model(model_server: ScriptedOpenAI) -> OpenAIChat:
    """A chat model that nobody has told what to say yet."""
    model_server.script()

    async def endpoint() -> ChatEndpoint:
        return ChatEndpoint("scripted", "a-key", model_server.base_url)

    return OpenAIChat("scripted", 4096, endpoint)


@pytest.fixture
def planner(registry: Registry, embedder: WordLlamaEmbedder, model: OpenAIChat) -> OfflinePlanner:
    search = ToolSearch(registry, embedder)
    return OfflinePlanner(registry, search, Similarity(embedder), model, lambda spec: build(spec, registry))


@pytest.fixture
def ask(planner: OfflinePlanner, projects: Path, model_server: ScriptedOpenAI) -> Ask:
    async def plan(request: str, of: str, asks: Mapping[str, str] | None = None) -> Plan:
        project = projects / ("weather" if of == "weather" else "several")
        context = ToolContext(project, Egress(), planner._model, secret=str, report=lambda *_: None)

        async def open_table(path: str) -> pa.Table:
            return table_files.read(path, context=context)

        if asks:
            model_server.script(lambda asked: _choice(asked, asks))
        taken = Request(request)
        tables = {of: DATA_FRAMES[of]} if of in DATA_FRAMES else {}
        return await planner.plan(Question(taken, await find_sources(taken, project, tables, open_table)))

    return plan


def _choice(asked: Asked, asks: Mapping[str, str]) -> Answer:
    """What the model is made to say, as long as it is really asked that."""
    assert set(asked.schema["properties"]) == set(asks)
    assert all(column in asked.schema["properties"][words]["enum"] for words, column in asks.items())
    return says_json(dict(asks))
