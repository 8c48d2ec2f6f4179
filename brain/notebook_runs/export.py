"""A pipeline as a notebook: its inputs are the parameters, and each step is a cell."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

from brain.artifacts.references import artifacts_in
from brain.notebook_runs.expressions import Values
from brain.notebook_runs.layout import WIDTH, Bracketed, Code, called, in_python, laid_out, literal, mapping
from brain.notebook_runs.names import Names
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.pipeline_builder.references import heads_in
from brain.pipeline_builder.schemas import STORED, UNKNOWN, inlined, members_of, options_of, step_into
from brain.pipeline_builder.scopes import Scope, type_of_items
from brain.pipeline_builder.spec import OnError, StepSpec
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Beginning", "notebook_of"]

ANNOTATIONS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "dict",
}
"""By JSON type what papermill reads beside a parameter."""
UNSAID = frozenset({"default", "description", "examples", "title"})
"""Keywords of a schema that refuse nothing."""
FIXED = frozenset({"column", "sql", "sql-expression", *STORED})
"""Formats of arguments that other steps are made for, so that they are no parameters."""
KEY = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
"""A step of the way to a literal, as in `.conditions[0].value`."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a notebook starts from."""

    values: Mapping[str, Json]
    """Inputs by name; tables and files among them are references."""
    run_id: str | None
    """The run whose inputs these are."""
    about: Sequence[str]
    """Paragraphs under the title."""
    adjustable: Collection[str] = frozenset()
    """Places of values whose literals become parameters, as in `steps.weather.arguments.path`."""


def notebook_of(pipeline: Pipeline, beginning: Beginning) -> str:
    """The notebook as a file has it (nbformat 4)."""
    import nbformat

    return nbformat.writes(_Export(pipeline, beginning).notebook())  # type: ignore[no-any-return, no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Parameter:
    variable: str
    value: Json
    schema: JsonSchema
    about: str


