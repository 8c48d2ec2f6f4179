"""What cells of an exported notebook need beside tools: `${...}` and `when` worked out, and parameters checked."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from brain.artifacts import File
from brain.artifacts.tables import as_arrow, describe_table
from brain.errors import UsageError
from brain.notebook_runs.plain_values import plain
from brain.pipeline_builder.references import Condition, Template, compile_condition, compile_template, escaped
from brain.pipeline_builder.schemas import Validator, about
from brain.shortened import shown
from brain.tool_registry.definitions import JsonSchema

__all__ = ["LEFT_OUT", "Written", "check", "filled", "holds"]


class Written(str):
    """Text as a pipeline has it: `${secret:NAME}` in it stands for a secret. Other text never does."""

    __slots__ = ()


def filled(template: str, /, **values: Any) -> Any:
    """A text with its `${...}` filled in; one that is nothing else keeps its type.

    In the expressions, which are JMESPath, a DataFrame is an object with `columns`, `types`, `row_count` and `head`;
    where one of the values comes out as a whole, it is that value. Secrets stay references, for `call`. Raises
    UsageError where something cannot be read or is missing, ToolError where it leads nowhere.
    """
    compiled = compile_template(_text(template), "filled")
    _refuse(compiled, values)
    seen = _Seen()
    scope = {name: seen.described(plain(value, name)) for name, value in values.items()}
    if not compiled.secrets:
        return seen.restored(compiled.resolve(scope))
    mark = token_hex(16)  # a value that holds `${secret:NAME}` is text all the same
    text = escaped(str(compiled.resolve(scope, lambda name: f"{mark}:{name}:")))
    for name, _ in compiled.secrets:
        text = text.replace(f"{mark}:{name}:", f"${{secret:{name}}}")
    return Written(text)


def holds(condition: str, /, **values: Any) -> bool:
    """Whether a `when` is true, by JMESPath's rule: not null, missing or false, no empty text, list or object.

    Raises UsageError, ToolError, as `filled` does.
    """
    compiled = compile_condition(_text(condition), "holds")
    _refuse(compiled, values)
    seen = _Seen()
    return compiled.holds({name: seen.described(plain(value, name)) for name, value in values.items()})


def check(schemas: Mapping[str, JsonSchema], /, **values: Any) -> None:
    """Raise UsageError with every value that does not fit its JSON schema, and every one that is missing (None)."""
    seen = _Seen()
    problems = []
    for name, schema in schemas.items():
        value = seen.described(plain(values.get(name), name))
        if value is None and (not schema or not Validator(schema).fits(None)):
            problems.append(f"{name}: is missing{about(schema)}")
        elif value is not None:
            problems += [f"{name}{misfit.path}: {misfit.what}" for misfit in Validator(schema).misfits(value)]
    if problems:
        raise UsageError("The parameters do not fit:\n" + "\n".join(f"  - {problem}" for problem in problems))


class _LeftOut:
    """What stands in place of a step's result, where the step was left out."""

    def __repr__(self) -> str:
        return "left out: its condition is not met, or a step that it needs was left out"


LEFT_OUT = _LeftOut()


def _text(template: Any) -> str:
    if not isinstance(template, str):
        raise UsageError(f"An expression is a text, as in '${{days.row_count}}', not {shown(template)}.")
    return template


def _refuse(compiled: Template | Condition, values: Mapping[str, Any]) -> None:
    if compiled.problems:
        raise UsageError(f"{compiled.problems[0]}.")
    missing = dict.fromkeys(reference.head for reference in compiled.references if reference.head not in values)
    if missing:
        names = ", ".join(missing)
        added = ", ".join(f"{name}=…" for name in missing)
        raise UsageError(f"{compiled.source}: nothing is given for {names}; add {added}")


class _Seen:
    """Tables and files as expressions see them, and the way back."""

    def __init__(self) -> None:
        self._originals: dict[int, tuple[Any, Any]] = {}
        """By the identity of what expressions see: that, which has to live as long, and the value."""

    def described(self, value: Any) -> Any:
        """As JMESPath sees it, of a plain value."""
        match value:
            case Mapping():
                return {name: self.described(item) for name, item in value.items()}
            case list():
                return [self.described(item) for item in value]
            case None | bool() | int() | float() | str():
                return value
            case File():
                told = {"media_type": value.media_type, "name": value.name, "size": len(value.content)}
                return self._kept({"format": "file", "artifact": "", **told}, value)
            case _:
                return self._kept({"format": "table", "artifact": "", **describe_table(as_arrow(value))}, value)

    def restored(self, value: Any) -> Any:
        """A value that an expression gave, with tables and files for what was seen of them."""
        if id(value) in self._originals:
            return self._originals[id(value)][1]
        match value:
            case Mapping():
                return {name: self.restored(item) for name, item in value.items()}
            case list():
                return [self.restored(item) for item in value]
            case _:
                return value

    def _kept(self, shape: Any, value: Any) -> Any:
        self._originals[id(shape)] = (shape, value)
        return shape
