"""Which past runs mean nearly the same, by the cosine distance of their requests' embeddings (pgvector)."""

from collections.abc import Collection, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from brain.database.tables import EMBEDDING_DIMENSIONS
from brain.errors import ModelError
from brain.knowledge_base.records import SimilarRun
from brain.runs import RunStatus

__all__ = ["SEARCH_ON", "find_similar", "vector_text"]

SEARCH_ON = """
SELECT set_config('hnsw.iterative_scan', 'strict_order', false) FROM pg_extension
WHERE extname = 'vector' AND string_to_array(extversion, '.')::int[] >= '{0,8}'
"""
"""For the session: from pgvector 0.8 the index goes on until enough rows have passed the filters; before, fewer do."""
NEAREST = text(
    """
    SELECT id, request, spec, status, score, feedback, 1 - (embedding <=> CAST(:vector AS vector)) AS similarity
    FROM brain.runs
    WHERE embedding_model = :model AND (:any_status OR status = ANY(:statuses))
    ORDER BY embedding <=> CAST(:vector AS vector)
    LIMIT :limit
    """
)
"""Vectors of another model point elsewhere: they are never compared."""


async def find_similar(
    vector: Sequence[float],
    *,
    model: str,
    limit: int,
    statuses: Collection[RunStatus],
    session: AsyncSession,
) -> list[SimilarRun]:
    """The nearest runs first; no `statuses`: of any status. Raises ModelError as `vector_text`."""
    await session.execute(text(SEARCH_ON))
    rows = await session.execute(
        NEAREST,
        {
            "vector": vector_text(vector, model),
            "model": model,
            "any_status": not statuses,
            "statuses": [str(status) for status in statuses],
            "limit": limit,
        },
    )
    return [
        SimilarRun(row.id, row.request, row.spec, RunStatus(row.status), row.score, row.feedback, row.similarity)
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
