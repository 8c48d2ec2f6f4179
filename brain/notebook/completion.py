"""What a notebook offers at the tab key behind `%brain`: verbs, options, runs, tools, variables and files."""

import argparse
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brain.config_secrets import Settings

__all__ = ["offered"]

log = logging.getLogger(__name__)

OFFERED_RUNS = 20
PIPELINES = ("*.yaml", "*.yml", "*.json")


def offered(before: str, word: str, variables: Mapping[str, Any]) -> list[str]:
    """What may stand where `word` was begun, behind the text `before`; nothing where something is wrong."""
    try:
        return sorted(text for text in set(_fitting(before, variables)) if text.startswith(word))
    except Exception:
        log.debug("no completion", exc_info=True)
        return []


def _fitting(before: str, variables: Mapping[str, Any]) -> Iterable[str]:
    from brain.notebook.verbs import VERBS

    words = before.split()
    if not words:
        return VERBS
    verb = VERBS.get(words[0])
    if verb is None:
        return ()
    parser = verb.parser()
    option = next((action for action in parser.options if words[-1] in action.option_strings), None)
    if option is not None and option.nargs != 0:
        return _values(option, words, variables)
    return [*parser.flags, *(value for action in parser.positionals for value in _values(action, words, variables))]


def _values(action: argparse.Action, words: list[str], variables: Mapping[str, Any]) -> Iterable[str]:
    if action.choices is not None:
        return map(str, action.choices)
    return _SOURCES.get(action.dest, _nothing)(words, variables)


def _nothing(_words: list[str], _variables: Mapping[str, Any]) -> Iterable[str]:
    return ()


def _runs(_words: list[str], variables: Mapping[str, Any]) -> Iterable[str]:
    from brain.session.recent import recent_runs

    return ["last", *(run for run, _ in recent_runs(_settings(), OFFERED_RUNS)), *_named(variables, "Run", "RunHandle")]


def _steps(words: list[str], _variables: Mapping[str, Any]) -> Iterable[str]:
    from brain.session.recent import steps_of

    run = next((word for word in words[1:] if not word.startswith("-")), "last")
    return [step for step, _ in steps_of(_settings(), run)]


def _tools(_words: list[str], _variables: Mapping[str, Any]) -> Iterable[str]:
    from brain.session.services import tools_file_of
    from brain.tool_registry.registry import Registry

    return [tool.name for tool in Registry.from_file(tools_file_of(_settings()))]


def _pipelines(_words: list[str], variables: Mapping[str, Any]) -> Iterable[str]:
    files = (str(path) for pattern in PIPELINES for path in Path().glob(pattern))
    return [*_named(variables, "Plan", "PipelineSpec", "Pipeline", "dict"), *files]


def _named(variables: Mapping[str, Any], *kinds: str) -> list[str]:
    """The variables of a kind, by the names of their classes: nothing is loaded to find them."""
    return [name for name, value in variables.items() if type(value).__name__ in kinds and not name.startswith("_")]


def _exportable(words: list[str], variables: Mapping[str, Any]) -> Iterable[str]:
    return [*_runs(words, variables), *_pipelines(words, variables)]


_SOURCES: dict[str, Callable[[list[str], Mapping[str, Any]], Iterable[str]]] = {
    "run": _runs,
    "retry_step": _steps,
    "skip_step": _steps,
    "query": _tools,
    "source": _exportable,
    "tool": _tools,
    "pipeline": _pipelines,
}
"""By the name of an argument."""


def _settings() -> "Settings":
    from brain.config_secrets import load_settings

    return load_settings()
