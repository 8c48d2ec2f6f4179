"""`brain.tool`: what a decorator says of a function as a tool; its types and docstring are read when needed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, overload

from brain.errors import UsageError

__all__ = ["Declaration", "SecretHosts", "declaration_of", "tool"]

type SecretHosts = Sequence[str] | Mapping[str, Any]
"""Hosts, or what an entry of tools.json says beside the name: `{"ownHost": True}`."""
MARK = "__brain_tool__"
"""The attribute of a function under which its declaration is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What neither types nor docstring tell; names and values are those of an entry in tools.json."""

    name: str | None = None
    """`family.verb`; None: the last part of the module's name, and the function's own."""
    title: str | None = None
    """None: the function's name in words."""
    read_only: bool = False
    destructive: bool = True
    idempotent: bool = False
    open_world: bool | None = None
    """None: whether the function takes a `context`, through which alone it reaches the network."""
    version: str = "1"
    secrets: Mapping[str, SecretHosts] = field(default_factory=dict)
    """Names of secrets, each with the hosts that it may go to."""
    uses_model: bool = False
    process: bool = False
    """Whether a call gets a process of its own, rather than a thread: for work that keeps a core busy."""
    timeout: str | None = None
    cache: str | None = None
    concurrent: int | None = None
    """Calls at the same time in one process."""
    rate: str | None = None
    """Calls that begin in a while (`5/s`), over all processes together."""
    cues: Sequence[str] = ()
    """Words by which people ask for the tool, for the small planner."""
    examples: Sequence[Mapping[str, Any]] = ()
    """As in tools.json: `description`, `arguments`, and `samples` for what the arguments refer to."""


@overload
def tool[F: Callable[..., Any]](function: F, /) -> F: ...


@overload
def tool[F: Callable[..., Any]](
    *,
    name: str | None = None,
    title: str | None = None,
    read_only: bool = False,
    destructive: bool = True,
    idempotent: bool = False,
    open_world: bool | None = None,
    version: str = "1",
    secrets: Mapping[str, SecretHosts] = ...,
    uses_model: bool = False,
    process: bool = False,
    timeout: str | None = None,
    cache: str | None = None,
    concurrent: int | None = None,
    rate: str | None = None,
    cues: Sequence[str] = (),
    examples: Sequence[Mapping[str, Any]] = (),
) -> Callable[[F], F]: ...


def tool(function: Callable[..., Any] | None = None, /, **said: Any) -> Any:
    """Declare a typed function as a tool; the function itself stays as it is.

    `brain tools add MODULE:FUNCTION` then writes its entry into tools.json: the JSON schemas come from the type hints,
    the descriptions from the docstring (Google style) or from `Annotated`, the rest from what is said here. Raises
    UsageError for what is no function of a module.
    """
    declaration = Declaration(**said)
    return _mark(function, declaration) if function is not None else lambda given: _mark(given, declaration)


def _mark[F: Callable[..., Any]](function: F, declaration: Declaration) -> F:
    if not isinstance(function, FunctionType):
        raise UsageError(f"@brain.tool stands above a function of a module, not above {function!r}.")
    setattr(function, MARK, declaration)
    return function


def declaration_of(function: Callable[..., Any]) -> Declaration | None:
    """What `brain.tool` was told about a function; None where it is not decorated."""
    declaration: Declaration | None = getattr(function, MARK, None)
    return declaration
