"""The small planner, for no key: tools and arguments from the words of a request, a model only where they are unclear.

It knows no tool by name. `tools.json` lists tools in the order in which a pipeline calls them, and says in annotations
(`brain.intent_inference.slots`) by which words people ask for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from brain.errors import PlanningError
from brain.intent_inference.draft import DraftStep, write_spec
from brain.intent_inference.linking import Links, link
from brain.intent_inference.mentions import Kind, Request
from brain.intent_inference.page_flow import page_steps
from brain.intent_inference.plan import Check, Plan, Provenance, Question
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.slots import Filled, Subject
from brain.intent_inference.sources import table_reader
from brain.intent_inference.table_flow import TableFlow
from brain.language_models import ChatModel
from brain.tool_registry.definitions import JsonSchema
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

__all__ = ["OfflinePlanner"]

NEAREST_TOOLS = 5
NOTE = (
    "Planned by the small offline planner, which understands simple questions about tables and pages. "
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

    async def plan(self, question: Question) -> Plan:
        """A plan for a question about a table or a page."""
        usage = (0, 0)
        if question.sources:
            links = link(question.request, question.sources[0], self._similarity)
            steps = self._about_table(question, links)
            if doubts := [filled for step in steps for filled in step.filled.values() if filled.choices]:
                links, usage = await self._decided(question.request, links, doubts)
                steps = self._about_table(question, links)
        else:
            steps = self._about_page(question)
        if not steps:
            raise PlanningError(self._decline(question.request))
        asked = f" with {self._model.name}" if usage != (0, 0) else ""
        pipeline = self._check(write_spec(question, steps))
        return Plan(pipeline, f"offline{asked}", _provenance(steps), (NOTE,), *usage)

    def _about_table(self, question: Question, links: Links) -> list[DraftStep]:
        source = question.sources[0]
        paths = frozenset(source.path for source in question.sources if source.path)
        flow = TableFlow(Subject(question.request, links, source.columns, paths))
        if source.path is not None:
            flow.add_reader(*table_reader(self._registry), source)
        else:
            flow.table = f"${{inputs.{source.input}}}"
        for tool in self._registry:
            flow.add_if_asked(tool)
        return flow.steps if flow.is_asked or source.is_named else []

    def _about_page(self, question: Question) -> list[DraftStep]:
        if not question.request.of(Kind.URL):
            return []
        ranked = [found.definition for found in self._search.search(question.request.text, NEAREST_TOOLS)]
        tools = [tool for tool in self._registry if tool.run is not None]
        return page_steps(Subject(question.request, Links(), ()), tools, ranked)

    async def _decided(self, request: Request, links: Links, doubts: Sequence[Filled]) -> tuple[Links, tuple[int, int]]:
        """Let the model decide between columns that the same words fit; nothing else can be said in its answer."""
        options = {filled.origin: list(filled.choices) for filled in doubts}
        schema: JsonSchema = {
            "type": "object",
            "properties": {words: {"enum": columns} for words, columns in options.items()},
            "required": list(options),
        }
        questions = "\n".join(f"{words}: {' or '.join(map(str, columns))}" for words, columns in options.items())
        prompt = f"Request: {request.text}\nWhich column do these words mean?\n{questions}"
        answer = await self._model.structured(prompt, schema)
        said = answer.value if isinstance(answer.value, Mapping) else {}
        rejected = {
            (filled.start, column)
            for filled in doubts
            for column in filled.choices
            if said.get(filled.origin) in filled.choices and column != said[filled.origin]
        }
        kept = tuple(found for found in links.columns if (found.start, found.column.name) not in rejected)
        return replace(links, columns=kept), (answer.tokens_in, answer.tokens_out)

    def _decline(self, request: Request) -> str:
        near = ", ".join(found.definition.name for found in self._search.search(request.text, NEAREST_TOOLS))
        return (
            "No plan was found: the request names no data that the small planner understands. Name a file "
            f"(notebooks/data/….csv) or an address (https://…), or set OPENAI_API_KEY for a stronger planner. "
            f"The tools that come nearest: {near}."
        )


def _provenance(steps: Sequence[DraftStep]) -> tuple[Provenance, ...]:
    return tuple(
        Provenance(f"steps.{step.id}.arguments.{name}", filled.value, filled.origin)
        for step in steps
        for name, filled in step.filled.items()
    )
