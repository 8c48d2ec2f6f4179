"""The small planner, for no key: tools and arguments from the words of a request, a model only where they are unclear.

It knows no tool by name. `tools.json` lists tools in the order in which a pipeline calls them, and says in annotations
(`brain.intent_inference.slots`) by which words people ask for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from brain.errors import PlanningError, QuestionsError, SpecError
from brain.intent_inference.asking import said
from brain.intent_inference.calls.planner import CallPlanner
from brain.intent_inference.column_links import Rejection
from brain.intent_inference.coverage import left_over, unread_values
from brain.intent_inference.done import Done
from brain.intent_inference.draft import DraftStep, write_spec
from brain.intent_inference.left_words import unused_words
from brain.intent_inference.linking import Links, link
from brain.intent_inference.mentions import Kind, Request
from brain.intent_inference.page_flow import page_steps
from brain.intent_inference.plan import Check, Example, Origin, Plan, Provenance, Question
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.slots import DEFAULT, MADE, ONLY_ONE, Filled, Subject
from brain.intent_inference.sources import Source, main_source, makes_table, table_reader
from brain.intent_inference.stated import Condition, Doubt
from brain.intent_inference.table_flow import TableFlow
from brain.intent_inference.table_recall import adapt_table
from brain.language_models import ChatModel
from brain.pipeline_builder.references import input_reference
from brain.tool_registry.definitions import JsonSchema
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

__all__ = ["OfflinePlanner"]

NEAREST_TOOLS = 5
NO_DATA = "the request names no data that the small planner knows"
MIXED = frozenset({"quarter", "month", "week"})
"""Parts of a date that every year has again, though people may want them year by year."""
SYNONYM = 0.6
"""Least cosine similarity with a table's name of another word for it: `employees` for `staff`."""
NOTE = (
    "Planned by the small offline planner, which understands simple questions about tables, pages and calls of tools. "
    "Set OPENAI_API_KEY (and OPENAI_BASE_URL, BRAIN_CHAT_MODEL) for a stronger one."
)


