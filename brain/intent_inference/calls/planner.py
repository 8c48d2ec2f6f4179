"""Plans calls of any tools as a pipeline: what the request says, what flows between steps, and what has to be asked."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from brain.errors import PlanningError, QuestionsError, SpecError
from brain.intent_inference.calls.adapting import Means
from brain.intent_inference.calls.arguments import ArgumentPath, nested
from brain.intent_inference.calls.call_plan import Call, CallPlan, plan_calls
from brain.intent_inference.calls.origins import origin_of
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.recalling import recall
from brain.intent_inference.clarifying import STORED, Answers, Gap, clarified
from brain.intent_inference.draft import identifier, literally, title
from brain.intent_inference.plan import Check, Origin, Plan, Provenance, Question
from brain.intent_inference.similarity import Similarity
from brain.pipeline_builder.schemas import inlined
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

__all__ = ["CallPlanner"]

SHORTLIST = 16
"""Tools that are looked at closely."""
DEPTH = 3
"""So many times more are found, because some of them take what only a step can give."""
UNSAID = "nothing in the request says it"


class CallPlanner:
    """Plans without a model, with any tools; the same question gives the same plan."""

    def __init__(self, registry: Registry, search: ToolSearch, similarity: Similarity, check: Check) -> None:
        self._registry = registry
        self._search = search
        self._similarity = similarity
        self._check = check
        self._shortlists: dict[str, list[PlannedTool]] = {}
        """By request: an earlier run is looked for with the same tools as a plan."""

    def plan(self, question: Question) -> Plan | None:
        """The plan; None where no tool serves the request.

        Raises QuestionsError where a value is missing that a person can say, PlanningError where another is.
        """
        tools = self._shortlist(question.request.text)
        found = plan_calls(question.request.text, tools, weights(), self._similarity, question.as_of)
        if not found.calls:
            return None
        written = _Written(found, question)
        if written.gaps:
            raise _unsaid(written.gaps)
        try:
            pipeline = self._check(written.spec)
        except SpecError as exc:
            raise PlanningError(f"The small planner wrote a plan that cannot be run. {exc}") from exc
        return Plan(pipeline, "offline", tuple(written.provenance), as_of=question.as_of)

    def recalled(self, question: Question) -> Plan | None:
        """The plan of an earlier run that people were content with, adapted; None where none serves the request."""
        if not question.examples:
            return None
        means = Means({tool.name: tool for tool in self._registry}, weights(), self._similarity)
        if (adapted := recall(question, self._shortlist(question.request.text), means)) is None:
            return None
        try:
            pipeline = self._check(adapted.spec)
        except SpecError:
            return None
        return Plan(pipeline, "offline", adapted.provenance, (adapted.example.note,), as_of=question.as_of)

    def _shortlist(self, request: str) -> list[PlannedTool]:
        """The tools that fit, but for those that take what only a step can give, in the registry's order."""
        if request not in self._shortlists:
            self._shortlists[request] = self._made_shortlist(request)
        return self._shortlists[request]

    def _made_shortlist(self, request: str) -> list[PlannedTool]:
        tools = list(self._registry)
        if len(tools) > SHORTLIST:
            found = self._search.search(request, SHORTLIST * DEPTH)
            fitting = [scored.definition.name for scored in found if not _takes_stored(scored.definition)]
            tools = [tool for tool in tools if tool.name in fitting[:SHORTLIST]]
        return [PlannedTool.of(tool) for tool in tools if not _takes_stored(tool)]


@cache
def weights() -> Mapping[str, float]:
    """What each fact counts, fitted to the examples in `benchmarks/planning/examples`."""
    file = resources.files("brain.intent_inference.calls") / "weights.json"
    return json.loads(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def _takes_stored(tool: ToolDefinition) -> bool:
    """Whether it needs what only a step can give: a table or a file, be it in a list."""
    needed = [inlined(tool.input_schema)["properties"][name] for name in tool.required & tool.parameters.keys()]
    return any(each.get("format") in STORED for schema in needed for each in (schema, schema.get("items") or {}))


def _unsaid(gaps: Sequence[Gap]) -> PlanningError:
    if unaskable := [gap.where for gap in gaps if not gap.can_be_asked]:
        return PlanningError(f"No plan was found: the request does not say what {', '.join(unaskable)} should be.")
    return QuestionsError([question for _, question in clarified(gaps)])


class _Written:
    """The calls, written down as steps."""

    def __init__(self, plan: CallPlan, question: Question) -> None:
        self._plan = plan
        self._request = question.request.text
        self._ids = dict(zip(plan.calls, _ids(plan.calls), strict=True))
        gaps = [(call, gap) for number, call in enumerate(plan.calls) for gap in self._gaps(number, call)]
        answers = Answers(question.answers)
        said = {gap.key: value for gap, value in answers.fill([gap for _, gap in gaps])}
        self._answered = [(call, gap, said[gap.key]) for call, gap in gaps if gap.key in said]
        self.gaps = [answers.told(gap) for _, gap in gaps if gap.key not in said]
        """What neither the request nor a step nor a person gives."""

    def _gaps(self, number: int, call: Call) -> Iterator[Gap]:
        for argument in call.tool.arguments:
            if argument.is_required and argument.path not in call.links and call.values[argument.path].is_absent:
                where, path = self._where(call, argument.path), ("arguments", *argument.path)
                yield Gap(number, path, where, call.tool.name, argument.schema, UNSAID)

    def _where(self, call: Call, path: ArgumentPath) -> str:
        return f"steps.{self._ids[call]}.arguments.{'.'.join(path)}"

    @property
    def spec(self) -> PipelineSpec:
        """The pipeline; raises SpecError."""
        steps = [self._step(call) for call in self._plan.calls]
        return PipelineSpec.from_value({"name": title(self._request), "request": self._request, "steps": steps})

    def _step(self, call: Call) -> dict[str, Json]:
        links = {path: f"${{{self._ids[link.call]}.{link.output.path}}}" for path, link in call.links.items()}
        said = {path: literally(each.value) for path, each in call.values.items() if not each.is_absent}
        answered = {tuple(map(str, gap.path[1:])): literally(value) for of, gap, value in self._answered if of is call}
        return {"id": self._ids[call], "tool": call.tool.name, "arguments": nested(said | answered | links)}

    @property
    def provenance(self) -> Iterator[Provenance]:
        """Where each literal comes from."""
        for call in self._plan.calls:
            for path, candidate in call.values.items():
                if not candidate.is_absent:
                    origin, kind = origin_of(candidate, self._plan.reading)
                    yield Provenance(self._where(call, path), candidate.value, origin, kind)
        for _, gap, value in self._answered:
            yield Provenance(gap.where, value, "answered", Origin.ANSWER)


def _ids(calls: Sequence[Call]) -> Iterator[str]:
    """An id for each: the tool's verb, numbered where needed."""
    taken: set[str] = set()
    for call in calls:
        verb = identifier(call.tool.name.rpartition(".")[2])
        name = next(each for n in range(1, len(calls) + 2) if (each := verb if n == 1 else f"{verb}_{n}") not in taken)
        taken.add(name)
        yield name
