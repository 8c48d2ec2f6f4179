"""The planner that asks a strong model: one structured answer, checked, and mended with the findings."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from brain.config_secrets import SECRET_REFERENCE
from brain.errors import Clarification, PlanningError, Problem, QuestionsError, SpecError
from brain.intent_inference.asking import said
from brain.intent_inference.clarifying import Answers, Gap, clarified
from brain.intent_inference.drafts import Draft
from brain.intent_inference.grounding import Grounding, ground
from brain.intent_inference.plan import Check, Example, Plan, Question
from brain.intent_inference.plan_prompt import PROMPT, answer_schema, asked, instructions
from brain.intent_inference.sketch import Tell, Watcher
from brain.intent_inference.sources import table_reader
from brain.language_models import ChatModel
from brain.pipeline_builder.pipeline import Pipeline
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

__all__ = ["REPAIRS", "SHORTLIST", "ModelPlanner"]

SHORTLIST = 18
"""Tools that the model is shown, beside the one that opens the file which the request names."""
REPAIRS = 2
"""How often findings go back to the model, where nobody says."""
MOST_EXAMPLES = 4
LEAST_WEIGHT = 0.35
"""Of an example that the model is shown."""
NEAREST_TOOLS = 5
NOTHING_GROUNDED = Grounding((), ())


class ModelPlanner:
    """Plans with any OpenAI-compatible chat model that can answer in JSON; `tell` hears of the steps as they come."""

    def __init__(
        self, registry: Registry, search: ToolSearch, model: ChatModel, check: Check, *, repairs: int = REPAIRS,
        tell: Tell | None = None,
    ) -> None:  # fmt: skip
        self._registry = registry
        self._search = search
        self._model = model
        self._check = check
        self._repairs = repairs
        self._tell = tell

    async def plan(self, question: Question) -> Plan:
        """A plan that passed `build` and whose every literal comes from somewhere.

        Raises QuestionsError where only values are missing that a person can say, PlanningError with what was still
        wrong after the last repair.
        """
        question = replace(question, examples=tuple(self._usable(question)))
        tools = self._shortlist(question)
        system, schema, prompt = instructions(tools, question), answer_schema(tools), asked(question)
        tokens_in = tokens_out = 0
        problems: tuple[Problem, ...] = ()
        findings, looked = "", _Looked()
        for repair in range(1 + self._repairs):
            hear = Watcher(self._tell, repair, len(problems)) if self._tell is not None else None
            reply = await said(self._model, prompt + findings, schema, system=system, hear=hear)
            tokens_in, tokens_out = tokens_in + reply.tokens_in, tokens_out + reply.tokens_out
            looked = self._look(reply.value, question)
            if looked.pipeline is not None:
                planner, origins = f"{PROMPT} with {self._model.name}", looked.grounding.provenance
                return Plan(looked.pipeline, planner, origins, (), tokens_in, tokens_out, as_of=question.as_of)
            if looked.is_asking_only:
                break
            problems = looked.problems
            findings = (
                f"\n\nYour last answer was:\n{json.dumps(reply.value)}\n\n{SpecError(problems)}\nAnswer again, mended."
            )
        raise self._unsolved(looked, question)

    def _shortlist(self, question: Question) -> Sequence[ToolDefinition]:
        """The tools that fit, those of the examples, and the one that opens what the request names.

        In the order of the registry; all where no word of the request says which. Raises PlanningError for want of any.
        """
        if not len(self._registry):
            raise PlanningError("No plan was found: tools.json lists no tool; `brain tools` shows what there is.")
        found = {found.definition.name for found in self._search.search(question.request.text, SHORTLIST)}
        if found and any(source.path for source in question.sources):
            found.add(table_reader(self._registry)[0].name)
        found |= {step.tool for example in question.examples for step in example.spec.steps} if found else set()
        return [tool for tool in self._registry if tool.name in found or not found]

    def _usable(self, question: Question) -> Iterator[Example]:
        """The examples that are near enough to show something, and whose tools are all still there."""
        known = {tool.name for tool in self._registry}
        near = [each for each in question.examples if each.weight >= LEAST_WEIGHT][:MOST_EXAMPLES]
        return (each for each in near if all(step.tool in known for step in each.spec.steps))

    def _look(self, answer: Json, question: Question) -> "_Looked":
        """What an answer is worth, once the person's answers are in its gaps."""
        if wrong := _no_plan(answer):
            return _Looked((wrong,))
        if not answer.get("steps"):
            raise PlanningError(self._declined(str(answer.get("problem") or "no tool could serve it"), question))
        if secret := SECRET_REFERENCE.search(json.dumps(answer["steps"])):
            what = f"a plan holds no secrets; leave {secret[0]} out, tools have their own"
            return _Looked((Problem("steps", what),))
        draft = Draft(answer, question, {tool.name: tool for tool in self._registry})
        looked = self._checked(draft)
        answers = Answers(question.answers)
        filled = answers.fill(looked.gaps)
        looked = self._checked(draft.filled(filled)) if filled else looked
        return replace(looked, gaps=tuple(answers.told(gap) for gap in looked.gaps))

    def _checked(self, draft: Draft) -> "_Looked":
        """The pipeline, or every problem at once: the builder's, and literals that come from nowhere."""
        asks = draft.asked
        try:
            supposed = draft.supposing(asks)
        except SpecError as exc:
            return _Looked(exc.problems)
        grounding = ground(supposed, draft.question, draft.tools)
        gaps = [*asks, *draft.missing, *draft.refused(grounding.refused)]
        try:
            pipeline = self._check(supposed)
        except SpecError as exc:
            problems = exc.problems
        else:
            if not gaps:
                return _Looked(pipeline=pipeline, grounding=grounding)
            problems = ()
        refused = tuple(Problem(each.literal.where, each.what) for each in grounding.refused)
        return _Looked((*problems, *refused), tuple(gaps), len(asks), draft, grounding)

    def _unsolved(self, looked: "_Looked", question: Question) -> PlanningError:
        """Questions, if the plan is right but for what a person can say; else what is wrong."""
        if questions := self._questions(looked):
            return QuestionsError(questions)
        repairs = "1 repair" if self._repairs == 1 else f"{self._repairs} repairs"
        return PlanningError(
            f"The model {self._model.name} wrote no plan that can be run, even after {repairs}. "
            f"{SpecError(looked.problems)}\n"
            "Say the request in other words, name columns as the data does, or write the pipeline yourself "
            f"(brain run). {self._nearest(question)}"
        )

    def _questions(self, looked: "_Looked") -> list[Clarification]:
        if looked.draft is None or not looked.gaps or not all(gap.can_be_asked for gap in looked.gaps):
            return []
        placed = [gap for gap in looked.gaps if gap.instead_of is None]
        try:
            self._check(looked.draft.supposing(placed))
        except SpecError:
            return []
        return [question for _, question in clarified(looked.gaps)]

    def _declined(self, reason: str, question: Question) -> str:
        return f"No plan was found: {reason.rstrip('.')}. {self._nearest(question)}"

    def _nearest(self, question: Question) -> str:
        near = [found.definition.name for found in self._search.search(question.request.text, NEAREST_TOOLS)]
        return f"The tools that come nearest: {', '.join(near) or 'none'}; `brain tools` lists what there is."


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found out about one answer."""

    problems: tuple[Problem, ...] = ()
    gaps: tuple[Gap, ...] = ()
    asks: int = 0
    """How many of the gaps the model left open on purpose."""
    draft: Draft | None = None
    grounding: Grounding = NOTHING_GROUNDED
    pipeline: Pipeline | None = None

    @property
    def is_asking_only(self) -> bool:
        """Whether nothing is wrong but what a person is to be asked."""
        return bool(self.gaps) and len(self.gaps) == self.asks and not self.problems


def _no_plan(answer: Json) -> Problem | None:
    """What is wrong with an answer of another shape."""
    if isinstance(answer, Mapping) and not answer.keys().isdisjoint({"steps", "problem"}):
        return None
    return Problem("answer", "is no plan: an object with name, steps and outputs, or a problem")
