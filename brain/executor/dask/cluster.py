"""The side of a Dask cluster that is in this process: it hands errands over and hears how they end."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from brain.errors import ClusterUnavailable, ToolError
from brain.executor.cluster import ClusterSize, Errand, Submission, Workers
from brain.executor.dask import checks
from brain.executor.dask.travelling import Bundle, Outcome, Site
from brain.executor.dask.worker import carry_out
from brain.executor.ports import EventSink
from brain.executor.workplace import Work
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.runs import EventType, StepResult
from brain.tool_registry.definitions import ToolDefinition

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DaskCluster"]

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
"""How long the scheduler may take to answer."""


class DaskCluster:
    """An existing cluster, connected to when it is first needed; used on one event loop."""

    def __init__(self, address: str, site: Site) -> None:
        self._address = address
        self._site = site
        self._topic = f"brain-{uuid4().hex}"
        self._client: Client | None = None
        self._sees_project = False
        self._sinks: dict[str, EventSink] = {}
        self._opening = asyncio.Lock()

    async def open(self) -> ClusterSize:
        """Connect, and look whether the workers can do the work; raises ClusterUnavailable with what is missing."""
        async with self._opening:
            if self._client is None or self._client.status != "running":
                await self.aclose()
                await self._connect()
            assert self._client is not None  # noqa: S101 - it is connected
            threads = await self._client.nthreads()
        return ClusterSize(len(threads), sum(threads.values()), self._address)

    async def _connect(self) -> None:
        self._client = await _connected(self._address)
        try:
            self._sees_project = await checks.look(self._client, self._site)
        except BaseException:
            await self.aclose()
            raise
        self._client.subscribe_topic(self._topic, self._on_event)

    async def aclose(self) -> None:
        """Let go of the cluster; what is under way there for this process ends."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError, TimeoutError):
                await client.close()

    @asynccontextmanager
    async def workers(self, pipeline: Pipeline, events: EventSink) -> AsyncIterator[Workers]:
        """The workers for one run of a pipeline; raises ClusterUnavailable."""
        await self.open()
        assert self._client is not None  # noqa: S101 - it is open
        bundle = Bundle.of(pipeline, self._site, self._topic)
        self._sinks[bundle.key] = events
        made = _Workers(self._client, bundle, sees_project=self._sees_project)
        try:
            yield made
        finally:
            made.close()
            del self._sinks[bundle.key]

    def _on_event(self, event: tuple[float, Any]) -> None:
        _, told = event
        if (sink := self._sinks.get(told["key"])) is None:
            return
        kind, step_id, item, message, percentage, data = json.loads(told["event"])
        sink.publish(
            EventType(kind), step_id=step_id, item=item, message=message, percentage=percentage, data=data or None
        )


