"""What running a pipeline would touch, need, write and take, told before anything runs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from brain.errors import ToolError
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.pipeline_builder.references import Template, compile_template, read_text
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Estimate", "Preflight", "SecretNeed", "ToolHistory", "Write", "estimate", "preflight"]

HOST_AND_MORE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*[/?#]", re.IGNORECASE)
"""The beginning of an address in which the host is over."""


type Cost = Callable[[int, int], float | None]
"""Takes tokens in and out of the chat model, gives US dollars; None where its price is not known."""


@dataclass(frozen=True, slots=True)
class SecretNeed:
    """A secret that a tool of the pipeline may use."""

    name: str
    tool: str
    hosts: tuple[str, ...]
    """The only hosts that a call which was given the secret may reach."""
    is_set: bool


@dataclass(frozen=True, slots=True)
class Write:
    """A step that changes something outside the Brain, and asks before it does."""

    step_id: str
    tool: str
    targets: tuple[str, ...]
    """Paths and addresses as the pipeline has them; what earlier steps decide stands as `${...}`."""


@dataclass(frozen=True, slots=True)
class ToolHistory:
    """Earlier successful calls of a tool."""

    calls: int
    seconds: float
    """The median of one call."""
    tokens_in: float
    tokens_out: float
    """The medians of what one call took from the chat model."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How much a run may take, if each call goes as the median of its tool's earlier calls."""

    seconds: float
    """Along the slowest path; of a `foreach` step as if its items took as long as one."""
    tokens: int
    """From the chat model, in and out together."""
    cost_usd: float | None
    """Of these tokens, at the price of the model that is set; None where it is not known."""
    calls: int
    """Earlier calls that this rests on."""
    each: tuple[str, ...]
    """`foreach` steps, whose items are counted once."""
    unknown: tuple[str, ...]
    """Steps whose tool has never run to its end here; they are not counted."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a person may want to know before a pipeline runs."""

    hosts: tuple[str, ...]
    """Hosts that are named in the pipeline or bound to a secret that it needs."""
    undecided: tuple[str, ...]
    """Steps that reach hosts which are only known while it runs; the egress policy decides then."""
    secrets: tuple[SecretNeed, ...]
    writes: tuple[Write, ...]
    asks_model: tuple[str, ...]
    """Steps that send what they are given to the chat model."""
    estimate: Estimate | None = None
    """None where the past runs could not be read."""

    def to_json(self) -> dict[str, Json]:
        """Everything, by the names of the fields."""
        return asdict(self)


def preflight(pipeline: Pipeline, is_set: Callable[[str], bool]) -> Preflight:
    """Everything but the estimate; `is_set` tells whether there is a secret of that name."""
    steps = tuple(pipeline.steps.values())
    reached = {step.id: _reached(step, pipeline) for step in steps if step.definition.annotations.open_world_hint}
    secrets = tuple(_secrets(steps, is_set))
    named = {host for hosts in reached.values() for host in hosts if host is not None}
    return Preflight(
        hosts=tuple(sorted(named | {host for need in secrets for host in need.hosts})),
        undecided=tuple(step_id for step_id, hosts in reached.items() if None in hosts),
        secrets=secrets,
        writes=tuple(
            Write(step.id, step.definition.name, _targets(step)) for step in steps if not step.definition.is_read_only
        ),
        asks_model=tuple(step.id for step in steps if step.definition.uses_model),
    )


def estimate(pipeline: Pipeline, history: Mapping[str, ToolHistory], cost: Cost) -> Estimate:
    """What the earlier calls of the pipeline's tools, by name, say about it."""
    tools = {step_id: step.definition.name for step_id, step in pipeline.steps.items()}
    known = {step_id: history[tool] for step_id, tool in tools.items() if tool in history}
    ends: dict[str, float] = {}
    for step_id in pipeline.order:
        begins = max((ends[need] for need in pipeline.steps[step_id].dependencies), default=0.0)
        ends[step_id] = begins + (known[step_id].seconds if step_id in known else 0.0)
    tokens_in = round(sum(past.tokens_in for past in known.values()))
    tokens_out = round(sum(past.tokens_out for past in known.values()))
    return Estimate(
        seconds=max(ends.values(), default=0.0),
        tokens=tokens_in + tokens_out,
        cost_usd=cost(tokens_in, tokens_out),
        calls=sum(history[tool].calls for tool in history.keys() & set(tools.values())),
        each=tuple(step.id for step in pipeline.steps.values() if step.foreach is not None),
        unknown=tuple(step_id for step_id in pipeline.steps if step_id not in known),
    )


def _reached(step: PlannedStep, pipeline: Pipeline) -> set[str | None]:
    """Hosts, and None for one that is known only while the pipeline runs."""
    tool = step.definition
    addresses = list(_values_of_format(step, "uri"))
    if addresses:
        return {_host(text) for address in addresses for text in _written_out(address, step, pipeline)}
    bound = {host for binding in tool.secrets for host in binding.hosts}
    return set() if bound or tool.uses_model else {None}


def _written_out(address: str, step: PlannedStep, pipeline: Pipeline) -> Iterator[str]:
    """An address with what is known beforehand filled in: defaults of inputs, items that the pipeline lists."""
    inputs = {name: schema["default"] for name, schema in pipeline.spec.inputs.items() if "default" in schema}
    items = step.foreach.source if step.foreach is not None and step.foreach.is_constant else []
    template = compile_template(address, "")
    for number in range(len(items) or 1):
        scope = {"inputs": inputs, **({"item": items[number], "index": number} if items else {})}
        yield _filled(template, scope) or address


def _filled(template: Template, scope: Mapping[str, Json]) -> str | None:
    if any(reference.head not in scope for reference in template.references):
        return None
    try:
        return str(template.resolve(scope))
    except ToolError:
        return None


def _host(address: str) -> str | None:
    """The host, where it is written down as a whole; the rest of the address may be a reference."""
    beginning = read_text(address)[0]
    is_whole = beginning == address or (isinstance(beginning, str) and HOST_AND_MORE.match(beginning))
    try:
        return urlsplit(address).hostname if is_whole else None
    except ValueError:
        return None


def _targets(step: PlannedStep) -> tuple[str, ...]:
    return (*_values_of_format(step, "path"), *_values_of_format(step, "uri"))


def _values_of_format(step: PlannedStep, wanted: str) -> Iterator[str]:
    """The texts, as the pipeline has them, of the arguments with this `format`."""
    source = step.arguments.source
    for name, schema in step.definition.parameters.items():
        if name in source:
            yield from _texts(source[name], schema, wanted)


def _texts(value: Json, schema: JsonSchema, wanted: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, schema, wanted)
    elif isinstance(value, str) and wanted in _formats(schema):
        yield value


def _formats(schema: JsonSchema) -> Iterator[str]:
    yield schema.get("format", "")
    for inner in (schema.get("items"), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if isinstance(inner, dict):
            yield from _formats(inner)


def _secrets(steps: Iterable[PlannedStep], is_set: Callable[[str], bool]) -> Iterator[SecretNeed]:
    tools = {step.definition.name: step.definition for step in steps}
    for tool in tools.values():
        for binding in tool.secrets:
            yield SecretNeed(binding.name, tool.name, binding.hosts, is_set(binding.name))
