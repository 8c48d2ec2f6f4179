"""One call of one tool, or one call for each of many arguments, as a run of a pipeline of one step."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NotRequired, TypedDict

from brain.errors import SpecError, UsageError
from brain.nearest import did_you_mean
from brain.notebook_runs.filling import Written
from brain.notebook_runs.plain_values import holds_more_than_json, plain
from brain.pipeline_builder.references import escaped, input_reference, item_reference
from brain.pipeline_builder.spec import RESERVED_IDS, PipelineSpec
from brain.session.order import BudgetLike, DeadlineLike, Order, as_budget, as_deadline
from brain.shortened import shown

__all__ = ["HOW_TO_ALLOW", "Arguments", "CallOptions", "order_of_call", "step_id_of", "told_of_call"]

type Arguments = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""By name JSON values, DataFrames, Arrow tables and files; of many calls those of each."""

ITEMS = "items"
"""The input that holds what differs between many calls."""
OF_MANY: Mapping[str, Any] = {"on_error": ("collect",), "max_parallel": range(1, 1001)}
"""Options, and their values, that mean nothing to a single call."""
HOW_TO_ALLOW = "call it with yes=True (of an exported notebook it is the parameter approve)"
NOT_IN_ID = re.compile(r"[^a-z0-9_]+")


class CallOptions(TypedDict):
    """How a call is made; what is left out is as the tool's definition and the settings say."""

    yes: NotRequired[bool]
    """Whether a tool that changes something may be called without asking."""
    use_cache: NotRequired[bool]
    """Whether an earlier result may stand for this one, where `cache` says so."""
    retry: NotRequired[int]
    """Tries in all, of a tool that may be called again."""
    timeout: NotRequired[str]
    """How long a call may take: `30s`."""
    cache: NotRequired[str]
    """How long a result may stand for another call with the same arguments: `1h`."""
    on_error: NotRequired[Literal["fail", "skip", "collect"]]
    """`skip`: the result of what failed is None; of many calls also `collect`: it is `{"error": ...}`."""
    max_parallel: NotRequired[int]
    """Of many calls so many at once."""
    budget: NotRequired[BudgetLike]
    """What it may spend on the chat model."""
    deadline: NotRequired[DeadlineLike]
    """How long all of it may take."""


def step_id_of(tool: str) -> str:
    """What the one step is called: `table.read` becomes `table_read`."""
    name = NOT_IN_ID.sub("_", tool.casefold()).strip("_")
    return name if name[:1].isalpha() and name not in RESERVED_IDS else f"call_{name}"


def order_of_call(
    tool: str, arguments: Arguments, options: CallOptions, parameters: Collection[str] = (), *, source: str = "python"
) -> Order:
    """The run that makes a call, or many; raises UsageError, SpecError.

    `parameters` are the names of what the tool takes, as far as they are known.
    """
    _refuse_options(options, parameters)
    calls = _calls(tool, arguments)
    is_one = isinstance(arguments, Mapping)
    fixed, items = (calls[0], None) if is_one else _apart(calls)
    step, inputs, schemas = _step(tool, fixed, items)
    for name in ("timeout", "cache", "on_error", "max_parallel"):
        if name in options:
            step[name] = options[name]
    if "retry" in options:
        step["retry"] = {"attempts": options["retry"]}
    if is_one and (of_many := next((name for name in OF_MANY if step.get(name) in OF_MANY[name]), None)):
        raise UsageError(f"{of_many}={step[of_many]!r} is for a list of arguments, a call for each.")
    spec = PipelineSpec.from_value({"name": tool, "inputs": schemas, "steps": [step]})
    return Order(
        spec=spec, inputs=inputs, yes=options.get("yes", False), source=source,
        use_cache=options.get("use_cache", True), budget=as_budget(options.get("budget")),
        deadline=as_deadline(options.get("deadline")),
    )  # fmt: skip


@contextmanager
def told_of_call(tool: str) -> Iterator[None]:
    """What is wrong with the one step, said of the call that it is."""
    try:
        yield
    except SpecError as exc:  # so the tool is named by a text
        where = re.compile(rf"^steps\.{step_id_of(tool)}\.?(arguments|tool)?\.?")
        told = [f"{where.sub('', problem.where)}: {problem.what}".removeprefix(": ") for problem in exc.problems]
        lines = told[0] if len(told) == 1 else "".join(f"\n  - {line}" for line in told)
        raise UsageError(f"{tool}: {lines}") from None


