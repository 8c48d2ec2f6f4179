"""What the types of a function are in JSON: a schema of its arguments and of its result, and values between the two."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, BeforeValidator, PydanticUserError, TypeAdapter, ValidationError, WithJsonSchema

from brain.artifacts import File
from brain.errors import RegistryError, ToolError
from brain.tool_registry.definitions import JsonSchema

__all__ = ["CONTEXT", "argument_schema", "described", "result_schema", "speaking_json"]

CONTEXT = "context"
"""The parameter through which a tool gets its ToolContext; it is no argument."""
TABLE: JsonSchema = {"type": "object", "format": "table"}
FILE: JsonSchema = {"type": "object", "format": "file"}
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
PLAIN = (NoneType, bool, int, float, str)


def argument_schema(function: Callable[..., Any]) -> JsonSchema:
    """The JSON schema of the arguments by name; raises RegistryError that names the parameter without a usable type."""
    hints = _hints(function)
    fields: dict[str, Any] = {}
    for name, parameter in _parameters(function).items():
        if name not in hints:
            raise _unusable(function, f"its argument {name} has no type")
        fields[name] = (Required if parameter.default is parameter.empty else NotRequired)[_told(hints[name])]
    schema = _schema(function, TypedDict("Arguments", fields), "its arguments", "validation")  # type: ignore[operator]
    properties = {
        name: _with_default(told, parameter.default)
        for (name, told), parameter in zip(
            schema.get("properties", {}).items(), _parameters(function).values(), strict=True
        )
    }
    return {**schema, "properties": properties, "additionalProperties": False}


def result_schema(function: Callable[..., Any]) -> JsonSchema:
    """The JSON schema of the result; one that takes everything where the function does not say."""
    hints = _hints(function)
    return _schema(function, _told(hints["return"]), "its result", "serialization") if "return" in hints else {}


def described(function: Callable[..., Any]) -> dict[str, str]:
    """What `Annotated` texts say of the parameters, by name."""
    texts = {}
    for name, hint in _hints(function).items():
        for said in getattr(hint, "__metadata__", ()):
            text = said if isinstance(said, str) else getattr(said, "documentation", None)  # PEP 727's Doc
            if isinstance(text, str):
                texts[name] = text
    return texts


def speaking_json(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function for whoever has JSON, tables and files: arguments become what the types say, results JSON."""
    adapters = {name: TypeAdapter(_told(hint)) for name, hint in _hints(function).items() if name != "return"}

    def typed(given: Mapping[str, Any]) -> dict[str, Any]:
        return {name: _as_typed(name, value, adapters.get(name)) for name, value in given.items()}

    @functools.wraps(function)
    def call(**given: Any) -> Any:
        return _as_json(function(**typed(given)))

    @functools.wraps(function)
    async def call_async(**given: Any) -> Any:
        return _as_json(await function(**typed(given)))

    return call_async if inspect.iscoroutinefunction(function) else call


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as exc:
        hint = "import what its types name at the top of the module, not under TYPE_CHECKING"
        raise _unusable(function, f"a type cannot be read ({exc}); {hint}") from None
    except (AttributeError, SyntaxError, TypeError) as exc:
        raise _unusable(function, f"a type cannot be read ({exc})") from None
    return {name: hint for name, hint in hints.items() if name != CONTEXT}


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    parameters = dict(inspect.signature(function).parameters)
    parameters.pop(CONTEXT, None)
    for name, parameter in parameters.items():
        if parameter.kind not in BY_NAME:
            raise _unusable(function, f"arguments are given by name, which {parameter} does not take")
        if not name.isascii():
            raise _unusable(function, f"the name of its argument {name} is not plain ASCII")
    return parameters