async def _connected(address: str) -> "Client":
    from distributed import Client

    checks.quieten()
    try:
        client: Client = await Client(address, asynchronous=True, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as exc:
        log.debug("No connection to %s", address, exc_info=True)
        raise ClusterUnavailable(
            f"No Dask scheduler answers at {address} ({type(exc).__name__}): start one there, or one of your own with "
            "`brain cluster`, or leave DASK_SCHEDULER_ADDRESS out to work on this machine alone."
        ) from None
    return client


class _Workers:
    def __init__(self, client: "Client", bundle: Bundle, *, sees_project: bool) -> None:
        self._client = client
        self._key = bundle.key
        self._sees_project = sees_project
        self._numbers = count()
        # computed rather than scattered: where the worker that holds it dies, it is made again
        self._bundle: Future[Bundle] = client.submit(_itself, bundle, key=f"brain-pipeline-{bundle.key}")

    @property
    def slots(self) -> int:
        """The threads of all workers, as they were some seconds ago; at least one."""
        info: Mapping[str, Any] = self._client.scheduler_info()
        return max(1, int(info.get("total_threads", 1)))

    def takes(self, step: PlannedStep) -> bool:
        """Whether a worker can make the calls.

        Questions to the chat model are paid here, rates are kept with other processes of the project, and its files are
        where the project is.
        """
        tool = step.definition
        is_bound = tool.run is None or tool.uses_model or tool.limits.rate is not None
        return not is_bound and (self._sees_project or not _touches_files(tool))

    def submit(self, errand: Errand) -> Submission:
        """Hand an errand over; of one that may be begun once only nothing comes after it there."""
        return _Once(self._client, partial(self._task, errand)) if errand.is_once else self._task(errand)

    def close(self) -> None:
        """Forget the pipeline."""
        self._bundle.release()

    def _task(self, errand: Errand, permit: str | None = None) -> "_Task":
        key = f"brain-{errand.step.id}-{self._key}-{next(self._numbers)}"
        after = {step_id: task.future for step_id, task in errand.after.items() if isinstance(task, _Task)}
        work = Work.of(errand)
        return _Task(self._client.submit(carry_out, self._bundle, work, after, permit, key=key), errand.step)


class _Task:
    """An errand that the scheduler has."""

    def __init__(self, future: "Future[Outcome]", step: PlannedStep) -> None:
        self.future = future
        self._step = step
        self._is_cancelled = False

    async def results(self) -> Sequence[StepResult]:
        """How the calls ended; raises ToolError where every worker that began them died."""
        from distributed import KilledWorker

        try:
            outcome: Outcome = await self.future
        except asyncio.CancelledError:
            self.cancel()
            raise
        except CancelledError as exc:
            raise self._ended(exc) from None
        except KilledWorker as exc:
            raise ToolError(_killed(self._step, exc.allowed_failures + 1)) from None
        except (OSError, TimeoutError) as exc:
            raise ClusterUnavailable(_gone(f"{type(exc).__name__}: {exc}")) from None
        return outcome.results

    def cancel(self) -> None:
        """Take it back; a worker that has begun notices within a moment."""
        self._is_cancelled = True
        cancelling = asyncio.ensure_future(self.future.cancel(force=True))
        _cancelling.add(cancelling)
        cancelling.add_done_callback(_done_cancelling)

    def _ended(self, exc: CancelledError) -> BaseException:
        if self._is_cancelled:
            return asyncio.CancelledError()
        return ClusterUnavailable(_gone(getattr(exc, "reason", "") or "the task was cancelled there"))


class _Once:
    """An errand that one worker may begin: the permit to do so is on the scheduler, and is taken once."""

    def __init__(self, client: "Client", begin: Callable[[str], _Task]) -> None:
        self._client = client
        self._begin = begin
        self._task: _Task | None = None

    async def results(self) -> Sequence[StepResult]:
        """How the call ended; `interrupted` where a worker died that had begun it."""
        from distributed import Queue

        name = f"brain-permit-{uuid4().hex}"
        try:
            permit = await Queue(name, client=self._client, maxsize=1)
            await permit.put(name)
        except (OSError, TimeoutError, RuntimeError, AttributeError) as exc:
            raise ClusterUnavailable(_gone(f"{type(exc).__name__}: {exc}")) from None
        try:
            self._task = self._begin(name)
            return await self._task.results()
        finally:
            permit.close()

    def cancel(self) -> None:
        """Take it back."""
        if self._task is not None:
            self._task.cancel()


_cancelling: set[asyncio.Future[None]] = set()


def _done_cancelling(task: asyncio.Future[None]) -> None:
    _cancelling.discard(task)
    if not task.cancelled():
        task.exception()  # the scheduler may be gone: so is the task


def _itself(bundle: Bundle) -> Bundle:
    return bundle


def _touches_files(tool: ToolDefinition) -> bool:
    return any(schema.get("format") == "path" for schema in tool.parameters.values())


def _killed(step: PlannedStep, times: int) -> str:
    return (
        f"{step.definition.name} was begun by {times} workers of the cluster, and each of them died while it ran: most "
        "likely it needs more memory than they have."
    )


def _gone(reason: str) -> str:
    return (
        f"The Dask scheduler is gone ({reason}); what was done is kept. Resume the run once the scheduler is back, or "
        "on this machine alone with the executor `local`."
    )