def _refuse_options(options: Mapping[str, Any], parameters: Collection[str]) -> None:
    known = CallOptions.__annotations__
    if unknown := next((name for name in options if name not in known), None):
        place = " It is an argument of the tool: put it into the mapping." if unknown in parameters else ""
        raise UsageError(f"A call has no option {unknown!r}.{place or did_you_mean(unknown, known)}")
    for name in ("yes", "use_cache"):
        if not isinstance(options.get(name, False), bool):
            hint = " (papermill has True of -p approve True)" if name == "yes" else ""
            raise UsageError(f"{name} is True or False, not {options.get(name)!r}{hint}.")


def _calls(tool: Any, arguments: Any) -> list[dict[str, Any]]:
    """The arguments of each call, as tools take them."""
    if not isinstance(tool, str) or not tool.strip():
        raise UsageError(f"A tool is named by a text, such as 'table.read', not by {shown(tool)}.")
    many = list(arguments) if isinstance(arguments, Iterator) else arguments
    calls = [many] if isinstance(many, Mapping) else many
    if not isinstance(calls, list | tuple) or not all(isinstance(each, Mapping) for each in calls):
        raise UsageError(f"Arguments are a mapping from names to values, or a list of such, not {shown(arguments)}.")
    return [{str(name): plain(value, str(name)) for name, value in each.items()} for each in calls]


def _step(
    tool: str, fixed: Mapping[str, Any], items: list[dict[str, Any]] | None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The step, the inputs that it refers to, and their schemas, which take anything; of items they tell the names."""
    inputs = {name: value for name, value in fixed.items() if holds_more_than_json(value)}
    schemas: dict[str, Any] = {name: {} for name in inputs}
    arguments = {name: input_reference(name) if name in inputs else _as_written(value) for name, value in fixed.items()}
    step: dict[str, Any] = {"id": step_id_of(tool), "tool": tool, "arguments": arguments}
    if items is not None:
        own, fields = (ITEMS if ITEMS not in inputs else f"{ITEMS}_"), dict[str, Any].fromkeys(items[0])
        inputs[own] = items
        schemas[own] = {"type": "array", "items": {"type": "object", "properties": {name: {} for name in fields}}}
        step["foreach"] = input_reference(own)
        step["arguments"] |= {name: item_reference(name) for name in fields}
    return step, inputs, schemas


def _apart(calls: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What all calls are given alike, and what differs; raises UsageError where not all name the same arguments."""
    first = calls[0] if calls else {}
    if other := next((each for each in calls if each.keys() != first.keys()), None):
        differing = ", ".join(sorted(map(str, other.keys() ^ first.keys())))
        raise UsageError(f"Each of many calls is given the same arguments, and not all have {differing}.")
    alike = {name for name, value in first.items() if all(_is_same(each[name], value) for each in calls)}
    # items are data, in which a reference to a secret stands for nothing
    if secret := next((name for each in calls for name in each.keys() - alike if _has_written(each[name])), None):
        raise UsageError(f"The argument {secret} holds a secret: it has to be the same in each of many calls.")
    fixed = {name: first[name] for name in first if name in alike}
    return fixed, [{name: each[name] for name in each if name not in alike} for each in calls]


def _is_same(one: Any, other: Any) -> bool:
    """Whether both are the same value, as JSON has it; of tables and files, the same object."""
    match one, other:
        case Mapping(), Mapping():
            return one.keys() == other.keys() and all(_is_same(one[name], other[name]) for name in one)
        case list(), list():
            return len(one) == len(other) and all(map(_is_same, one, other))
        case _:
            is_json = not holds_more_than_json(one)
            return one is other or (is_json and type(one) is type(other) and bool(one == other))


def _has_written(value: Any) -> bool:
    match value:
        case Mapping():
            return any(map(_has_written, value.values()))
        case list():
            return any(map(_has_written, value))
        case _:
            return isinstance(value, Written)


def _as_written(value: Any) -> Any:
    """The value as a spec writes it: text is text, whatever it looks like."""
    match value:
        case Written():
            return str(value)
        case str():
            return escaped(value)
        case Mapping():
            return {name: _as_written(item) for name, item in value.items()}
        case list():
            return [_as_written(item) for item in value]
        case _:
            return value
