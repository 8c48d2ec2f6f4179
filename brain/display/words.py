"""What a pipeline would touch and take, and what becomes of a run's steps, in words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from brain.budgets import UNLIMITED, Budget
from brain.figures import dollars
from brain.runs import SHORT_ID_DIGITS, Spending

if TYPE_CHECKING:
    from brain.pipeline_builder.preflight import Estimate, Preflight, SecretNeed, Write
    from brain.tool_registry.definitions import ToolDefinition

__all__ = ["cached_from", "duration", "first_sentence", "preflight_lines", "spent_words", "takes"]

MINUTE, HOUR = 60, 3600
"""Seconds."""


def cached_from(run_id: object) -> str:
    """The run that a result comes from, by the digits that a person names it with."""
    return f"cached from {str(run_id)[-SHORT_ID_DIGITS:]}"


def duration(seconds: float) -> str:
    """How long something has taken so far: `1.2 s`, `3:07`, `1:02:03`."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), MINUTE)
    if seconds < HOUR:
        return f"{minutes}:{rest:02}"
    return f"{minutes // MINUTE}:{minutes % MINUTE:02}:{rest:02}"


def spent_words(spending: Spending, budget: Budget = UNLIMITED) -> str:
    """What a run took from the chat model; nothing where it asked nothing."""
    if not spending.tokens:
        return ""
    cost = "at a price that is not known" if spending.cost_usd is None else dollars(spending.cost_usd)
    of = "" if budget.is_unlimited else f", of a budget of {budget}"
    return f"{spending.tokens:,} tokens, {cost}{of}"


def takes(tool: "ToolDefinition") -> str:
    """The names of what a tool takes, with a question mark where it may be left out."""
    return ", ".join(name if name in tool.required else f"{name}?" for name in tool.parameters)


def first_sentence(text: str) -> str:
    """What a description begins with."""
    return text.partition(". ")[0].rstrip(".") + "."


def preflight_lines(told: "Preflight") -> Iterator[tuple[str, str]]:
    """A word and what there is to say about it, for each that there is something to say about."""
    touched = list(told.hosts)
    if told.undecided:
        touched.append(f"what {_listed(told.undecided)} finds while it runs")
    if touched:
        yield "touches", ", ".join(touched)
    if told.asks_model:
        yield "model", f"{_listed(told.asks_model)} asks the chat model"
    if told.secrets:
        yield "secrets", ", ".join(map(_secret, told.secrets))
    if told.writes:
        yield "changes", "; ".join(f"{_change(write)} (asks first)" for write in told.writes)
    yield "takes", _takes(told.estimate)


def _change(write: "Write") -> str:
    return f"{write.step_id}: {write.tool} {', '.join(write.targets)}".rstrip()


def _secret(need: "SecretNeed") -> str:
    hosts = f" for {', '.join(need.hosts)}" if need.hosts else ""
    return f"{need.name}{hosts}" + ("" if need.is_set else " (not set)")


def _takes(guess: "Estimate | None") -> str:
    if guess is None:
        return "unknown: the past runs could not be read"
    if not guess.calls:
        return "unknown: none of its tools has run here yet"
    parts = [f"about {_seconds(guess.seconds)}"]
    if guess.tokens:
        parts.append(f"{guess.tokens:,} tokens{_cost(guess.cost_usd)}")
    text = f"{' and '.join(parts)}, by {guess.calls:,} earlier call{'s' * (guess.calls != 1)}"
    if guess.each:
        text += f"; more the more items {_listed(guess.each)} has"
    return text + (f"; without {_listed(guess.unknown)}, which never ran" if guess.unknown else "")


def _cost(cost: float | None) -> str:
    """In brackets; of a model on this machine there is nothing to say."""
    if cost is None:
        return " (at a price that is not known)"
    return f" ({dollars(cost)})" if cost else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < MINUTE else f"{seconds / MINUTE:.1f} min"


def _listed(names: tuple[str, ...]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
