"""The tools of a project: `tools.json` read and checked as a whole, and the code behind a definition."""

import inspect
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from brain.errors import RegistryError, UsageError
from brain.nearest import did_you_mean
from brain.tool_registry.declared import declaration_of
from brain.tool_registry.definitions import Sample, ToolDefinition
from brain.tool_registry.entries import definition_of, samples_of
from brain.tool_registry.typed import CONTEXT, speaking_json

__all__ = ["Registry", "built_in_tools_file", "find_function", "load"]

NOTEBOOKS = "brain.tools.notebook"
"""The module that runs notebooks."""
TOP_LEVEL_KEYS = frozenset({"tools", "samples", "$schema", "version"})


class Registry:
    """Tool definitions by name, in the order of the file."""

    def __init__(self, definitions: Iterable[ToolDefinition], samples: Mapping[str, Sample] | None = None) -> None:
        self._definitions = {definition.name: definition for definition in definitions}
        self.samples = samples or {}
        """What references in examples stand for, where the example itself does not say."""

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read and check a `tools.json`; raises RegistryError that lists everything wrong with it."""
        return cls.from_text(_text(path), path)

    @classmethod
    def from_text(cls, text: str, path: Path) -> Self:
        """The same for what stands, or is about to stand, in a file."""
        value = _parsed(text, path)
        entries = _entries(value, path)
        checked = [definition_of(entry, _place(index, entry)) for index, entry in enumerate(entries)]
        problems = [problem for _, found in checked for problem in found]
        problems += _duplicates(definition for definition, _ in checked if definition)
        samples, wrong = samples_of(value.get("samples", {}))
        if problems or wrong:
            raise RegistryError(_listed(path, [*problems, *wrong]))
        return cls((definition for definition, _ in checked if definition), samples)

    def get(self, name: str) -> ToolDefinition:
        """The definition of a tool; raises UsageError with the nearest names where there is none."""
        try:
            return self._definitions[name]
        except KeyError:
            guess = did_you_mean(name, self._definitions)
            raise UsageError(f"There is no tool {name!r}.{guess} `brain tools` lists the ones there are.") from None

    def only(self, names: Iterable[str]) -> "Registry":
        """A registry of these tools alone, in this one's order; raises UsageError where one is none of its own."""
        wanted = {self.get(name).name for name in names}
        return Registry((tool for tool in self if tool.name in wanted), self.samples)

    def __iter__(self) -> Iterator[ToolDefinition]:
        return iter(self._definitions.values())

    def __len__(self) -> int:
        return len(self._definitions)

    def __contains__(self, name: object) -> bool:
        return name in self._definitions


