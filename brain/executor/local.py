"""Calls tools on this machine: async ones are awaited, sync ones get a daemon thread, so that none delays the exit.

Those that ask for it get a process.
"""

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from brain.artifacts import ArtifactCodec
from brain.config_secrets import Redactor, SecretResolver
from brain.egress import Egress
from brain.errors import BudgetExhausted, ToolError
from brain.executor.failures import failure_of
from brain.executor.grants import SecretGrant
from brain.executor.ports import Report, ToolCall
from brain.executor.processes import Processes, Worker
from brain.executor.timeouts import within
from brain.language_models import ChatModel, MeteredChat
from brain.runs import Json
from brain.tool_registry.context import SharedResources, ToolContext
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["LocalCaller", "Surroundings", "on_daemon_thread"]

log = logging.getLogger(__name__)

MOST_LIGHT_VALUES = 1000
"""Values of a result that are packed on the event loop; more go to a thread."""
LETTERS_OF_A_VALUE = 1000
"""Letters of text that take as long as one value."""


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
    warm_kernels: bool = True
    artifacts_url: str | None = None
    processes: Processes | None = None
    """None: a caller has its own."""


class LocalCaller:
    """Calls tools here, at most `max_parallel` at once."""

    def __init__(
        self, load: Callable[[ToolDefinition], Callable[..., Any]], around: Surroundings, *, max_parallel: int
    ) -> None:
        self._load = load
        self._around = around
        self._slots = asyncio.Semaphore(max_parallel)
        self._processes = around.processes or Processes(around.project)
        self._functions: dict[tuple[str, str], _Function] = {}

    def slot(self) -> asyncio.Semaphore:
        """One of `max_parallel` places."""
        return self._slots

    def is_async(self, tool: ToolDefinition) -> bool:
        """Whether the code of a tool waits on the event loop, rather than on a thread or in a process."""
        return not tool.wants_process and self._function(tool).is_async

    async def aclose(self) -> None:
        """Close what the calls have shared, and end their processes; none may be under way."""
        try:
            await self._around.shared.aclose()
        finally:
            await self._processes.aclose()

    async def call(self, call: ToolCall) -> Json:
        """The result as JSON, free of secret values; raises ToolError, which holds none either, or BudgetExhausted.

        What the tool itself raised goes into the log only: its message and its frames may hold a secret.
        """
        try:
            async with self._worker(call.tool) as worker, within(call.timeout, call.tool.name):
                return await self._call(call, worker)
        except BudgetExhausted:
            raise
        except Exception as exc:
            log.debug("%s raised", call.tool.name, exc_info=True)
            failure = failure_of(call.tool.name, exc, self._around.redactor.text)
        if failure.left is not None:
            failure.left = await on_daemon_thread(partial(self._pack, failure.left), name=call.tool.name)
        raise failure

    def _worker(self, tool: ToolDefinition) -> AbstractAsyncContextManager[Worker | None]:
        """The process of a call that gets one; the wait for it is no part of the call's time."""
        return self._processes.worker() if tool.wants_process else nullcontext()

    async def _call(self, call: ToolCall, worker: Worker | None) -> Json:
        name = call.tool.name
        grant = await SecretGrant.of(call.tool, self._around.secrets, self._around.redactor)
        arguments = call.arguments if call.reveal is None else call.reveal(grant.secret)
        if worker is not None:
            return await self._call_in(worker, call.tool, arguments)
        function = self._function(call.tool)
        extra = {"context": self._context(call, grant)} if function.wants_context else {}
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

    async def _call_in(self, worker: Worker, tool: ToolDefinition, arguments: Mapping[str, Json]) -> Json:
        try:
            return await on_daemon_thread(
                lambda: self._pack(worker.call(tool, self._unpack(arguments))), name=tool.name
            )
        except asyncio.CancelledError:
            worker.kill()
            raise

    def _function(self, tool: ToolDefinition) -> "_Function":
        key = (tool.name, str(tool.run))
        if key not in self._functions:
            self._functions[key] = _Function.of(self._load(tool))
        return self._functions[key]

    def _context(self, call: ToolCall, grant: SecretGrant) -> ToolContext:
        around, model = self._around, MeteredChat(self._around.model, call.account(), call.tell)
        return ToolContext(
            project=around.project, egress=grant.narrow(around.egress), model=model, secret=grant.secret,
            report=self._report(call), shared=around.shared, earlier=call.earlier, chromium=around.chromium,
            warm_kernels=around.warm_kernels, artifacts_url=around.artifacts_url,
        )  # fmt: skip

    def _report(self, call: ToolCall) -> Report:
        redacted = self._around.redactor.text
        return lambda percentage, message: call.report(percentage, redacted(message))

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


def _has_artifacts(value: Json) -> bool:
    match value:
        case None | str() | int() | float():
            return False
        case list():
            return any(map(_has_artifacts, value))
        case Mapping():
            return "artifact" in value or any(map(_has_artifacts, value.values()))
        case _:
            return False


def _is_light(value: Any) -> bool:
    """Whether a result is plain JSON and small, so that packing it does not hold up the loop."""
    pending, looked_at = [value], 0
    while pending and looked_at < MOST_LIGHT_VALUES:
        looked_at += 1
        match pending.pop():
            case None | bool() | int() | float():
                pass
            case str() as text:
                looked_at += len(text) // LETTERS_OF_A_VALUE
            case dict() as mapping:
                pending.extend(mapping.values())
            case list() | tuple() as items:
                pending.extend(items)
            case _:
                return False
    return not pending and looked_at < MOST_LIGHT_VALUES


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
