"""The tools of a project: `tools.json` read and checked as a whole, and the code behind a definition."""

import inspect
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from brain.errors import RegistryError, UsageError
from brain.nearest import did_you_mean
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.entries import definition_of

__all__ = ["Registry", "built_in_tools_file", "load"]

TOP_LEVEL_KEYS = frozenset({"tools", "$schema", "version"})
CONTEXT = "context"
"""The keyword-only parameter through which a tool gets its ToolContext; it is no argument."""


class Registry:
    """Tool definitions by name, in the order of the file."""

    def __init__(self, definitions: Iterable[ToolDefinition]) -> None:
        self._definitions = {definition.name: definition for definition in definitions}

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read and check a `tools.json`; raises RegistryError that lists everything wrong with it."""
        entries = _entries(_parsed(path), path)
        checked = [definition_of(entry, _place(index, entry)) for index, entry in enumerate(entries)]
        problems = [problem for _, found in checked for problem in found]
        problems += _duplicates(definition for definition, _ in checked if definition)
        if problems:
            raise RegistryError(_listed(path, problems))
        return cls(definition for definition, _ in checked if definition)

    def get(self, name: str) -> ToolDefinition:
        """The definition of a tool; raises UsageError with the nearest names where there is none."""
        try:
            return self._definitions[name]
        except KeyError:
            guess = did_you_mean(name, self._definitions)
            raise UsageError(f"There is no tool {name!r}.{guess} `brain tools` lists the ones there are.") from None

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
    """Import the code behind a definition; raises RegistryError where it is missing or takes other arguments."""
    if definition.run is None:
        raise RegistryError(f"The tool {definition.name} can be planned with but not run: its definition has no `run`.")
    module_name, _, function_name = definition.run.python.partition(":")
    function: Callable[..., Any] | None = getattr(_module(definition, module_name, importing), function_name, None)
    if not callable(function):
        what = "is no function" if function is not None else "does not exist"
        raise _broken(definition, f"{function_name} {what} in {module_name}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        untold = f"nobody can tell what {function_name} takes; name a function that is written in Python"
        raise _broken(definition, untold) from None
    if problem := _mismatch(definition, signature):
        raise _broken(definition, problem)
    return function


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise RegistryError(
            f"There is no {path}: copy the built-in tools from {built_in_tools_file()} to there, "
            "or name another file in BRAIN_TOOLS."
        ) from None
    except OSError as exc:
        raise RegistryError(f"{path} cannot be read: {exc.strerror}.") from None
    except UnicodeDecodeError:
        raise RegistryError(f"{path} cannot be read: it is not UTF-8 text.") from None
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


def _module(definition: ToolDefinition, name: str, importing: Callable[[str], Any]) -> Any:
    try:
        return importing(name)
    except ModuleNotFoundError as exc:
        if exc.name and (name == exc.name or name.startswith(f"{exc.name}.")):
            raise _broken(
                definition, f"there is no module {name}; install it, or put it in the project folder"
            ) from exc
        raise _broken(definition, f"the module {name} needs {exc.name}, which is not installed") from exc
    except Exception as exc:  # any error may come out of code that is imported
        raise _broken(definition, f"the module {name} cannot be imported ({type(exc).__name__}: {exc})") from exc


def _mismatch(definition: ToolDefinition, signature: inspect.Signature) -> str | None:
    """How the parameters of the function and the properties of inputSchema differ, if they do."""
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
        return f"inputSchema has {', '.join(not_taken)}, which the function does not take"
    if never_given:
        return f"the function needs {', '.join(never_given)}, which inputSchema does not require"
    return None


def _broken(definition: ToolDefinition, what: str) -> RegistryError:
    run = definition.run.python if definition.run else ""
    return RegistryError(f"The tool {definition.name} cannot be run ({run}): {what}.")
