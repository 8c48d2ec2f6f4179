"""What runs on a Dask worker: it carries out errands with the means of its own machine, and tells of them through Dask.

A worker reaches neither PostgreSQL nor Redis. Secrets come from its own environment.
"""

import asyncio
import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from brain.artifacts import ArtifactCodec, FsspecStore
from brain.config_secrets import (
    ContentRedactor,
    ProjectEnvironment,
    Redactor,
    SecretResolver,
    find_project,
    install_log_redaction,
)
from brain.egress import Egress
from brain.errors import ModelError
from brain.executor.dask.travelling import Bundle, Outcome, Site
from brain.executor.local import LocalCaller, Surroundings
from brain.executor.processes import Processes
from brain.executor.standing import without_call
from brain.executor.workplace import Work, Workplace
from brain.language_models import ChatEndpoint, OpenAIChat
from brain.runs import EventType, Json, StepResult, StepStatus
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.own_modules import OwnModules
from brain.tool_registry.registry import load

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["carry_out"]

POLL_SECONDS = 0.2
"""Between two looks whether a running errand is still wanted."""
PERMIT_SECONDS = 2.0
"""How long the scheduler may take to give a permit, or to say that it is taken."""
PROGRESS_SECONDS = 0.1
"""Between two reports of progress of one step that are sent on."""
KEPT_PIPELINES = 16
ASYNC_WIDTH = 16
"""Items of a portion at the same time, where the tool waits rather than works."""
MOST_AT_ONCE = 1000
"""Calls in one worker: Dask bounds them by its threads."""

_workplaces: LRUCache[str, Workplace] = LRUCache(KEPT_PIPELINES)
_making = threading.Lock()


def carry_out(bundle: Bundle, work: Work, after: Mapping[str, Outcome], permit: str | None) -> Outcome:
    """How the calls of an errand ended; a thread of the worker waits meanwhile.

    With the name of a `permit`, they are made by whoever takes it first and by nobody else.
    """
    from distributed import get_worker

    worker = get_worker()
    place, loop = _workplace_of(bundle, worker)
    if permit is not None and not _take(permit):
        return Outcome([_lost(bundle, work)])
    given = {step_id: outcome.results[0] for step_id, outcome in after.items()}
    making = asyncio.run_coroutine_threadsafe(place.carry_out(work, given), loop)
    return Outcome(_while_wanted(making, worker, worker.get_current_task()))


def _while_wanted(making: "Future[Sequence[StepResult]]", worker: "Worker", key: Any) -> Sequence[StepResult]:
    """The results; the calls are cancelled where the scheduler, or the one who asked, does not want them any more."""
    while True:
        try:
            return making.result(POLL_SECONDS)
        except TimeoutError:
            if making.done():
                return making.result()
        state = worker.state.tasks.get(key)
        if state is None or state.state == "cancelled":
            making.cancel()
            raise CancelledError


def _take(permit: str) -> bool:
    """Whether the call may be begun: each permit is given once."""
    from distributed import Queue

    try:
        Queue(permit).get(timeout=PERMIT_SECONDS)
    except TimeoutError:
        return False
    return True


def _lost(bundle: Bundle, work: Work) -> StepResult:
    step = bundle.pipeline().steps[work.step_id]
    item = work.items[0][0] if work.items else None
    error = "The worker that had begun it was lost, so that nobody knows whether it did its work."
    return without_call(step, StepStatus.INTERRUPTED, error, item=item)


def _workplace_of(bundle: Bundle, worker: "Worker") -> tuple[Workplace, asyncio.AbstractEventLoop]:
    with _making:
        if bundle.key not in _workplaces:
            _workplaces[bundle.key] = _made(bundle, worker)
        return _workplaces[bundle.key], _loop()


def _made(bundle: Bundle, worker: "Worker") -> Workplace:
    pipeline, around = bundle.pipeline(), _surroundings(bundle.site)
    tools = [step.definition for step in pipeline.steps.values()]
    around.redactor.learn(_values(around.project, tools))
    importing = OwnModules(around.project).load
    caller = LocalCaller(partial(load, importing=importing), around, max_parallel=MOST_AT_ONCE)
    return Workplace(
        pipeline, caller, _Relay(worker, bundle), project=around.project,
        width_of=lambda tool: ASYNC_WIDTH if caller.is_async(tool) else 1,
    )  # fmt: skip


def _values(project: Path, tools: Sequence[ToolDefinition]) -> dict[str, str]:
    """The secrets that the tools bind and that this machine has: they are taken out of whatever a tool returns."""
    environment = ProjectEnvironment(project)
    names = {binding.name for tool in tools for binding in tool.secrets}
    return {name: environment[name] for name in names if name in environment}


@cache
def _surroundings(site: Site) -> Surroundings:
    """One for all pipelines of a project, so that they share tables in memory, processes and a browser."""
    here = Path(site.project)
    project = here if here.is_dir() else find_project()
    redactor = Redactor.of_environment(project, ())
    install_log_redaction(redactor)
    return Surroundings(
        project=project,
        codec=ArtifactCodec(FsspecStore(site.artifacts_url), ContentRedactor(redactor)),
        egress=Egress(site.egress),
        model=OpenAIChat("none", 0, _no_model),
        secrets=SecretResolver(ProjectEnvironment(project), advice="set it in the environment of the Dask workers."),
        redactor=redactor,
        chromium=Path(site.chromium) if site.chromium else None,
        warm_kernels=site.warm_kernels,
        artifacts_url=site.artifacts_url,
        processes=Processes(project),
    )


async def _no_model() -> ChatEndpoint:
    raise ModelError("Workers of a cluster ask no chat model: say `usesModel` in the tool's definition.")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The loop of this process's calls, apart from the worker's own, which no tool may hold up."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="brain-calls", daemon=True).start()
    return loop


class _Relay:
    """Sends events to whoever runs the pipeline; of a step's progress ten a second at the most."""

    def __init__(self, worker: "Worker", bundle: Bundle) -> None:
        self._worker = worker
        self._topic = bundle.topic
        self._key = bundle.key
        self._told: dict[str | None, float] = {}

    def publish(
        self,
        event_type: EventType,
        *,
        step_id: str | None = None,
        item: int | None = None,
        message: str = "",
        percentage: float | None = None,
        data: Mapping[str, Json] | None = None,
    ) -> None:
        """Take one event."""
        now = time.monotonic()
        if event_type is EventType.STEP_PROGRESS and now - self._told.get(step_id, 0) < PROGRESS_SECONDS:
            return
        self._told[step_id] = now
        event = [str(event_type), step_id, item, message, percentage, data]
        self._worker.log_event(self._topic, {"key": self._key, "event": json.dumps(event)})
