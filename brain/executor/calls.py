"""One call of one tool: arguments resolved and checked, retries and timeout around it, a result at the end."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from brain.errors import CallCutShort, ToolError
from brain.executor.cluster import Errand, Workers, seen_by
from brain.executor.fingerprint import files_read, fingerprint, hash_files, reads_files
from brain.executor.limits import Limits
from brain.executor.local import on_daemon_thread
from brain.executor.past import Past
from brain.executor.ports import EventSink, Report, StepCache, ToolCall, ToolCaller
from brain.executor.verdicts import Asked, Finding
from brain.language_models import Account
from brain.pipeline_builder.pipeline import PlannedStep
from brain.runs import NOTHING_SPENT, EventType, Json, StepResult, StepStatus, utc_now
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Call", "Caller", "Preparer"]

FIRST_WAIT = 0.1
LONGEST_WAIT = 10.0
"""Seconds before the second try and at the most; doubling in between, with up to a second of jitter."""
ERRANDS_A_SLOT = 2
"""One that a worker is at and one that it has beside it."""
NOTHING_KNOWN = Finding()
"""Of a call of a run's first attempt."""


@dataclass(slots=True)
class Call:
    """A call that is ready to be made."""

    step: PlannedStep
    scope: Mapping[str, Json]
    """What the step's references see."""
    arguments: dict[str, Json]
    fingerprint: str | None
    """None where something that it reads could not be read: no other call is the same then."""
    payer: Account
    """The run's; the call has an account of its own within it once it asks the chat model."""
    item: int | None = None
    found: Finding = NOTHING_KNOWN
    """What is known of it from before."""
    tries: int = 0
    earlier: Json = None
    """What the cache has of the same call."""
    cached_from: UUID | None = None
    """The run that made it, where it stands for the call."""
    outcome: StepResult | None = None
    """How it ended, once it has."""
    started_at: datetime = field(default_factory=utc_now)
    _own: Account | None = None

    def account(self) -> Account:
        """The call's own part of the run's account: most calls ask no model, and need none."""
        if self._own is None:
            self._own = Account(parent=self.payer)
        return self._own

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be made again where its outcome is unknown."""
        return self.step.definition.is_repeatable

    def begun(self) -> StepResult:
        """The call as it goes on record before it is made."""
        return replace(self.ended(StepStatus.RUNNING), finished_at=None)

    def cut_short(self, error: str | None = None) -> StepResult:
        """The call where it was cancelled under way; of one that may not be repeated the outcome is unknown."""
        unknown = StepStatus.CANCELLED if self.is_repeatable else StepStatus.INTERRUPTED
        return self.outcome or self.ended(unknown, error=error)

    def ended(self, status: StepStatus, *, result: Json = None, error: str | None = None) -> StepResult:
        """How the call ended, as everybody else sees it."""
        tool = self.step.definition
        return StepResult(
            self.step.id, tool.name, status, item=self.item, tool_version=tool.version, arguments=self.arguments,
            result=result, error=error, fingerprint=self.fingerprint, tries=self.tries,
            spending=NOTHING_SPENT if self._own is None else self._own.spent, cached_from=self.cached_from,
            started_at=self.started_at, finished_at=utc_now(),
        )  # fmt: skip


class Preparer:
    """Makes calls ready; what is known of each from before goes with it."""

    def __init__(self, project: Path | None, account: Account, past: Past) -> None:
        self._project = project
        self._account = account
        self._past = past
        self._reading: dict[str, bool] = {}
        """By tool whether it reads files that its arguments name."""

    async def prepare(self, step: PlannedStep, scope: Mapping[str, Json], item: int | None = None) -> Call:
        """Resolve and check the arguments; raises ToolError where they do not fit the tool."""
        arguments = step.arguments.resolve(scope)
        step.validate(arguments)
        paths = self._paths(step.definition, arguments)
        contents = await self._contents(paths)
        call = Call(step, scope, arguments, fingerprint(step.definition, arguments, contents), self._account, item)
        if self._past:
            call.found = self._past.find(Asked(step, item, arguments, call.fingerprint, paths, contents))
        return call

    def _paths(self, tool: ToolDefinition, arguments: Mapping[str, Json]) -> Mapping[str, str]:
        if tool.name not in self._reading:
            self._reading[tool.name] = reads_files(tool)
        return files_read(tool, arguments) if self._reading[tool.name] else {}

    async def _contents(self, paths: Mapping[str, str]) -> Mapping[str, str | None]:
        if not paths:
            return {}
        if self._project is None:
            return dict.fromkeys(paths)
        return await on_daemon_thread(partial(hash_files, self._project, paths), name="hash")


class Caller:
    """Prepares calls and makes them, here or on the workers of a cluster."""

    def __init__(
        self,
        caller: ToolCaller,
        events: EventSink,
        project: Path | None,
        account: Account,
        *,
        cache: StepCache | None = None,
        past: Past | None = None,
        limits: Limits | None = None,
        workers: Workers | None = None,
    ) -> None:
        self._caller = caller
        self._events = events
        self._cache = cache
        self._limits = limits or Limits()
        self._past = past or Past()
        self._preparer = Preparer(project, account, self._past)
        self._workers = workers

    async def prepare(self, step: PlannedStep, scope: Mapping[str, Json], item: int | None = None) -> Call:
        """Resolve and check the arguments; raises ToolError where they do not fit the tool."""
        return await self._preparer.prepare(step, scope, item)

    def known(self, call: Call) -> StepResult | None:
        """What stands for the call from an earlier attempt, or from the run that this one goes on from."""
        return call.found.result

    def announce(self, call: Call) -> None:
        """Tell that the call begins, and why where it is made again."""
        why = call.found.reason if call.found.is_again else ""
        data = {"reason": why} if why else None
        self._events.publish(EventType.STEP_RUNNING, step_id=call.step.id, item=call.item, message=why, data=data)

    async def make(self, call: Call) -> StepResult:
        """Call the tool, again where that was asked for and may help; how it ended is in the result.

        Where the step says `cache`, a result of the same call that is young enough stands for it. Raises
        BudgetExhausted where the run's account does not hold what the tool asks the chat model.
        """
        if self._may_be_cached(call.step) and await self._is_cached(call):
            return call.ended(StepStatus.CACHED, result=call.earlier)
        if self._workers is not None and self.goes_elsewhere(call.step):
            return await self._made_elsewhere(self._workers, call)
        try:
            result = await (self._once(call) if call.step.attempts == 1 else self._with_retries(call))
        except ToolError as exc:
            is_unknown = isinstance(exc, CallCutShort) and not call.is_repeatable
            status = StepStatus.INTERRUPTED if is_unknown else StepStatus.FAILED
            return call.ended(status, result=exc.left, error=str(exc))
        return call.ended(StepStatus.SUCCEEDED, result=result)

    def goes_elsewhere(self, step: PlannedStep) -> bool:
        """Whether workers make the calls of a step, and tell when they begin."""
        return self._workers is not None and self._workers.takes(step)

    def hands_over(self, step: PlannedStep) -> bool:
        """Whether workers can make calls of a step without a look at them here first.

        Before others are made, something here is asked or written: the cache, what is known of them, the record, or
        whether their tool has a place for them.
        """
        if not self.goes_elsewhere(step) or not step.definition.is_repeatable:
            return False
        is_known = not self._past.is_silent_about(step) or self._may_be_cached(step)
        return not is_known and step.definition.limits.concurrent is None

    @property
    def errands_at_once(self) -> int:
        """So many errands keep every worker busy: none waits for the next one."""
        return ERRANDS_A_SLOT * self._workers.slots if self._workers is not None else 1

    async def make_elsewhere(
        self, step: PlannedStep, scope: Mapping[str, Json], items: Sequence[tuple[int, Json]], width: int | None
    ) -> Sequence[StepResult]:
        """How the calls of these items ended, which workers make."""
        assert self._workers is not None  # noqa: S101 - `hands_over` said so
        return await self._workers.submit(Errand(step, seen_by(step, scope), items=items, width=width)).results()

    async def _made_elsewhere(self, workers: Workers, call: Call) -> StepResult:
        items = None if call.item is None else [(call.item, call.scope["item"])]
        scope = seen_by(call.step, call.scope)
        call.tries = 1  # as far as this process knows: the worker counts the others
        errand = Errand(call.step, scope, items=items, earlier=call.earlier, is_once=not call.is_repeatable)
        try:
            async with self._limits.of(call.step.definition, nullcontext(), partial(self._queues, call)):
                (result,) = await workers.submit(errand).results()
        except ToolError as exc:
            return call.ended(StepStatus.FAILED, error=str(exc))
        return replace(result, arguments=call.arguments, fingerprint=call.fingerprint)

    def _may_be_cached(self, step: PlannedStep) -> bool:
        return self._cache is not None and bool(step.cache) and step.definition.is_read_only

    async def _is_cached(self, call: Call) -> bool:
        """Whether `call.earlier` stands for the call now."""
        if self._cache is None or call.fingerprint is None:
            return False
        if (kept := await self._cache.find(call.fingerprint)) is None:
            return False
        call.earlier = kept.result
        if kept.age > (call.step.cache or 0):
            return False
        call.cached_from = kept.run_id
        return True

    async def _with_retries(self, call: Call) -> Json:
        import stamina

        step = call.step
        tries = stamina.retry_context(
            on=_is_worth_retrying, attempts=step.attempts, timeout=None, wait_initial=FIRST_WAIT, wait_max=LONGEST_WAIT
        )
        async for attempt in tries:
            with attempt:
                if attempt.num > 1:
                    text = f"try {attempt.num} of {step.attempts}"
                    self._events.publish(EventType.STEP_RETRYING, step_id=step.id, item=call.item, message=text)
                return await self._once(call)
        raise AssertionError  # stamina either returns from the loop or raises the last error

    async def _once(self, call: Call) -> Json:
        async with self._limits.of(call.step.definition, self._caller.slot(), partial(self._queues, call)):
            if not call.tries:
                call.started_at = utc_now()
            call.tries += 1
            return await self._caller.call(self._tool_call(call))

    def _tool_call(self, call: Call) -> ToolCall:
        template = call.step.arguments
        reveal = (lambda secret: template.resolve(call.scope, secret)) if template.secrets else None
        return ToolCall(
            call.step.definition, call.arguments, self._report(call), timeout=call.step.timeout,
            account=call.account, tell=partial(self._waits, call), earlier=call.earlier, reveal=reveal,
        )  # fmt: skip

    def _waits(self, call: Call, text: str) -> None:
        """A question of the call is held up."""
        self._events.publish(EventType.MODEL_WAITING, step_id=call.step.id, item=call.item, message=text)

    def _queues(self, call: Call, text: str) -> None:
        """The call is held up by a limit of its tool, or was."""
        self._events.publish(EventType.STEP_PROGRESS, step_id=call.step.id, item=call.item, message=text)

    def _report(self, call: Call) -> Report:
        loop = asyncio.get_running_loop()

        def tell(percentage: float | None, message: str) -> None:
            self._events.publish(
                EventType.STEP_PROGRESS, step_id=call.step.id, item=call.item, message=message, percentage=percentage
            )

        def report(percentage: float | None, message: str) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, percentage, message)

        return report


def _is_worth_retrying(exc: Exception) -> bool:
    return isinstance(exc, ToolError) and exc.transient
