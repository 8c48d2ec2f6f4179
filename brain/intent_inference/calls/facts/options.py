"""Facts about an option: how near the request comes to it in meaning, and in which words it is said."""

from collections.abc import Iterator

from brain.intent_inference.calls.candidate import Rule
from brain.intent_inference.calls.scene import Fact, Trial

__all__ = ["meant_options", "options"]


def options(trial: Trial) -> Iterator[Fact]:
    """Of an option whose words stand in the request; nothing about other texts and lists."""
    value, scene = trial.candidate.value, trial.scene
    if trial.candidate.rule != Rule.OPTION or isinstance(value, list):
        return
    fit = scene.closeness.option(trial.position, str(value))
    yield "option fit", fit.own
    yield "option margin", fit.margin
    yield f"option exact={trial.text.lower() == str(value).lower()}", 1.0
    yield f"option tool word={scene.tool_roots.issuperset(scene.reading.roots[trial.first : trial.last])}", 1.0
    yield f"option {trial.argument.need}", 1.0


def meant_options(trial: Trial) -> Iterator[Fact]:
    """Of an option, or a list of options by its first, that no word says."""
    value = trial.candidate.value
    option = str(value[0] if isinstance(value, list) else value)
    fit = trial.scene.closeness.option(trial.position, option)
    fits = trial.scene.closeness.options(trial.position).values()
    yield "meant fit", fit.own
    yield "meant margin", fit.margin
    yield f"meant best={fit.margin >= 0}", 1.0
    yield f"meant fit {trial.argument.need}", fit.own
    yield "meant beside", sum(other > fit.own for other in fits) / max(len(fits), 1)