class _Export:
    """One pipeline on its way into a notebook."""

    def __init__(self, pipeline: Pipeline, beginning: Beginning) -> None:
        self._pipeline = pipeline
        self._beginning = beginning
        self._names = Names()
        self._conditional = _conditional(pipeline)
        gives = {step.definition.name: inlined(step.definition.output_schema) for step in pipeline.steps.values()}
        self._scope = Scope.of(pipeline.spec, gives)
        inputs = {name: self._names.new(name) for name in pipeline.spec.inputs}
        steps = {step: self._names.new(step) for step in pipeline.order}
        self._approve = self._names.new("approve") if any(map(_changes, pipeline.steps.values())) else None
        self._lifted: dict[str, _Parameter] = dict(self._literals())
        lifted = {where: parameter.variable for where, parameter in self._lifted.items()}
        self._values = Values(self._scope, inputs, steps, lifted)

    def notebook(self) -> Any:
        """As nbformat has it."""
        import nbformat.v4

        v4: Any = nbformat.v4  # whose functions have no types
        code = [
            *self._kept(),
            *self._checked(),
            *(self._step(self._pipeline.steps[step]) for step in self._pipeline.order),
            *self._outputs(),
        ]
        cells = [
            v4.new_markdown_cell("\n\n".join([f"# {self._pipeline.spec.name}", *self._beginning.about])),
            v4.new_code_cell(_first(code)),
            v4.new_code_cell(self._parameters(), metadata={"tags": ["parameters"]}),
            *map(v4.new_code_cell, code),
        ]
        for number, cell in enumerate(cells):
            cell["id"] = f"cell-{number}"  # the same each time, so that versions can be compared
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})

    def _parameters(self) -> str:
        lines = [self._input(name, schema) for name, schema in self._pipeline.spec.inputs.items()]
        given = {parameter.variable: parameter for parameter in self._lifted.values()}
        lines += [_assigned(parameter) for parameter in given.values()]
        if self._approve:
            about = "True: tools that change something are called too"
            lines.append(_assigned(_Parameter(self._approve, value=False, schema={"type": "boolean"}, about=about)))
        nothing = "# its inputs are those of the run below" if self._pipeline.spec.inputs else "# it takes no inputs"
        return "\n".join(filter(None, lines)) or nothing

    def _input(self, name: str, schema: JsonSchema) -> str:
        value = self._beginning.values.get(name, schema.get("default"))
        if artifacts_in(value):
            return ""
        variable = self._values.inputs[name]
        about = str(schema.get("description", "")) if variable == name else f"{name!r} of the pipeline"
        if value is None:
            table = "a DataFrame" if schema.get("format") == "table" else "a value"
            about = f"{about} (takes {table})" if about else f"takes {table}"
        return _assigned(_Parameter(variable, value, schema, about))

    def _kept(self) -> Iterator[str]:
        """Inputs that are kept beside the run rather than in it."""
        values = self._beginning.values
        kept = [name for name in self._pipeline.spec.inputs if artifacts_in(values.get(name))]
        if kept:
            run = self._names.new("exported_run")
            lines = [f"{self._values.inputs[name]} = {run}.given[{literal(name)}]" for name in kept]
            yield "\n".join([f"{run} = %brain show {self._beginning.run_id}", *lines])

    def _checked(self) -> Iterator[str]:
        """The parameters held against what the pipeline and its tools say of them, before anything is called."""
        schemas = {self._values.inputs[name]: schema for name, schema in self._pipeline.spec.inputs.items()}
        schemas |= {each.variable: inlined(each.schema) for each in self._lifted.values()}
        schemas |= {self._approve: {"type": "boolean"}} if self._approve else {}
        if schemas:
            written = {
                name: in_python({key: schema[key] for key in schema if key not in UNSAID})
                for name, schema in schemas.items()
            }
            values: dict[str, Code] = {name: name for name in schemas}
            yield f"# what they may be\n{laid_out(called('check', mapping(written), **values))}"

    def _literals(self) -> Iterator[tuple[str, _Parameter]]:
        """Literals of the steps that become parameters; one that stands in several places under one name is one."""
        found: dict[tuple[str, Json], _Parameter] = {}
        for step in self._pipeline.steps.values():
            for where, value in _leaves(step.arguments.source, f"steps.{step.id}.arguments"):
                if not self._is_adjustable(where) or _is_fixed(schema := _schema_at(step, where)):
                    continue
                name = [key for key, _ in KEY.findall(where) if key][-1]
                if (name, value) not in found:
                    variable = self._names.new(name, f"{step.id}_{name}")
                    found[name, value] = _Parameter(variable, value, schema, str(schema.get("description", "")))
                yield where, found[name, value]

    def _is_adjustable(self, where: str) -> bool:
        places = self._beginning.adjustable
        return where in places or any(where.startswith((f"{place}.", f"{place}[")) for place in places)

    def _step(self, step: PlannedStep) -> str:
        written = self._pipeline.spec.steps[step.position]
        variable = self._values.steps[step.id]
        about = written.description or step.definition.annotations.title or ""
        lines = [f"# {shorten(f'{step.id}: {about}' if about else step.id, WIDTH - 2, placeholder=' …')}"]
        if guards := self._guards(step):
            lines += [f"{variable} = LEFT_OUT", f"if {' and '.join(guards)}:"]
        indent = 4 if guards else 0
        code = self._call(step, written)
        begin = f"{' ' * indent}{variable} = "
        lines.append(begin + laid_out(code, before=len(begin), indent=indent))
        is_output = f"${{{step.id}}}" in self._outputs_source().values()
        if guards or (step.foreach is None and _is_shown(step) and not is_output):
            lines.append(variable)
        return "\n".join(lines)

    def _guards(self, step: PlannedStep) -> list[str]:
        """What has to hold, or else the step is left out."""
        guards = [f"{self._values.steps[name]} is not LEFT_OUT" for name in self._uncertain(step.dependencies)]
        if step.when is not None:
            guards.append(laid_out(self._values.holds(step.when), before=-10_000))
        return guards

    def _uncertain(self, steps: Collection[str]) -> list[str]:
        """Those of the steps that may be left out."""
        return [name for name in self._pipeline.order if name in steps and name in self._conditional]

    def _call(self, step: PlannedStep, written: StepSpec) -> Code:
        where = f"steps.{step.id}.arguments"
        scope = self._scope.within(step.id, type_of_items(step.foreach, self._scope) if step.foreach else None)
        inner = Values(scope, self._values.inputs, self._values.steps, self._values.lifted)
        arguments = inner.of(_in_order(written.arguments, inlined(step.definition.input_schema)), where)
        if step.foreach is not None:
            items = self._values.of(written.foreach, f"steps.{step.id}.foreach")
            arguments = _for_each(arguments, items, heads_in(written.arguments))
        options: dict[str, Code] = {} if self._approve is None or not _changes(step) else {"yes": self._approve}
        return called("call", literal(step.definition.name), arguments, **options, **_policy(written))

    def _outputs_source(self) -> Mapping[str, Json]:
        source: Mapping[str, Json] = self._pipeline.outputs.source
        return source

    def _outputs(self) -> list[str]:
        parts = {name: self._output(name, value) for name, value in self._outputs_source().items()}
        if not parts:
            return []
        return [f"outputs = {laid_out(mapping(parts), before=10)}\ndisplay(*outputs.values())"]

    def _output(self, name: str, value: Json) -> Code:
        code = self._values.of(value, f"outputs.{name}")
        uncertain = [self._values.steps[step] for step in self._uncertain(heads_in(value))]
        if not uncertain:
            return code
        is_there = " and ".join(f"{variable} is not LEFT_OUT" for variable in uncertain)
        return Bracketed("(", (("", code), (f"if {is_there} else ", "None")), ")", "")