def _told(annotation: Any) -> Any:
    """The annotation with tables and files told to Pydantic, at any depth."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal or not arguments:
        return _told_by_class(annotation)
    if origin is Annotated:
        return Annotated[(_told(arguments[0]), *arguments[1:])]
    inner = tuple(map(_told, arguments))
    try:
        return Union[inner] if origin in (Union, UnionType) else origin[inner]  # noqa: UP007 - built at run time
    except TypeError:
        return annotation


def _told_by_class(annotation: Any) -> Any:
    if annotation is File:
        return Annotated[Any, WithJsonSchema(FILE)]
    library, name = str(getattr(annotation, "__module__", "")).partition(".")[0], getattr(annotation, "__name__", "")
    if (library, name) == ("pyarrow", "Table"):
        return Annotated[Any, WithJsonSchema(TABLE)]
    if (library, name) == ("pandas", "DataFrame"):
        return Annotated[Any, BeforeValidator(_as_frame), WithJsonSchema(TABLE)]
    return annotation


def _as_frame(value: Any) -> Any:
    """A DataFrame whose columns stay Arrow's, so that a date is one still in the table that the tool returns."""
    if not hasattr(value, "to_pandas"):
        return value
    import pandas as pd

    return value.to_pandas(types_mapper=pd.ArrowDtype)


def _schema(function: Callable[..., Any], annotation: Any, what: str, mode: Any) -> JsonSchema:
    try:
        schema: JsonSchema = TypeAdapter(annotation).json_schema(mode=mode)
    except PydanticUserError as exc:
        why = str(exc).splitlines()[0].rstrip(".")
        raise _unusable(function, f"the types of {what} have no form in JSON ({why})") from None
    plain: JsonSchema = _without_titles(schema)
    return plain


def _without_titles(schema: Any) -> Any:
    """Pydantic names everything after itself once more."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_titles(item) for key, item in schema.items() if key != "title" or not isinstance(item, str)}


def _with_default(schema: JsonSchema, default: Any) -> JsonSchema:
    schema = _or_null(schema)
    if default is inspect.Parameter.empty:
        return schema
    try:
        return {**schema, "default": ANYTHING.dump_python(default, mode="json")}
    except ValueError:  # it has no form in JSON
        return schema


def _or_null(schema: JsonSchema) -> JsonSchema:
    """`anyOf` with null as one schema, where that says the same in fewer words."""
    options = schema.get("anyOf", [])
    others = [option for option in options if option != {"type": "null"}]
    if len(options) != len(others) + 1 or len(others) != 1 or not isinstance(kind := others[0].get("type"), str):
        return schema
    members = [others[0]["const"]] if "const" in others[0] else others[0].get("enum")
    rest = {key: item for key, item in schema.items() if key != "anyOf"}
    if members is not None:
        return {"enum": [*members, None], **rest}
    return {**others[0], "type": [kind, "null"], **rest}


def _as_typed(name: str, value: Any, adapter: TypeAdapter[Any] | None) -> Any:
    if adapter is None:
        return value
    try:
        return adapter.validate_python(value)
    except ValidationError as exc:
        error = exc.errors(include_url=False)[0]
        place = "".join(f".{part}" for part in error["loc"])
        raise ToolError(f"{name}{place}: {error['msg'].removeprefix('Value error, ')}.") from None


def _as_json(value: Any) -> Any:
    """The result with models, dataclasses, dates and the like in JSON; tables, files and numbers stay what they are."""
    match value:
        case _ if type(value) in PLAIN or isinstance(value, File):
            return value
        case Mapping():
            return {str(key): _as_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_as_json(item) for item in value]
        case BaseModel():
            return {name: _as_json(item) for name, item in value}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: _as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case _:
            return _as_json_scalar(value)


def _as_json_scalar(value: Any) -> Any:
    if hasattr(value, "__arrow_c_stream__") or hasattr(value, "ndim"):
        return value
    try:
        return ANYTHING.dump_python(value, mode="json")
    except ValueError:  # the codec knows it, or says that it does not
        return value


def _unusable(function: Callable[..., Any], what: str) -> RegistryError:
    return RegistryError(f"{function.__module__}:{function.__qualname__} is no tool yet: {what}.")
