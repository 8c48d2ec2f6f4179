"""From a written spec to a checked pipeline: every problem is found before anything runs, and all are told at once."""

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType

from brain.durations import parse_duration
from brain.errors import Problem, SpecError
from brain.nearest import did_you_mean
from brain.pipeline_builder.contracts import Contract
from brain.pipeline_builder.finished import finished, names_used
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.pipeline_builder.references import Condition, Template, compile_condition, compile_template
from brain.pipeline_builder.schemas import Validator, describe, fits, wrong_schema
from brain.pipeline_builder.scopes import LIST, Scope, type_of_items, type_of_list
from brain.pipeline_builder.spec import OnError, PipelineSpec, StepSpec
from brain.runs import Json, StepResult
from brain.shortened import shown
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry

__all__ = ["Pipeline", "PlannedStep", "build"]


def build(spec: PipelineSpec, registry: Registry, earlier: Collection[StepResult] = ()) -> Pipeline:
    """Check a spec against the tools and compile it; raises SpecError with every problem, in the order of the spec.

    With `earlier`, results of an attempt of the same spec with the same inputs, it is what is left to do of it.
    """
    uses = [names_used(step) for step in spec.steps]
    done = finished(spec, uses, registry, earlier) if earlier else {}
    contracts = _contracts(spec, registry)
    scope = Scope.of(spec, {name: contract.gives for name, contract in contracts.items()})
    drafts = [
        _draft(step, contracts.get(step.tool), scope, used)
        for step, used in zip(spec.steps, uses, strict=True)
        if step.id not in done
    ]
    outputs = compile_template(spec.outputs or _leaves(spec, uses), "outputs")
    problems = [
        *_input_problems(spec),
        *_step_problems(drafts, scope, registry),
        *scope.problems_of(outputs),
        *_misplaced_secrets(outputs),
    ]
    if problems:
        raise SpecError(problems)
    return _pipeline(spec, drafts, outputs, done)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A step as far as it could be understood."""

    spec: StepSpec
    contract: Contract | None
    arguments: Template
    foreach: Template | None
    when: Condition | None
    dependencies: frozenset[str]
    """Steps that exist, without the step itself."""

    @property
    def where(self) -> str:
        return f"steps.{self.spec.id}"


def _contracts(spec: PipelineSpec, registry: Registry) -> dict[str, Contract]:
    names = dict.fromkeys(step.tool for step in spec.steps)
    return {name: Contract(registry.get(name)) for name in names if name in registry}


def _draft(step: StepSpec, contract: Contract | None, scope: Scope, used: frozenset[str]) -> _Draft:
    where = f"steps.{step.id}"
    arguments = compile_template(step.arguments, f"{where}.arguments")
    foreach = None if step.foreach is None else compile_template(step.foreach, f"{where}.foreach")
    when = None if step.when is None else compile_condition(step.when, f"{where}.when")
    dependencies = used & scope.types.keys() - {"inputs", step.id}
    return _Draft(step, contract, arguments, foreach, when, dependencies)


def _leaves(spec: PipelineSpec, uses: Sequence[frozenset[str]]) -> dict[str, Json]:
    used = frozenset().union(*(names - {step.id} for step, names in zip(spec.steps, uses, strict=True)))
    return {step.id: f"${{{step.id}}}" for step in spec.steps if step.id not in used}


def _input_problems(spec: PipelineSpec) -> Iterator[Problem]:
    if not spec.steps:
        yield Problem("steps", "is empty; a pipeline needs at least one step")
    for name, schema in spec.inputs.items():
        if wrong := wrong_schema(schema):
            yield Problem(f"inputs.{name}", wrong)
        elif "default" in schema:
            for misfit in Validator(schema).misfits(schema["default"]):
                yield Problem(f"inputs.{name}.default{misfit.path}", misfit.what)


def _step_problems(drafts: list[_Draft], scope: Scope, registry: Registry) -> Iterator[Problem]:
    cycles = _cycles(drafts)
    seen: set[str] = set()
    for draft in drafts:
        if draft.spec.id in seen:
            yield Problem(draft.where, "the id is used twice; every step has its own")
        elif draft.spec.id in cycles:
            yield Problem(draft.where, f"waits for itself: {cycles[draft.spec.id]}")
        seen.add(draft.spec.id)
        yield from _tool_problems(draft, registry)
        yield from _argument_problems(draft, scope)
        yield from _needs_problems(draft, scope)
        yield from _foreach_problems(draft, scope.within(draft.spec.id))
        if draft.when is not None:
            yield from scope.within(draft.spec.id).problems_of(draft.when)


def _tool_problems(draft: _Draft, registry: Registry) -> Iterator[Problem]:
    step, contract = draft.spec, draft.contract
    if contract is None:
        names = [definition.name for definition in registry]
        hint = did_you_mean(step.tool, names) or " `brain tools` lists what there is"
        yield Problem(f"{draft.where}.tool", f"there is no tool {shown(step.tool)}.{hint}")
        return
    if step.retry is not None and step.retry.attempts > 1 and not contract.definition.is_repeatable:
        yield Problem(f"{draft.where}.retry", f"{step.tool} changes something each time, so it is never tried again")


def _argument_problems(draft: _Draft, scope: Scope) -> Iterator[Problem]:
    item = None if draft.foreach is None else type_of_items(draft.foreach, scope)
    inner = scope.within(draft.spec.id, item)
    yield from inner.problems_of(draft.arguments)
    if draft.contract is not None:
        yield from draft.contract.problems_of(draft.arguments, f"{draft.where}.arguments", inner)
        yield from draft.contract.secret_problems(draft.arguments)


def _needs_problems(draft: _Draft, scope: Scope) -> Iterator[Problem]:
    where = f"{draft.where}.needs"
    for name in draft.spec.needs:
        if name == draft.spec.id:
            yield Problem(where, "a step cannot wait for itself")
        elif name == "inputs" or name not in scope.types:
            hint = did_you_mean(name, scope.types.keys() - {"inputs"})
            yield Problem(where, f"there is no step {shown(name)}.{hint}".rstrip("."))


def _foreach_problems(draft: _Draft, scope: Scope) -> Iterator[Problem]:
    if draft.foreach is None:
        if draft.spec.max_parallel is not None:
            yield Problem(f"{draft.where}.max_parallel", "stands beside foreach only")
        if draft.spec.on_error is OnError.COLLECT:
            yield Problem(
                f"{draft.where}.on_error", "collect stands beside foreach only; fail and skip are for any step"
            )
        return
    yield from scope.problems_of(draft.foreach)
    yield from _misplaced_secrets(draft.foreach)
    if not draft.foreach.problems and not fits(LIST, actual := type_of_list(draft.foreach, scope)):
        written = shown(draft.foreach.source)
        yield Problem(
            f"{draft.where}.foreach", f"takes a list, as in ${{links.urls}}, but {written} is {describe(actual)}"
        )


def _misplaced_secrets(template: Template) -> Iterator[Problem]:
    for name, where in template.secrets:
        yield Problem(where, f"the secret {name} cannot stand here; secrets go into arguments only")


def _cycles(drafts: list[_Draft]) -> dict[str, str]:
    """First step of a cycle -> the cycle in words; a step is told in one cycle at most."""
    positions = {draft.spec.id: position for position, draft in enumerate(drafts)}
    graph = {
        draft.spec.id: sorted(draft.dependencies & positions.keys(), key=positions.__getitem__) for draft in drafts
    }
    cycles: dict[str, str] = {}
    while (found := _find_cycle(graph)) is not None:
        start = found.index(min(found, key=positions.__getitem__))
        turned = [*found[start:], *found[:start]]
        cycles[turned[0]] = " -> ".join([*turned, turned[0]])
        graph = {
            step: [name for name in needed if name not in found] for step, needed in graph.items() if step not in found
        }
    return cycles


def _find_cycle(graph: Mapping[str, list[str]]) -> list[str] | None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        cycle: list[str] = exc.args[1]
        return cycle[:-1]
    return None


def _pipeline(
    spec: PipelineSpec, drafts: list[_Draft], outputs: Template, done: Mapping[str, ToolDefinition]
) -> Pipeline:
    dependents: dict[str, list[str]] = {draft.spec.id: [] for draft in drafts}
    for draft in drafts:
        for name in draft.dependencies - done.keys():
            dependents[name].append(draft.spec.id)
    positions = {step.id: position for position, step in enumerate(spec.steps)}
    steps = {
        draft.spec.id: _planned(draft, draft.contract, positions[draft.spec.id], tuple(dependents[draft.spec.id]))
        for draft in drafts
        if draft.contract is not None
    }
    return Pipeline(spec=spec, steps=MappingProxyType(steps), order=_order(steps), outputs=outputs, done=done)


def _planned(draft: _Draft, contract: Contract, position: int, dependents: tuple[str, ...]) -> PlannedStep:
    step, definition = draft.spec, contract.definition
    return PlannedStep(
        id=step.id,
        position=position,
        definition=definition,
        arguments=draft.arguments,
        foreach=draft.foreach,
        when=draft.when,
        dependencies=draft.dependencies,
        dependents=dependents,
        on_error=step.on_error,
        attempts=1 if step.retry is None else step.retry.attempts,
        timeout=_seconds(step.timeout or definition.timeout),
        cache=_seconds(step.cache or definition.cache),
        max_parallel=step.max_parallel,
        validator=contract.validator,
    )


def _seconds(duration: str | None) -> float | None:
    return None if duration is None else parse_duration(duration).total_seconds()


def _order(steps: Mapping[str, PlannedStep]) -> tuple[str, ...]:
    """Kahn's algorithm, always taking the earliest step of the spec that is free."""
    ids = {step.position: step.id for step in steps.values()}
    waiting = {step.id: len(step.dependencies & steps.keys()) for step in steps.values()}
    free = [step.position for step in steps.values() if not waiting[step.id]]
    order: list[str] = []
    while free:
        step = steps[ids[heapq.heappop(free)]]
        order.append(step.id)
        for name in step.dependents:
            waiting[name] -= 1
            if not waiting[name]:
                heapq.heappush(free, steps[name].position)
    return tuple(order)
