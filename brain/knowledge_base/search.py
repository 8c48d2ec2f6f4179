"""Which rated runs mean nearly the same, by the cosine distance of their requests' embeddings (pgvector)."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from brain.database.tables import EMBEDDING_DIMENSIONS
from brain.errors import ModelError
from brain.knowledge_base.records import RatedRun
from brain.runs import RunStatus

__all__ = ["SEARCH_ON", "find_rated", "vector_text"]

SEARCH_ON = """
SELECT set_config('hnsw.iterative_scan', 'strict_order', false) FROM pg_extension
WHERE extname = 'vector' AND string_to_array(extversion, '.')::int[] >= '{0,8}'
"""
"""For the session: from pgvector 0.8 the index goes on until enough rows have passed the filters; before, fewer do."""
NEAREST_RATED = text(
    """
    SELECT run.id, run.request, run.spec, run.inputs, run.as_of, run.status, rating.stars,
        rating.created_at AS rated_at, 1 - (run.embedding <=> CAST(:vector AS vector)) AS similarity
    FROM brain.runs AS run
    JOIN LATERAL (
        SELECT stars, created_at FROM brain.ratings WHERE run_id = run.id ORDER BY created_at DESC, id DESC LIMIT 1
    ) AS rating ON true
    WHERE run.embedding_model = :model AND run.spec IS NOT NULL AND run.request <> ''
    ORDER BY run.embedding <=> CAST(:vector AS vector), run.id
    LIMIT :limit
    """
)
"""Vectors of another model point elsewhere: they are never compared. Of a run its latest rating counts."""


async def find_rated(vector: Sequence[float], *, model: str, limit: int, session: AsyncSession) -> list[RatedRun]:
    """The nearest runs that somebody rated and that had a plan, well or badly; raises ModelError as `vector_text`."""
    await session.execute(text(SEARCH_ON))
    rows = await session.execute(NEAREST_RATED, {"vector": vector_text(vector, model), "model": model, "limit": limit})
    return [
        RatedRun(
            row.id,
            row.request,
            row.spec,
            row.inputs,
            row.as_of,
            RunStatus(row.status),
            row.stars,
            row.rated_at,
            row.similarity,
        )
        for row in rows
    ]


def vector_text(vector: Sequence[float], model: str) -> str:
    """A vector as pgvector reads it; raises ModelError where the database cannot hold as many numbers."""
    if len(vector) != EMBEDDING_DIMENSIONS:
        raise ModelError(
            f"The embedding model {model} gives {len(vector)} numbers, the knowledge base holds {EMBEDDING_DIMENSIONS}"
            ": set BRAIN_EMBEDDING_MODEL to one that can give as many, or leave it out."
        )
    return "[" + ",".join(repr(float(number)) for number in vector) + "]"
