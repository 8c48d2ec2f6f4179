"""Calls tools in this process: async ones are awaited, sync ones get a daemon thread, so that none delays the exit."""

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brain.artifacts import ArtifactCodec
from brain.config_secrets import Redactor, SecretResolver
from brain.egress import Egress
from brain.errors import BrainError, SettingsError, ToolError
from brain.executor.ports import ToolCall
from brain.language_models import ChatModel
from brain.runs import Json
from brain.tool_registry.context import SharedResources, ToolContext
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["LocalCaller", "Surroundings", "on_daemon_thread"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every call in this process shares."""

    project: Path
    codec: ArtifactCodec
    egress: Egress
    model: ChatModel
    secrets: SecretResolver
    redactor: Redactor
    shared: SharedResources = field(default_factory=SharedResources)
    chromium: Path | None = None


class LocalCaller:
    """Calls tools here, at most `max_parallel` at once."""

    def __init__(
        self, load: Callable[[ToolDefinition], Callable[..., Any]], around: Surroundings, *, max_parallel: int
    ) -> None:
        self._load = load
        self._around = around
        self._slots = asyncio.Semaphore(max_parallel)
        self._functions: dict[str, _Function] = {}

    async def call(self, call: ToolCall) -> Json:
        """The result as JSON, free of secret values; raises ToolError."""
        async with self._slots:
            try:
                return await self._call(call)
            except BrainError as exc:
                raise _redacted(exc, self._around.redactor) from exc
            except Exception as exc:
                log.debug("%s raised", call.tool.name, exc_info=True)
                reason = self._around.redactor.text(f"{type(exc).__name__}: {exc}".rstrip(": "))
                raise ToolError(f"{call.tool.name} failed unexpectedly with {reason}.", transient=True) from exc

    async def aclose(self) -> None:
        """Close what the calls have shared; none may be under way."""
        await self._around.shared.aclose()

    async def _call(self, call: ToolCall) -> Json:
        name = call.tool.name
        function = self._function(call.tool)
        secret = self._secrets_of(call.tool)
        extra = {"context": self._context(call, secret)} if function.wants_context else {}
        arguments = call.arguments if call.reveal is None else call.reveal(secret)
        if not function.is_async:
            return await on_daemon_thread(
                lambda: self._pack(function.call(**self._unpack(arguments), **extra)), name=name
            )
        is_heavy = _has_artifacts(arguments)
        given = await on_daemon_thread(lambda: self._unpack(arguments), name=name) if is_heavy else arguments
        result = await function.call(**given, **extra)
        return (
            self._pack(result) if _is_light(result) else await on_daemon_thread(lambda: self._pack(result), name=name)
        )

    def _function(self, tool: ToolDefinition) -> "_Function":
        if tool.name not in self._functions:
            self._functions[tool.name] = _Function.of(self._load(tool))
        return self._functions[tool.name]

    def _secrets_of(self, tool: ToolDefinition) -> Callable[[str], str]:
        def secret(name: str) -> str:
            if all(binding.name != name for binding in tool.secrets):
                raise SettingsError(f"{tool.name} may not use the secret {name}: its definition does not bind it.")
            return self._around.secrets.resolve(name)

        return secret

    def _context(self, call: ToolCall, secret: Callable[[str], str]) -> ToolContext:
        around = self._around
        return ToolContext(
            project=around.project, egress=around.egress, model=around.model, secret=secret, report=call.report,
            shared=around.shared, chromium=around.chromium,
        )  # fmt: skip

    def _unpack(self, arguments: Mapping[str, Json]) -> dict[str, Any]:
        given: dict[str, Any] = self._around.codec.unpack(arguments)
        return given

    def _pack(self, result: Any) -> Json:
        return self._around.redactor.value(self._around.codec.pack(result))


@dataclass(frozen=True, slots=True)
class _Function:
    call: Callable[..., Any]
    is_async: bool
    wants_context: bool

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "_Function":
        return cls(function, inspect.iscoroutinefunction(function), "context" in inspect.signature(function).parameters)


def _redacted(exc: BrainError, redactor: Redactor) -> ToolError:
    message = redactor.text(str(exc))
    if not isinstance(exc, ToolError):
        return ToolError(message)
    if message == str(exc):
        return exc
    return type(exc)(message, transient=exc.transient)


def _has_artifacts(value: Json) -> bool:
    match value:
        case Mapping():
            return "artifact" in value or any(_has_artifacts(item) for item in value.values())
        case list():
            return any(_has_artifacts(item) for item in value)
        case _:
            return False


def _is_light(value: Any) -> bool:
    match value:
        case None | bool() | int() | float() | str():
            return True
        case dict():
            return all(_is_light(item) for item in value.values())
        case list() | tuple():
            return all(_is_light(item) for item in value)
        case _:
            return False


def on_daemon_thread[T](function: Callable[[], T], *, name: str) -> "asyncio.Future[T]":
    """Run a function on a thread of its own.

    A thread cannot be stopped: where the future is cancelled, the thread is left alone, its late result is dropped, and
    being a daemon it does not hold up the interpreter's exit.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type] # None only beside an error
        else:
            future.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = context.run(function)
        except BaseException as exc:  # noqa: BLE001 - whatever it is belongs to the one who waits
            error = exc if isinstance(exc, Exception) else ToolError(f"{name} stopped with {type(exc).__name__}.")
        if not loop.is_closed():
            loop.call_soon_threadsafe(deliver, result, error)

    threading.Thread(target=work, name=f"brain-{name}", daemon=True).start()
    return future
