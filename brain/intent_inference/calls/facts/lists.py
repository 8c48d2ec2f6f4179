"""Facts about a list: how many members it has, whether they look alike, and whether it is whole."""

from collections.abc import Iterator, Sequence

from brain.intent_inference.calls.scene import Fact, Trial
from brain.intent_inference.similarity import Similarity

__all__ = ["lists"]

MOST_COUNTED = 5
"""Members beyond which more make no difference."""
LONG_MEMBER = 5
"""Words of a member that counts as 1."""
JOINS = frozenset({",", "and", "or", "&"})


def lists(trial: Trial) -> Iterator[Fact]:
    """All of them; the candidate is a list, or an object that is written out."""
    reading, value = trial.scene.reading, trial.candidate.value
    members = value if isinstance(value, list) else []
    before, behind = reading.shape(trial.first - 1), reading.shape(trial.last)
    yield f"members {min(len(members), MOST_COUNTED)}", 1.0
    yield f"brackets {before in ('[', '(') and behind in (']', ')')}", 1.0
    yield f"goes on {behind in JOINS or before in JOINS}", 1.0
    if members and all(isinstance(member, str) for member in members):
        yield from _texts(members, trial.scene.similarity)


def _texts(members: Sequence[str], similarity: Similarity) -> Iterator[Fact]:
    sizes = {len(member.split()) for member in members}
    cases = {member[:1].isupper() for member in members}
    yield f"sizes {'even' if len(sizes) == 1 else 'uneven'}", 1.0
    yield f"cases {'even' if len(cases) == 1 else 'uneven'}", 1.0
    if len(members) > 1:
        vectors = similarity.vectors(members)
        yield "alike", float((vectors[0] @ vectors[1:].T).mean())
        yield "alike ends", float(vectors[0] @ vectors[-1])
        yield "longest member", max(sizes) / LONG_MEMBER