def built_in_tools_file() -> Path:
    """The `tools.json` that comes with this package: inside an installed one, beside `brain/` in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "tools.json"
    return installed if installed.is_file() else package.parent / "tools.json"


def load(definition: ToolDefinition, importing: Callable[[str], Any] = import_module) -> Callable[..., Any]:
    """Import the code behind a definition; raises RegistryError where it is missing or takes other arguments.

    A function that `brain.tool` decorates gets its arguments as its types say.
    """
    if definition.run is None:
        raise RegistryError(f"The tool {definition.name} can be planned with but not run: its definition has no `run`.")
    if definition.run.notebook is not None:
        runner: Callable[..., Any] = importing(NOTEBOOKS).runner_of(definition.run.notebook)
        return runner
    try:
        function = _found(str(definition.run.python), importing)
        signature = _signature(function)
        _compare(definition, signature)
        if definition.wants_process:
            _refuse_what_cannot_travel(function, signature)
    except _Unfit as exc:
        what = f"The tool {definition.name} cannot be run ({definition.run.python}): {exc}."
        raise RegistryError(what) from exc.__cause__
    return speaking_json(function) if declaration_of(function) else function


def find_function(python: str, importing: Callable[[str], Any] = import_module) -> Callable[..., Any]:
    """The function that `package.module:function` names; raises RegistryError where there is none."""
    try:
        return _found(python, importing)
    except _Unfit as exc:
        raise RegistryError(f"{python} is no tool yet: {exc}.") from exc.__cause__


class _Unfit(Exception):
    """What keeps code from being a tool."""


def _found(python: str, importing: Callable[[str], Any]) -> Callable[..., Any]:
    module_name, _, function_name = python.partition(":")
    function: Callable[..., Any] | None = getattr(_module(module_name, importing), function_name, None)
    if not callable(function):
        what = "is no function" if function is not None else "does not exist"
        raise _Unfit(f"{function_name} {what} in {module_name}")
    return function


def _module(name: str, importing: Callable[[str], Any]) -> Any:
    try:
        return importing(name)
    except ModuleNotFoundError as exc:
        if exc.name and (name == exc.name or name.startswith(f"{exc.name}.")):
            raise _Unfit(f"there is no module {name}; install it, or put it in the project folder") from exc
        raise _Unfit(f"the module {name} needs {exc.name}, which is not installed") from exc
    except Exception as exc:  # any error may come out of code that is imported
        raise _Unfit(f"the module {name} cannot be imported ({type(exc).__name__}: {exc})") from exc


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        name = getattr(function, "__name__", repr(function))
        raise _Unfit(f"nobody can tell what {name} takes; name a function that is written in Python") from None


def _refuse_what_cannot_travel(function: Callable[..., Any], signature: inspect.Signature) -> None:
    if inspect.iscoroutinefunction(function):
        raise _Unfit("an async function cannot have a process of its own; write it without async, or leave process out")
    if CONTEXT in signature.parameters:
        raise _Unfit(
            "a context cannot go into a process of its own; write the function without it, or leave process out"
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RegistryError(
            f"There is no {path}: copy the built-in tools from {built_in_tools_file()} to there, "
            "or name another file in BRAIN_TOOLS."
        ) from None
    except OSError as exc:
        raise RegistryError(f"{path} cannot be read: {exc.strerror}.") from None
    except UnicodeDecodeError:
        raise RegistryError(f"{path} cannot be read: it is not UTF-8 text.") from None


def _parsed(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        raise RegistryError(f"{path} is no valid JSON: line {exc.lineno}, column {exc.colno}: {exc.msg}.") from None
    except RecursionError:
        raise RegistryError(f"{path} cannot be read: it is nested too deeply.") from None


def _entries(value: Any, path: Path) -> list[Any]:
    if not isinstance(value, dict) or not isinstance(value.get("tools"), list):
        raise RegistryError(f'{path} must hold an object with a list of tools: {{"tools": [...]}}.')
    if unknown := sorted(value.keys() - TOP_LEVEL_KEYS):
        raise RegistryError(_listed(path, [f"{key}: is not known beside `tools`" for key in unknown]))
    return list(value["tools"])


def _duplicates(definitions: Iterable[ToolDefinition]) -> list[str]:
    counted = Counter(definition.name for definition in definitions)
    return [f"{name}: is defined {times} times" for name, times in counted.items() if times > 1]


def _place(index: int, entry: Any) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"tools[{index}] ({name})" if isinstance(name, str) else f"tools[{index}]"


def _listed(path: Path, problems: list[str]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"{path} has {count}:\n" + "\n".join(f"  - {problem}" for problem in problems)


def _compare(definition: ToolDefinition, signature: inspect.Signature) -> None:
    """Raise where the parameters of the function and the properties of inputSchema differ."""
    parameters = {name: parameter for name, parameter in signature.parameters.items() if name != CONTEXT}
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    not_taken = [name for name in definition.parameters if name not in parameters and not takes_any]
    never_given = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        and name not in definition.required
    ]
    if not_taken:
        raise _Unfit(f"inputSchema has {', '.join(not_taken)}, which the function does not take")
    if never_given:
        raise _Unfit(f"the function needs {', '.join(never_given)}, which inputSchema does not require")
