"""Plans for requests: with all tools of the registry or a few of them, one request or many."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from brain.config_secrets import Settings
from brain.errors import BrainError, Clarification, PlanningError, Problem, QuestionsError, UsageError
from brain.intent_inference.memory import Memory, examples_of
from brain.intent_inference.mentions import Request
from brain.intent_inference.model import ModelPlanner
from brain.intent_inference.offline import OfflinePlanner
from brain.intent_inference.plan import Example, Plan, Planner, Question
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.sources import find_sources, holds_data, opens_tables
from brain.language_models import ChatModel, Embedder
from brain.pipeline_builder.build import build
from brain.runs import Json, today
from brain.session import admission
from brain.session.order import PlanOrder
from brain.session.services import is_hosted_chat
from brain.text_files import read_text_file
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PlanOutcome", "PlanRequest", "Planning", "as_tables", "read_requests"]

log = logging.getLogger(__name__)

type OpenTable = Callable[[str], Awaitable["pa.Table"]]


NO_PLAN: dict[str, Json] = {"plan": None, "provenance": [], "planner": None, "notes": [], "as_of": None}


class PlanRequest(BaseModel):
    """One of many requests: a line of a requests file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str | int
    request: str
    tools: list[str] | None = None
    """The names of the tools that the plan may use; None: all of the registry."""


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What became of one request: a plan, questions that have to be answered first, or why there is none."""

    id: str | int
    seconds: float
    plan: Plan | None = None
    questions: tuple[Clarification, ...] = ()
    declined: str | None = None

    def to_json(self) -> dict[str, Json]:
        """All of it, by the names of the fields; the plan as `brain plan --json` has it, without preflight."""
        made = self.plan.to_json() if self.plan else NO_PLAN
        asked = [question.to_json() for question in self.questions]
        return {"id": self.id, **made, "questions": asked, "declined": self.declined, "seconds": round(self.seconds, 4)}


class Planning:
    """Makes plans; nothing is stored or run."""

    def __init__(self, settings: Settings, embedder: Embedder, open_table: OpenTable, memory: Memory) -> None:
        self._settings = settings
        self._embedder = embedder
        self._similarity = Similarity(embedder)
        self._open_table = open_table
        self._memory = memory

    async def plan(self, registry: Registry, search: ToolSearch, model: ChatModel, order: PlanOrder) -> Plan:
        """A plan with the tools of the registry; raises QuestionsError, PlanningError, ModelError, UsageError."""
        admission.usable(order.request)
        request = Request(order.request)
        examples, notes = await self._recalled(order.request)
        question = Question(
            request, answers=dict(order.answers), as_of=order.as_of or today(), examples=examples, may_mean_data=False
        )
        if opens_tables(registry):
            question = await self._with_data(question, order)
        plan = await self._planner(registry, search, model, order).plan(question)
        if plan.pipeline.secrets:
            named = ", ".join(sorted(plan.pipeline.secrets))
            raise PlanningError(f"The plan asks for secrets ({named}), which no plan may: tools have their own.")
        return replace(plan, notes=(*plan.notes, *notes))

    async def _recalled(self, request: str) -> tuple[tuple[Example, ...], tuple[str, ...]]:
        """Earlier runs that people were content with, and what a person should know where they cannot be read."""
        if not self._settings.uses_memory:
            return (), ()
        try:
            return examples_of(await self._memory.nearest(request)), ()
        except BrainError as exc:
            log.info("Planned without memory: %s", exc)
            return (), ("Planned without a look at earlier runs, because the knowledge base could not be read.",)

    async def _with_data(self, question: Question, order: PlanOrder) -> Question:
        """The question with the data that it is about, or could be."""
        project = self._settings.project
        sources = await find_sources(question.request, project, order.tables, self._open_table)
        may_mean = bool(sources) or await asyncio.to_thread(holds_data, project)
        return replace(question, sources=sources, may_mean_data=may_mean)

    def _planner(self, registry: Registry, search: ToolSearch, model: ChatModel, order: PlanOrder) -> Planner:
        check = partial(build, registry=registry)
        if is_hosted_chat(self._settings):
            repairs = self._settings.brain_plan_repairs
            return ModelPlanner(registry, search, model, check, repairs=repairs, tell=order.tell)
        return OfflinePlanner(registry, search, self._similarity, model, check)

    async def plan_each(
        self, registry: Registry, search: ToolSearch, model: ChatModel, requests: Sequence[PlanRequest], jobs: int
    ) -> AsyncIterator[PlanOutcome]:
        """What becomes of each request, in their order, at most `jobs` of them at once; one's failure is its own."""
        turn = asyncio.Semaphore(jobs)

        async def outcome(asked: PlanRequest) -> PlanOutcome:
            async with turn:
                return await self._outcome(registry, search, model, asked)

        tasks = [asyncio.create_task(outcome(asked)) for asked in requests]
        try:
            for task in tasks:
                yield await task
        finally:
            for task in tasks:
                task.cancel()

    async def _outcome(
        self, registry: Registry, search: ToolSearch, model: ChatModel, asked: PlanRequest
    ) -> PlanOutcome:
        begun = time.perf_counter()
        try:
            if asked.tools is not None:
                registry = registry.only(asked.tools)
                search = ToolSearch(registry, self._embedder)
            plan = await self.plan(registry, search, model, PlanOrder(asked.request))
        except QuestionsError as exc:
            return PlanOutcome(asked.id, time.perf_counter() - begun, questions=exc.questions)
        except BrainError as exc:
            return PlanOutcome(asked.id, time.perf_counter() - begun, declined=str(exc))
        return PlanOutcome(asked.id, time.perf_counter() - begun, plan)


def as_tables(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """DataFrames as Arrow tables; anything else is no data that a plan could be about."""
    import pyarrow as pa

    return {
        name: value if isinstance(value, pa.Table) else pa.table(value)
        for name, value in inputs.items()
        if hasattr(value, "__arrow_c_stream__")
    }


def read_requests(path: Path) -> list[PlanRequest]:
    """The requests of a file of JSON lines; raises UsageError that lists every line which is none."""
    found, problems = [], []
    for number, line in enumerate(read_text_file(path, "requests file").splitlines(), start=1):
        if line.strip():
            try:
                found.append(PlanRequest.model_validate(json.loads(line)))
            except (ValueError, RecursionError) as exc:
                problems.append(Problem(f"line {number}", _complaint(exc)))
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise UsageError(f"{path} holds lines that are no requests:\n{listed}")
    if not found:
        raise UsageError(f'{path} holds no requests: write one a line, as in {{"id": 1, "request": "..."}}.')
    return found


def _complaint(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        return "; ".join(_told(error) for error in exc.errors(include_url=False))
    return f"is no JSON ({exc})"


def _told(error: Any) -> str:
    place = ".".join(map(str, error["loc"])) or "it"
    return f"{place}: {error['msg'][:1].lower()}{error['msg'][1:]}"