class OfflinePlanner:
    """Plans without a strong model; the same request gives the same plan."""

    def __init__(
        self, registry: Registry, search: ToolSearch, similarity: Similarity, model: ChatModel, check: Check
    ) -> None:
        self._registry = registry
        self._search = search
        self._similarity = similarity
        self._model = model
        self._check = check
        self._calls = CallPlanner(registry, search, similarity, check)

    async def plan(self, question: Question) -> Plan:
        """The plan of an earlier run, adapted, or one for a question about a table or a page, or for calls of tools.

        Raises QuestionsError where a value is missing that a person can say, PlanningError that says what was not
        understood.
        """
        if (made := self._recalled_calls(question)) is not None:
            return made
        return await self._of_table(_about_one_table(question)) if question.sources else self._of_others(question)

    def _of_others(self, question: Question) -> Plan:
        """For a page, or for calls of tools."""
        steps = self._about_page(question)
        if not steps and not question.may_mean_data and (made := self._calls.plan(question)) is not None:
            return replace(made, notes=(NOTE, *made.notes))
        reason = unread_values(question.request, steps) if steps else None
        return self._finished(question, steps, None, reason)

    async def _of_table(self, question: Question) -> Plan:
        """By its own words where they can be read and have not been asked before, else as an earlier run did it."""
        if (made := self._recalled_table(question, question.asked_before)) is not None:
            return made
        try:
            return await self._read(question)
        except QuestionsError:
            raise
        except PlanningError:
            if (made := self._recalled_table(question, question.examples)) is None:
                raise
            return made

    async def _read(self, question: Question) -> Plan:
        """A plan for a question about a table, by its own words."""
        request, source = question.request, question.sources[0]
        links = link(request, source, self._similarity)
        flow, decided = self._about_table(question, links), None
        reason = self._left_over(question, links, flow)
        doubts = _doubts(flow.steps)
        reason = reason or next(_open(doubts), None)
        if not reason and doubts:
            decided = await self._decide(request, doubts)
            links = link(request, source, self._similarity, decided.rejected)
            flow = self._about_table(question, links)
            reason = self._left_over(question, links, flow)
        notes = (*_other_readings(links), *_put_together(links, source))
        return self._finished(question, _worth_running(question, flow), decided, reason, notes)

    def _recalled_calls(self, question: Question) -> Plan | None:
        """The calls of an earlier run, adapted; about a table, only of runs that make none."""
        if not question.examples:
            return None
        made = {tool.name for tool in self._registry if makes_table(tool)} if question.sources else ()
        others = (each for each in question.examples if not any(step.tool in made for step in each.spec.steps))
        plan = self._calls.recalled(replace(question, examples=tuple(others)))
        return None if plan is None else replace(plan, notes=(NOTE, *plan.notes))

    def _recalled_table(self, question: Question, examples: Sequence[Example]) -> Plan | None:
        """The pipeline of an earlier run about a table, adapted: of the first example that can be."""
        tools = {tool.name: tool for tool in self._registry}
        for example in examples:
            if (adapted := adapt_table(example, question, tools, self._similarity)) is not None:
                try:
                    pipeline = self._check(adapted[0])
                except SpecError:
                    continue
                return Plan(pipeline, "offline", adapted[1], (NOTE, example.note), as_of=question.as_of)
        return None

    def _finished(
        self,
        question: Question,
        steps: Sequence[DraftStep],
        decided: "_Decision | None",
        reason: str | None,
        notes: Sequence[str] = (),
    ) -> Plan:
        if not steps and not reason:
            reason = NO_DATA if question.may_mean_data else "no tool is for it, as far as the small planner can tell"
        if reason:
            raise PlanningError(self._decline(question.request, reason))
        try:
            pipeline = self._check(write_spec(question, steps))
        except SpecError as exc:
            raise PlanningError(f"The small planner wrote a plan that cannot be run. {exc}") from exc
        notes = (*notes, *_guessed(steps), *_unused(question, steps))
        origins = _provenance(question.request, steps)
        if decided is None:
            return Plan(pipeline, "offline", origins, (NOTE, *notes))
        notes, planner = (NOTE, *decided.notes, *notes), f"offline with {self._model.name}"
        return Plan(pipeline, planner, origins, notes, decided.tokens_in, decided.tokens_out)

    def _left_over(self, question: Question, links: Links, flow: TableFlow) -> str | None:
        request, source = question.request, question.sources[0]
        used = tuple(span for step in flow.steps for span in step.spans)
        nouns = sorted(source.nouns)
        synonyms = {
            word.text
            for word in unused_words(request, source, flow.steps)
            if max(self._similarity.between(word.text, nouns), default=0) >= SYNONYM
        }
        return left_over(links, Done(request, source, used, flow.steps), flow.unserved, synonyms)

    def _about_table(self, question: Question, links: Links) -> TableFlow:
        source = question.sources[0]
        paths = frozenset(source.path for source in question.sources if source.path)
        flow = TableFlow(Subject(question.request, links, source.columns, source.nouns, paths, source.rows))
        if source.path is not None:
            flow.add_reader(*table_reader(self._registry), source)
        else:
            flow.table = input_reference(source.input or "")
        for tool in self._registry:
            flow.add_if_asked(tool)
        return flow

    def _about_page(self, question: Question) -> list[DraftStep]:
        if not question.request.of(Kind.URL):
            return []
        ranked = [found.definition for found in self._search.search(question.request.text, NEAREST_TOOLS)]
        tools = [tool for tool in self._registry if tool.run is not None]
        return page_steps(Subject(question.request, Links(), ()), tools, ranked)

    async def _decide(self, request: Request, doubts: Sequence[Doubt]) -> "_Decision":
        """Let the model decide between columns that the same words fit; nothing else can be said in its answer."""
        schema: JsonSchema = {
            "type": "object",
            "properties": {doubt.words: {"enum": list(doubt.columns)} for doubt in doubts},
            "required": [doubt.words for doubt in doubts],
        }
        questions = "\n".join(f"{doubt.words}: {' or '.join(doubt.columns)}" for doubt in doubts)
        prompt = f"Request: {request.text}\nWhich column do these words mean?\n{questions}"
        answer = await said(self._model, prompt, schema)
        chosen = answer.value if isinstance(answer.value, Mapping) else {}
        for doubt in doubts:
            if chosen.get(doubt.words) not in doubt.columns:
                raise PlanningError(
                    f"{doubt.words} could mean {' or '.join(doubt.columns)}, and the model {self._model.name} did not "
                    "choose: name the column that you mean."
                )
        rejected = tuple(
            Rejection(column, doubt.start, doubt.end)
            for doubt in doubts
            for column in doubt.columns
            if column != chosen[doubt.words]
        )
        notes = tuple(
            f"{doubt.words} could mean {' or '.join(doubt.columns)}; here it is {chosen[doubt.words]}."
            for doubt in doubts
        )
        return _Decision(rejected, notes, answer.tokens_in, answer.tokens_out)

    def _decline(self, request: Request, reason: str) -> str:
        near = ", ".join(found.definition.name for found in self._search.search(request.text, NEAREST_TOOLS))
        return (
            f"No plan was found: {reason}. Say it in other words, name a data file (.csv, .parquet, .json) or an "
            "address (https://…), or set OPENAI_API_KEY for a stronger planner. "
            f"The tools that come nearest: {near or 'none'}."
        )


