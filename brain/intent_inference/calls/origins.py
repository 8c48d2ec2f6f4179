"""Where a value of a call comes from, in words for people."""

from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.plan import Origin
from brain.shortened import shortened

__all__ = ["origin_of"]

AS_IT_STANDS = frozenset(
    {Rule.PHRASE, Rule.QUOTED, Rule.REST, Rule.DATE_AS_WRITTEN, Rule.EXPRESSION, Rule.LITERAL, "digits"}
)
"""Rules that change nothing."""
LONGEST_QUOTE = 200
"""Characters."""


def origin_of(candidate: Candidate, reading: Reading) -> tuple[str, Origin]:
    """In words, and as a kind."""
    if not candidate.is_placed:
        return "read from the request as a whole", Origin.READING
    words = f"“{shortened(reading.quote(candidate.first, candidate.last), LONGEST_QUOTE)}”"
    if candidate.rule in AS_IT_STANDS:
        return words, Origin.SPAN
    return f"{words} ({candidate.rule})", Origin.RULE
