"""Past runs by the meaning of their requests, with pgvector."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import EMBEDDING_DIMENSIONS, Run
from brain.errors import ModelError
from brain.knowledge_base.frames import Frames
from brain.knowledge_base.store import RunStore
from brain.runs import RunStatus, new_run_id

MODEL = "wordllama-256"
DAY = date(2026, 11, 30)


@pytest.fixture
def store(database: Database) -> RunStore:
    return RunStore(database, Redactor({}))


def pointing(*parts: float) -> list[float]:
    return [*parts, *[0.0] * (EMBEDDING_DIMENSIONS - len(parts))]


async def remembered(
    store: RunStore, request: str, vector: Sequence[float], model: str = MODEL, status: RunStatus = RunStatus.SUCCEEDED
) -> UUID:
    run = Run(id=new_run_id(), request=request, status=status, score=0.75, spec={"name": request}, as_of=DAY)
    await store.create(run)
    await store.set_embedding(run.id, vector, model)
    return run.id


async def rated(store: RunStore, request: str, vector: Sequence[float], *stars: int, model: str = MODEL) -> UUID:
    run_id = await remembered(store, request, vector, model)
    for given in stars:
        await store.rate(run_id, given)
    return run_id


async def test_the_nearest_rated_runs_come_first_with_their_plans_and_latest_ratings(store: RunStore) -> None:
    same = await rated(store, "rain by month", pointing(2, 0), 1, 5)
    near = await rated(store, "snow by month", pointing(1, 1), 2)
    await rated(store, "fetch a page", pointing(0, 1), 5)
    await rated(store, "of another model", pointing(1, 0), 5, model="other")
    await remembered(store, "never rated", pointing(1, 0))
    await store.create(Run(id=new_run_id(), request="never embedded"))
    found = await store.rated(pointing(1, 0), model=MODEL, limit=2)
    assert [(run.run_id, run.stars, run.spec) for run in found] == [
        (same, 5, {"name": "rain by month"}),
        (near, 2, {"name": "snow by month"}),
    ]
    assert [(run.status, run.as_of) for run in found] == [(RunStatus.SUCCEEDED, DAY)] * 2
    assert [run.similarity for run in found] == pytest.approx([1, 0.5**0.5])


async def test_rated_runs_are_found_however_many_others_are_nearer(store: RunStore, database: Database) -> None:
    wanted = await rated(store, "far away", pointing(0, 1), 5)
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO brain.runs (id, name, request, status, planner, source, tokens_in, tokens_out, attempt,"
            " last_seq, embedding, embedding_model, spec) SELECT gen_random_uuid(), '', 'near', 'failed', '', '', 0, 0,"
            " 1, 0, (ARRAY[1, n * 1e-4] || array_fill(0::float8, ARRAY[254]))::vector, %s, '{}'"
            " FROM generate_series(1, 2000) AS n",
            [MODEL],
        )
        # leaves the planner the index of the vectors only, which by itself ends after the 40 nearest
        await connection.execute(f"ALTER DATABASE {database.place.database} SET enable_sort = off")
    async with Database(database.url) as again:
        found = await RunStore(again, Redactor({})).rated(pointing(1, 0), model=MODEL, limit=5)
    assert [run.run_id for run in found] == [wanted]


async def test_similar_runs_are_a_dataframe_too(store: RunStore, database: Database) -> None:
    first = await remembered(store, "rain by month", pointing(1, 0))
    second = await remembered(store, "snow by month", pointing(1, 1))
    frame = await Frames(database).similar(pointing(1, 0), model=MODEL)
    assert list(frame.columns[:2]) == ["id", "similarity"]
    assert list(frame.run_id) == [str(first), str(second)]
    assert list(frame.similarity) == pytest.approx([1, 0.5**0.5])


async def test_a_vector_of_another_length_is_refused_with_the_model_named(store: RunStore) -> None:
    run = Run(id=new_run_id())
    await store.create(run)
    for refused in (
        store.set_embedding(run.id, [1.0, 2.0], "tiny"),
        store.rated([1.0, 2.0], model="tiny", limit=1),
    ):
        with pytest.raises(ModelError, match="tiny gives 2 numbers, the knowledge base holds 256"):
            await refused
