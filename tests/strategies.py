"""Hypothesis strategies and small builders that several test files share: tools, valid pipelines, and wild ones."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from brain.pipeline_builder.spec import OnError, PipelineSpec
from brain.tool_registry.definitions import SecretBinding, ToolAnnotations, ToolDefinition, ToolRun
from brain.tool_registry.registry import Registry

__all__ = [
    "TABLE",
    "json_values",
    "registry_of",
    "steps_registry",
    "tool",
    "valid_specs",
    "wild_specs",
]

TABLE: dict[str, Any] = {"type": "object", "format": "table"}
READ_ONLY = ToolAnnotations(read_only_hint=True)
REFERENCES = "${ } $${ ${a} ${b.x[0]} ${inputs.n} ${item} ${index} ${secret:TOKEN} ${secret: ${a||b}"
SYNTAX = "a b . [*] [? || & ! @ length( ) | \" ' ` { \\ `1` é 日 == true"
FRAGMENTS = [*REFERENCES.split(), *SYNTAX.split(), " ", "\n", "${ a.b | [0] }"]


def tool(
    name: str,
    takes: Mapping[str, Any] | None = None,
    gives: Mapping[str, Any] | None = None,
    *,
    required: tuple[str, ...] = (),
    python: str | None = None,
    **more: Any,
) -> ToolDefinition:
    """A read-only tool (unless `annotations` say otherwise) that takes exactly these arguments."""
    schema = {
        "type": "object",
        "properties": dict(takes or {}),
        "required": list(required),
        "additionalProperties": False,
    }
    run = None if python is None else ToolRun(python=python)
    defaults: dict[str, Any] = {"description": "A tool that tests use.", "annotations": READ_ONLY, "run": run}
    return ToolDefinition(name=name, input_schema=schema, output_schema=dict(gives or {}), **{**defaults, **more})


def registry_of(*definitions: ToolDefinition) -> Registry:
    """A registry without a file."""
    return Registry(definitions)


def steps_registry() -> Registry:
    """The tools that `valid_specs` uses: `values.echo` gives what it gets, `values.list` a list of whole numbers."""
    return registry_of(
        tool("values.echo", {"value": {}}),
        tool("values.list", {"length": {"type": "integer"}}, {"type": "array", "items": {"type": "integer"}}),
        tool("values.write", {"value": {}}, annotations=ToolAnnotations()),
        tool("values.secret", {"value": {}}, secrets=(SecretBinding(name="TOKEN", hosts=("example.org",)),)),
        tool("table.read", {"path": {"type": "string"}}, TABLE, required=("path",)),
        tool("table.count", {"table": TABLE}, {"type": "integer"}, required=("table",)),
    )


def json_values(max_leaves: int = 8) -> st.SearchStrategy[Any]:
    """JSON values with odd texts in them."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | odd_texts(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_texts(), inner, max_size=4),
        max_leaves=max_leaves,
    )


def odd_texts() -> st.SearchStrategy[str]:
    """Texts that try to be references, names, schemas and nonsense."""
    fragments = st.sampled_from(FRAGMENTS)
    return st.lists(fragments, max_size=5).map("".join) | st.text(
        st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12
    )


@st.composite
def valid_specs(draw: st.DrawFn, max_steps: int = 12) -> PipelineSpec:
    """Pipelines that `build` takes with `steps_registry()`: any acyclic graph, in any order of the steps.

    Steps refer to each other by value, in text, by `needs`, in `foreach` and in `when`.
    """
    count = draw(st.integers(1, max_steps))
    kinds = [draw(st.sampled_from(["echo", "list", "each"])) for _ in range(count)]
    steps = [_valid_step(draw, number, kinds) for number in range(count)]
    outputs = draw(st.lists(st.sampled_from(range(count)), unique=True, max_size=3))
    return PipelineSpec.from_value(
        {
            "name": "random",
            "inputs": {"n": {"type": "integer", "default": 3}},
            "steps": draw(st.permutations(steps)),
            "outputs": {f"o{number}": f"${{s{number}}}" for number in outputs},
        }
    )


def _valid_step(draw: st.DrawFn, number: int, kinds: list[str]) -> dict[str, Any]:
    earlier = [f"s{other}" for other in range(number)]
    used = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
    step: dict[str, Any] = {"id": f"s{number}", "tool": "values.echo"}
    if kinds[number] == "list":
        return {**step, "tool": "values.list", "arguments": {"length": "${inputs.n}"}, "needs": used}
    lists = [other for other in used if kinds[int(other[1:])] == "list"]
    if kinds[number] == "each":
        step["foreach"] = f"${{{lists[0]}}}" if lists else [1, 2, 3]
        step["on_error"] = draw(st.sampled_from(OnError)).value
        step["arguments"] = {"value": ["${item}", "${index}", *(f"${{{other}}}" for other in used)]}
        return step
    if used and draw(st.booleans()):
        step["when"] = f"{used[0]} != `null`"
    step["needs"] = used[:1]
    step["arguments"] = {"value": {other: f"${{{other}}}" for other in used} | {"text": "n is ${inputs.n}"}}
    return step


@st.composite
def wild_specs(draw: st.DrawFn) -> PipelineSpec:
    """Anything that `PipelineSpec` takes, mostly wrong: `build` may only ever answer with a pipeline or a SpecError."""
    ids = st.sampled_from(["a", "b", "c", "d", "e"])
    value = json_values()
    step = st.fixed_dictionaries(
        {"id": ids, "tool": st.sampled_from([*(definition.name for definition in steps_registry()), "tabel.raed", ""])},
        optional={
            "arguments": st.dictionaries(st.sampled_from(["value", "table", "path", "length", "x"]), value, max_size=3),
            "needs": st.lists(ids | odd_texts(), max_size=2),
            "foreach": odd_texts() | st.lists(value, max_size=3),
            "max_parallel": st.integers(1, 1000),
            "when": odd_texts(),
            "on_error": st.sampled_from(OnError),
            "retry": st.fixed_dictionaries({"attempts": st.integers(1, 20)}),
            "timeout": st.sampled_from(["1s", "500ms"]),
        },
    )
    schema = st.dictionaries(st.sampled_from(SCHEMA_WORDS), value | st.sampled_from(SCHEMA_VALUES), max_size=3)
    return PipelineSpec.from_value(
        {
            "inputs": draw(st.dictionaries(st.sampled_from(["n", "a"]) | odd_texts(), schema, max_size=2)),
            "steps": draw(st.lists(step, max_size=5)),
            "outputs": draw(st.dictionaries(odd_texts(), value, max_size=2)),
        }
    )


SCHEMA_WORDS = [
    "type",
    "default",
    "properties",
    "items",
    "enum",
    "anyOf",
    "format",
    "$ref",
    "pattern",
    "minimum",
    "const",
]
SCHEMA_VALUES = [
    "string",
    "integer",
    "array",
    "table",
    ["string", "null"],
    {"type": "string"},
    [{"type": "integer"}],
    "#",
    "[",
]
