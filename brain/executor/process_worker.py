"""The program of a worker process: it makes the calls that come over its socket, one after the other."""

import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from brain.artifacts import File
from brain.artifacts.tables import as_arrow
from brain.errors import ToolError
from brain.executor.failures import failure_of
from brain.executor.messages import Done, Failed, Work, receive, send
from brain.lifelines import end_with
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.own_modules import OwnModules
from brain.tool_registry.registry import load

__all__ = ["main"]

EXACT: Mapping[type, Callable[[Any], Any]] = {int: int.__int__, float: float.__float__, str: str.__str__}


def main() -> NoReturn:
    """Work until the other side hangs up. The command line: the socket, who has started this, the project folder."""
    number, parent, project = sys.argv[1:4]
    del sys.argv[1:]  # what a tool imports may read it
    end_with(int(parent))  # elsewhere than on Linux an idle worker sees its socket closed
    connection = socket.socket(fileno=int(number))
    connection.set_inheritable(False)
    tools = _Tools(Path(project))
    with suppress(EOFError, OSError):
        send(connection, Done(None))  # ready
        while True:
            send(connection, tools.answer(receive(connection)))
    os._exit(0)  # at once, whatever threads a tool has left behind


class _Tools:
    """The functions behind the definitions that calls name."""

    def __init__(self, project: Path) -> None:
        self._load = partial(load, importing=OwnModules(project).load)
        self._loaded: dict[tuple[str, str], Callable[..., Any]] = {}

    def answer(self, work: Work) -> Done | Failed:
        """What comes of a call."""
        try:
            return Done(_plain(self._function(work.tool)(**work.arguments)))
        except BaseException as exc:  # noqa: BLE001 - whatever it is belongs to the one who waits
            return Failed(_told(work.tool.name, exc))

    def _function(self, tool: ToolDefinition) -> Callable[..., Any]:
        key = (tool.name, str(tool.run or ""))
        if key not in self._loaded:
            self._loaded[key] = self._load(tool)
        return self._loaded[key]


def _plain(value: Any) -> Any:
    """The result without classes that the other side might not find: JSON values, Arrow tables and files.

    Raises ArtifactError where it holds anything else.
    """
    match value:
        case None | bool() | File():
            return value
        case int() | float() | str():  # or a member of an enum
            return next(exact(value) for kind, exact in EXACT.items() if isinstance(value, kind))
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _ if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
            return _plain(value.item())  # a NumPy scalar
        case _:
            return as_arrow(value)


def _told(name: str, exc: BaseException) -> ToolError:
    if isinstance(exc, Exception):
        failure = failure_of(name, exc, str)
    else:
        failure = ToolError(f"{name} stopped with {type(exc).__name__}.")
    if type(failure).__module__ != ToolError.__module__:  # a tool's own kind of ToolError
        failure = ToolError(str(failure), transient=failure.transient)
    failure.add_note("".join(traceback.format_exception(exc)))
    return failure
