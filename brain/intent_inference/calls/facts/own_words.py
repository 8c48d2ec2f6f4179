"""Facts about a text that holds words of the argument, of the other arguments or of the tool."""

from collections.abc import Iterator

from brain.intent_inference.calls.scene import Fact, Trial

__all__ = ["own_words"]

SHORT = 2
"""Tokens."""


def own_words(trial: Trial) -> Iterator[Fact]:
    """All of them, and how near the text is to the argument in meaning."""
    yield from _names(trial)
    yield from _tool(trial)
    roots = _roots(trial)
    if told := len(set(roots) & trial.argument.described):
        yield "told words", told / len(roots)
    yield from _meaning(trial)


def _names(trial: Trial) -> Iterator[Fact]:
    """Where words of names stand: `Paris` and `Paris city` for a city."""
    reading, own, roots = trial.scene.reading, trial.argument.roots, _roots(trial)
    case = reading.case(trial.first, trial.last)
    behind = reading.tokens[trial.last] if trial.last < len(reading.tokens) else None
    if behind and reading.roots[trial.last] in own and not behind.is_function_word:
        yield f"name behind {case} {behind.is_capital}", 1.0
    if roots[-1] in own:
        yield f"ends in name {len(roots) == 1} {case}", 1.0
    elif not own.isdisjoint(roots):
        yield "holds name", 1.0
    if roots[0] in own and len(roots) > 1:
        yield "begins with name", 1.0
    if any(not other.roots.isdisjoint(roots) for other in trial.others):
        yield "holds another name", 1.0


def _tool(trial: Trial) -> Iterator[Fact]:
    roots = _roots(trial)
    shared = sum(each in trial.scene.tool_roots for each in roots)
    yield "tool words", shared / len(roots)
    if shared == len(roots):
        yield "only tool words", 1.0


def _meaning(trial: Trial) -> Iterator[Fact]:
    closeness = trial.scene.closeness
    whole = closeness.text(trial.text, trial.position)
    head = closeness.word(trial.last - 1, trial.position)
    yield "similar", whole.own
    yield f"similar {'short' if trial.candidate.length <= SHORT else 'long'}", whole.own
    yield "margin", whole.margin
    yield "head fit", head.own
    yield "head margin", head.margin


def _roots(trial: Trial) -> list[str]:
    return trial.scene.reading.roots[trial.first : trial.last]