@dataclass(frozen=True, slots=True)
class _Decision:
    """What the model chose between columns that the same words fit."""

    rejected: tuple[Rejection, ...]
    notes: tuple[str, ...]
    tokens_in: int
    tokens_out: int


def _about_one_table(question: Question) -> Question:
    """The question in the words of the one table that it is about, which comes first."""
    main = main_source(question.request, question.sources)
    others = (source for source in question.sources if source is not main)
    return replace(question, request=question.request.about(main.words), sources=(main, *others))


def _worth_running(question: Question, flow: TableFlow) -> list[DraftStep]:
    """The steps; a file that is only opened must be all that the request speaks of."""
    source = question.sources[0]
    is_all = source.is_named and flow.steps and not unused_words(question.request, source, flow.steps)
    return flow.steps if flow.is_asked or is_all else []


def _doubts(steps: Sequence[DraftStep]) -> list[Doubt]:
    found = [doubt for step in steps for filled in step.filled.values() for doubt in filled.doubts]
    return list(dict.fromkeys(found))


def _open(doubts: Sequence[Doubt]) -> Iterator[str]:
    for doubt in doubts:
        if doubt.is_open:
            yield f"the small planner does not know by which column {doubt.words} is meant ({', '.join(doubt.columns)})"


def _other_readings(links: Links) -> Iterator[str]:
    """Words that were taken for a value of one column and are near to the name of another, which holds amounts."""
    for condition, near in links.other_readings:
        said = "is" if condition.operator == "equals" else "is not"
        yield f"Here {condition.column.name} {said} {condition.value}; {near.column.name} could be meant as well."


def _put_together(links: Links, source: Source) -> Iterator[str]:
    """`by month` of several years."""
    parts = {grouping.part for grouping in links.groupings}
    years = [condition for condition in links.conditions if condition.part == "year" or condition.part is None]
    for grouping in links.groupings:
        about = [condition for condition in years if condition.column == grouping.column]
        is_one_year = len(about) == 1 and _is_within_a_year(about[0])
        if grouping.part in MIXED and grouping.column.spans_years and "year" not in parts and not is_one_year:
            yield (
                f"The same {grouping.part} of different years is one row in {source.name}; "
                f"“by year and {grouping.part}” keeps them apart."
            )


def _is_within_a_year(condition: Condition) -> bool:
    match condition.value:
        case [str() as first, str() as last]:
            return first[:4] == last[:4]
        case _:
            return condition.operator == "equals"


def _guessed(steps: Sequence[DraftStep]) -> Iterator[str]:
    for step in steps:
        for name, filled in step.filled.items() if "x-columns" in step.tool.output_schema else ():
            if filled.origin == DEFAULT and "enum" in step.tool.parameters[name]:
                yield f"The request does not say which {name} is meant; this is the {filled.value}."


def _unused(question: Question, steps: Sequence[DraftStep]) -> Iterator[str]:
    words = unused_words(question.request, question.sources[0], steps) if question.sources else ()
    if words:
        listed = ", ".join(question.request.quote(word.start, word.end) for word in words)
        yield f"These words changed nothing in the plan: {listed}."


def _provenance(request: Request, steps: Sequence[DraftStep]) -> tuple[Provenance, ...]:
    return tuple(
        Provenance(f"steps.{step.id}.arguments.{name}", filled.value, filled.origin, _kind(filled, request))
        for step in steps
        for name, filled in step.filled.items()
    )


def _kind(filled: Filled, request: Request) -> Origin:
    if filled.origin in (DEFAULT, ONLY_ONE):
        return Origin.SCHEMA
    if filled.origin == MADE:
        return Origin.STEP
    if not filled.spans:
        return Origin.DATA
    words = [request.text[span.start : span.end].casefold() for span in filled.spans]
    return Origin.SPAN if str(filled.value).casefold() in words else Origin.RULE
