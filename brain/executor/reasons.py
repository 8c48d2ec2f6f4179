"""Why a call is made again, or made at all, in words for people."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from brain.artifacts.references import is_set_aside
from brain.executor.verdicts import Asked, Finding, Verdict
from brain.pipeline_builder.pipeline import PlannedStep
from brain.runs import StepResult, StepStatus
from brain.shortened import shortened

__all__ = [
    "BY_WORD",
    "INCOMPLETE",
    "MAY_BE_REPEATED",
    "NEW",
    "UNKNOWN",
    "changes",
    "depends_on",
    "is_other_item",
    "needs_a_word",
    "of_items",
    "unfinished",
]

BY_WORD = "a person said so"
INCOMPLETE = "its artifact is missing"
NEW = "it is new"
UNKNOWN = "nobody knows whether it did its work"
MAY_BE_REPEATED = f"{UNKNOWN}, and it may be done twice"
LONGEST_ERROR = 120
"""Characters of what went wrong before."""
SHOWN_REASONS = 2
"""Of the items of one step."""
ABSENT = object()
OF_ITEMS = frozenset({"item", "index"})
MADE = {Verdict.AGAIN: "which is done again", Verdict.NEW: "which is new"}


def needs_a_word(step_id: str, reason: str) -> str:
    """What a person has to decide, as a sentence."""
    why = reason[:1].upper() + reason[1:]
    return (
        f"{why}, and it may not be done twice: look at what it changes, then resume with --retry-step {step_id} to do "
        f"it again, or with --skip-step {step_id} to go on without it."
    )


def of_items(found: Sequence[Finding]) -> str:
    """Of a `foreach` step how many of its items are done, and why."""
    made = [each for each in found if each.result is None]
    whys = list(dict.fromkeys(each.reason for each in made))
    more = f"; {len(whys) - SHOWN_REASONS} more reasons" if len(whys) > SHOWN_REASONS else ""
    return f"{len(made):,} of {len(found):,} items ({'; '.join(whys[:SHOWN_REASONS])}{more})"


def unfinished(row: StepResult | None, *, is_ready: bool) -> str:
    """Why a call is made that was never finished; `is_ready` says whether all that it needs was."""
    match row:
        case StepResult(status=StepStatus.FAILED, error=error):
            return f"it failed: {_brief(error)}"
        case StepResult(status=StepStatus.SKIPPED, error=error):
            return f"it was skipped: {_brief(error)}"
        case StepResult(status=StepStatus.CANCELLED, fingerprint=None):
            return "it was not begun"
        case StepResult(status=StepStatus.CANCELLED):
            return "it was cancelled"
        case _:
            return "it was not finished" if is_ready or row is not None else "it was not begun"


def depends_on(steps: Collection[str], made: Mapping[str, Verdict]) -> str:
    """A step sees what others give that are made first."""
    how = {step: MADE.get(made.get(step, Verdict.PENDING), "which is done first") for step in sorted(steps)}
    return "; ".join(f"it depends on {step}, {words}" for step, words in how.items())


def changes(row: StepResult, asked: Asked, made: Mapping[str, Verdict]) -> str:
    """In what a call differs from the one that was made before in its place."""
    tool = asked.step.definition
    if row.tool != tool.name:
        return f"its tool is {tool.name}, was {row.tool}"
    return "; ".join([*_newer(row, asked), *_other_data(row, asked, made)]) or "it is one call more than before"


def is_other_item(row: StepResult, asked: Asked, made: Mapping[str, Verdict]) -> bool:
    """Whether a call differs from the one in its place by its item alone: lists grow, and shift."""
    names, step = _changed_names(row, asked), asked.step
    is_same_tool = (row.tool, row.tool_version) == (step.definition.name, step.definition.version)
    of_items = all(_heads(name, step) & OF_ITEMS and not _sources(name, step) & made.keys() for name in names)
    return asked.item is not None and is_same_tool and bool(names) and of_items


def _newer(row: StepResult, asked: Asked) -> Iterator[str]:
    tool = asked.step.definition
    if row.tool_version != tool.version:
        yield f"its tool {tool.name} is version {tool.version}, was {row.tool_version}"


def _other_data(row: StepResult, asked: Asked, made: Mapping[str, Verdict]) -> Iterator[str]:
    unread = [path for where, path in asked.paths.items() if asked.contents.get(where) is None]
    names = _changed_names(row, asked)
    if unread:
        yield f"{', '.join(unread)} cannot be read"
    elif row.fingerprint is None and asked.paths:
        yield f"{', '.join(asked.paths.values())} could not be read before"
    elif asked.at(row.tool_version) == row.fingerprint:
        return
    elif names:
        yield from _changed(names, asked.step, made)
    else:
        yield f"{' or '.join(asked.paths.values()) or 'what it is given'} changed"


def _changed_names(row: StepResult, asked: Asked) -> list[str]:
    before, now = row.arguments, asked.arguments
    changed = [name for name in sorted({*before, *now}) if before.get(name, ABSENT) != now.get(name, ABSENT)]
    # what was too large for a row stands in it as a reference, which tells nothing
    return [name for name in changed if not is_set_aside(before.get(name))] or changed


def _changed(names: list[str], step: PlannedStep, made: Mapping[str, Verdict]) -> Iterator[str]:
    """Arguments that changed because of steps that are made again, and those that changed otherwise."""
    sources = {name: _sources(name, step) & made.keys() for name in names}
    if steps := frozenset[str]().union(*sources.values()):
        yield depends_on(steps, made)
    if others := [name for name in names if not sources[name]]:
        yield f"its arguments changed: {', '.join(others)}"


def _sources(name: str, step: PlannedStep) -> set[str]:
    """The steps that an argument gets its value from."""
    heads = _heads(name, step)
    if heads & OF_ITEMS and step.foreach is not None:
        heads |= {reference.head for reference in step.foreach.references}
    return heads


def _heads(name: str, step: PlannedStep) -> set[str]:
    return {reference.head for reference in step.arguments.references if reference.path[:1] == (name,)}


def _brief(error: str | None) -> str:
    return shortened(" ".join((error or "without a reason").split()), LONGEST_ERROR).rstrip(".")
