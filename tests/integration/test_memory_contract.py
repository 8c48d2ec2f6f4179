"""What every memory of rated runs must do, on plain Python objects and on a real PostgreSQL."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import Run
from brain.intent_inference.memory import InMemory, Memory, RatedPlan
from brain.intent_inference.similarity import Similarity
from brain.knowledge_base.store import RunStore
from brain.language_models import WordLlamaEmbedder
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunStatus, new_run_id, short_id
from brain.session.memory import KnowledgeMemory

type Remembering = Callable[[list[RatedPlan]], Awaitable[Memory]]

DAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
REQUESTS = ("average rainfall by month", "weather in Oslo tomorrow", "the newest issues of a repository")


def plan(request: str, stars: int = 5, status: RunStatus = RunStatus.SUCCEEDED, seconds: int = 0) -> RatedPlan:
    spec = PipelineSpec.from_value({"name": "plan", "steps": [{"id": "s", "tool": "table.read", "arguments": {}}]})
    rated_at = NOW + timedelta(seconds=seconds)
    return RatedPlan(short_id(new_run_id()), request, spec, DAY, status, stars, rated_at, similarity=0.0)


@pytest.fixture
def in_memory(embedder: WordLlamaEmbedder) -> Remembering:
    async def made(plans: list[RatedPlan]) -> Memory:
        return InMemory(plans, Similarity(embedder))

    return made


@pytest.fixture
def in_postgres(database: Database, embedder: WordLlamaEmbedder) -> Remembering:
    store = RunStore(database, Redactor({}))

    async def opened() -> RunStore:
        return store

    async def made(plans: list[RatedPlan]) -> Memory:
        for each in plans:
            run = Run(
                id=new_run_id(), request=each.request, spec=each.spec.to_json(), status=each.status, as_of=each.as_of
            )
            await store.create(run)
            await store.set_embedding(run.id, embedder.embed([each.request])[0].tolist(), embedder.name)
            await store.rate(run.id, each.stars)
        return KnowledgeMemory(opened, embedder)

    return made


@pytest.fixture(params=["in_memory", "in_postgres"])
def remembering(request: pytest.FixtureRequest) -> Remembering:
    made: Remembering = request.getfixturevalue(request.param)
    return made


async def test_the_nearest_come_first_with_the_cosine_of_the_requests(
    remembering: Remembering, embedder: WordLlamaEmbedder
) -> None:
    memory = await remembering([plan(request) for request in REQUESTS])
    found = await memory.nearest("mean rain per month")
    assert found[0].request == REQUESTS[0]
    asked, *vectors = embedder.embed(["mean rain per month", *(each.request for each in found)])
    assert [each.similarity for each in found] == pytest.approx([float(asked @ each) for each in vectors], abs=1e-5)
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)


async def test_well_and_badly_rated_ones_come_with_all_that_is_known(remembering: Remembering) -> None:
    memory = await remembering([plan(REQUESTS[0], 1), plan(REQUESTS[1], 5, RunStatus.FAILED)])
    found = {each.request: each for each in await memory.nearest("rain")}
    assert (found[REQUESTS[0]].stars, found[REQUESTS[1]].stars) == (1, 5)
    assert (found[REQUESTS[0]].status, found[REQUESTS[1]].status) == (RunStatus.SUCCEEDED, RunStatus.FAILED)
    assert {each.as_of for each in found.values()} == {DAY}
    assert found[REQUESTS[0]].spec == plan(REQUESTS[0]).spec


async def test_nothing_remembered_is_nothing_found(remembering: Remembering) -> None:
    assert list(await (await remembering([])).nearest("rain")) == []