def _conditional(pipeline: Pipeline) -> frozenset[str]:
    """The steps that may be left out: those with a condition, and those that need one of them."""
    found: set[str] = set()
    for name in pipeline.order:
        step = pipeline.steps[name]
        if step.when is not None or step.dependencies & found:
            found.add(name)
    return frozenset(found)


def _first(code: Sequence[str]) -> str:
    text = "\n".join(code)
    used = [name for name in ("LEFT_OUT", "call", "check", "filled", "holds") if re.search(rf"\b{name}\b", text)]
    return f"%load_ext brain\nfrom brain.notebook import {', '.join(used)}"


def _assigned(parameter: _Parameter) -> str:
    kind = None if parameter.schema.get("format") in STORED else parameter.schema.get("type")
    annotation = f": {ANNOTATIONS[kind]}" if isinstance(kind, str) and kind in ANNOTATIONS else ""
    about = f"  # {shorten(parameter.about, WIDTH, placeholder=' …')}" if parameter.about else ""
    return f"{parameter.variable}{annotation} = {parameter.value!r}{about}"


def _leaves(value: Json, where: str) -> Iterator[tuple[str, Json]]:
    match value:
        case dict():
            for name, item in value.items():
                yield from _leaves(item, f"{where}.{name}")
        case list():
            for index, item in enumerate(value):
                yield from _leaves(item, f"{where}[{index}]")
        case str() if "${" in value:
            return
        case str() | int() | float() if not isinstance(value, bool):
            yield where, value


def _schema_at(step: PlannedStep, where: str) -> JsonSchema:
    """What the tool says of the argument, or of a part of it."""
    schema = inlined(step.definition.input_schema)
    for key, index in KEY.findall(where.removeprefix(f"steps.{step.id}.arguments")):
        schema = _inside(schema, key or int(index))
    return schema


def _is_fixed(schema: JsonSchema) -> bool:
    """Whether another value would hardly do: it is one of a few, or what other steps are made for."""
    return any(members_of(option) is not None or option.get("format") in FIXED for option in options_of(schema))


def _in_order(value: Json, schema: JsonSchema) -> Json:
    """The value with its names in the order in which the tool lists them; PostgreSQL keeps another one."""
    match value:
        case dict():
            listed = {name: place for place, name in enumerate(schema.get("properties", {}))}
            names = sorted(value, key=lambda name: listed.get(name, len(listed)))
            return {name: _in_order(value[name], _inside(schema, name)) for name in names}
        case list():
            return [_in_order(item, _inside(schema, 0)) for item in value]
        case _:
            return value


def _inside(schema: JsonSchema, key: str | int) -> JsonSchema:
    try:
        return step_into(schema, key, "")
    except ValueError:
        return UNKNOWN


def _changes(step: PlannedStep) -> bool:
    return not step.definition.is_read_only


def _is_shown(step: PlannedStep) -> bool:
    return step.definition.output_schema.get("format") in STORED


def _for_each(arguments: Code, items: Code, heads: Collection[str]) -> Bracketed:
    if "index" in heads:
        return Bracketed("[", (("", arguments), ("for index, item in ", called("enumerate", items))), "]", "")
    return Bracketed("[", (("", arguments), (f"for {'item' if 'item' in heads else '_'} in ", items)), "]", "")


def _policy(step: StepSpec) -> dict[str, Code]:
    """What the step says about how its calls are made."""
    said: dict[str, Json] = {
        "retry": step.retry.attempts if step.retry else None, "timeout": step.timeout, "cache": step.cache,
        "on_error": None if step.on_error is OnError.FAIL else str(step.on_error), "max_parallel": step.max_parallel,
    }  # fmt: skip
    return {name: literal(value) for name, value in said.items() if value is not None}
