"""`${...}` in the values of a spec, compiled once and resolved for every step; the expressions inside are JMESPath.

A value that is exactly one `${...}` keeps its type; inside other text it becomes text; `$${` stands for a plain `${`.
`${secret:NAME}` stays as it is written until the moment of use.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from brain.config_secrets import SECRET_REFERENCE
from brain.errors import Problem, ToolError
from brain.pipeline_builder.expressions import PLAIN, Chain, Expression, Unresolved, compile_expression
from brain.runs import Json
from brain.shortened import shortened

__all__ = [
    "Broken",
    "Condition",
    "Part",
    "Reference",
    "Secret",
    "Template",
    "compile_condition",
    "compile_template",
    "escaped",
    "heads_in",
    "input_reference",
    "item_reference",
    "read_text",
]

OPENING = re.compile(r"\$\$\{|\$\{")
BRACKET = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|[{}]""", re.DOTALL)
"""A quoted piece of JMESPath, in which braces mean nothing, or a brace."""
WHOLE = re.compile(rf"\$\{{(?P<expression>{PLAIN.pattern})\}}")
"""One plain expression and nothing else, which is what most references are."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What JMESPath takes without quotation marks."""
KEPT_TEXTS = 4096
LONGEST_SHOWN = 80
"""Characters of a text in a message."""

type Scope = Mapping[str, Any]
"""What references see: `inputs`, finished steps by id, and in a `foreach` step `item` and `index`."""
type SecretSource = Callable[[str], str]
type Path = tuple[str | int, ...]
"""Where something stands in a value: the names and indexes that lead to it."""
type _Resolve = Callable[[Scope, SecretSource | None], Json]


@dataclass(frozen=True, slots=True)
class Secret:
    """`${secret:NAME}` in a text."""

    name: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A `${...}` that cannot be read, and what is wrong with it."""

    what: str


type Part = str | Expression | Secret | Broken


@dataclass(frozen=True, slots=True)
class Reference:
    """One name that a template or condition reads, with the expression that reads it and the place in the spec."""

    chain: Chain
    expression: str
    where: str
    path: Path = ()
    """The place within the value that was compiled."""

    @property
    def head(self) -> str:
        """`inputs`, `item`, `index` or the id of a step."""
        return self.chain.head


@dataclass(frozen=True, slots=True)
class Template:
    """A value of the spec, ready to be filled in."""

    source: Json
    references: tuple[Reference, ...]
    secrets: tuple[tuple[str, str], ...]
    """Names of secrets and where they stand."""
    problems: tuple[Problem, ...]
    """What is wrong with it; a template that has any cannot be resolved."""
    is_constant: bool
    """Whether it is the same for every scope; then `resolve` returns one object, which nobody may change."""
    _resolve: _Resolve

    def resolve(self, scope: Scope, secret: SecretSource | None = None) -> Json:
        """The value with everything filled in; raises ToolError where a reference leads nowhere.

        Without `secret` the secrets stay references, as they are recorded. With it those that the spec holds become
        values; a `${secret:NAME}` that comes out of some step's result is data and stays text.
        """
        return self._resolve(scope, secret)


@dataclass(frozen=True, slots=True)
class Condition:
    """A JMESPath truth test."""

    source: str
    references: tuple[Reference, ...]
    problems: tuple[Problem, ...]
    _where: str
    _expression: Expression | None

    def holds(self, scope: Scope) -> bool:
        """Whether the value is true by JMESPath's rule: not null, missing or false, no empty text, list or object."""
        if self._expression is None:
            raise ToolError(f"{self._where}: has a condition that cannot be read.")
        try:
            value = self._expression.search(scope)
        except Unresolved as exc:
            raise ToolError(_sentence(f"{self._where}: {self.source} {exc}")) from exc
        return not (value is None or value is False or (isinstance(value, str | list | dict) and not value))


def compile_template(value: Json, where: str) -> Template:
    """Compile a value of the spec; `where` is its place, for messages. What is wrong with it is in `problems`."""
    found = _Found(where, [], [], [])
    resolve = _compile(value, (), found)
    is_constant = isinstance(resolve, _Constant)
    return Template(
        value, tuple(found.references), tuple(found.secrets), tuple(found.problems), is_constant, _resolve=resolve
    )


def input_reference(name: str) -> str:
    """`${inputs.name}`, with quotation marks around a name that JMESPath would read as more than a name."""
    return f"${{inputs.{_key(name)}}}"


def item_reference(name: str) -> str:
    """`${item.name}`, likewise."""
    return f"${{item.{_key(name)}}}"


def escaped(text: str) -> str:
    """Any text as a spec writes it, whatever it looks like."""
    return text.replace("${", "$${")


def _key(name: str) -> str:
    return name if NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def heads_in(value: Json) -> set[str]:
    """The names that the references in a value read: what compiling it would find, in a fraction of the time."""
    heads: set[str] = set()
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            if "${" in part:
                whole = WHOLE.fullmatch(part)
                heads.update([whole["head"]] if whole else _heads_of(read_text(part)))
        elif isinstance(part, dict):
            pending += part.values()
        elif isinstance(part, list):
            pending += part
    return heads


def _heads_of(parts: tuple[Part, ...]) -> Iterator[str]:
    return (chain.head for part in parts if isinstance(part, Expression) for chain in part.chains)


def compile_condition(text: str, where: str) -> Condition:
    """Compile a `when`, written as a bare expression or as one `${...}`."""
    try:
        expression = _only_expression(text.strip())
    except ValueError as exc:
        return Condition(text, (), (Problem(where, str(exc)),), where, None)
    references = tuple(Reference(chain, expression.text, where) for chain in expression.chains)
    return Condition(text, references, (), where, expression)


def _only_expression(text: str) -> Expression:
    match read_text(text):
        case (Expression() as expression,):
            return expression
        case (Broken(what=what),):
            raise ValueError(what)
        case (str(bare),):
            return _bare(bare)
        case _:
            raise ValueError("is one expression without ${...}, as in weather.row_count > `0`")


def _bare(text: str) -> Expression:
    try:
        return compile_expression(text)
    except ValueError as exc:
        raise ValueError(f"{shortened(text, LONGEST_SHOWN)} {exc}") from None


@lru_cache(KEPT_TEXTS)
def read_text(text: str) -> tuple[Part, ...]:
    """The parts of a text in order: plain pieces (`$${` already undone), expressions, secrets, and what is broken."""
    if whole := WHOLE.fullmatch(text):
        return (compile_expression(whole["expression"]),)
    parts: list[Part] = []
    plain, position = "", 0
    while opening := OPENING.search(text, position):
        plain += text[position : opening.start()]
        if opening[0] == "$${":
            plain, position = plain + "${", opening.end()
            continue
        part, position = _read_reference(text, opening.start())
        parts += [plain, part] if plain else [part]
        plain = ""
    plain += text[position:]
    return (*parts, plain) if plain or not parts else tuple(parts)


@dataclass(frozen=True, slots=True)
class _Found:
    where: str
    references: list[Reference]
    secrets: list[tuple[str, str]]
    problems: list[Problem]

    def at(self, path: Path) -> str:
        where = self.where
        for key in path:
            where += f"[{key}]" if isinstance(key, int) else f".{key}"
        return where


@dataclass(frozen=True, slots=True)
class _Constant:
    value: Json

    def __call__(self, _scope: Scope, _secret: SecretSource | None) -> Json:
        return self.value


def _read_reference(text: str, start: int) -> tuple[Part, int]:
    if secret := SECRET_REFERENCE.match(text, start):
        return Secret(secret[1]), secret.end()
    end = _closing_brace(text, start + 2)
    if end is None:
        return Broken(
            f"{shortened(text[start:], LONGEST_SHOWN)} has no closing brace (write $${{ for a plain ${{)"
        ), len(text)
    inside, written = text[start + 2 : end].strip(), shortened(text[start : end + 1], LONGEST_SHOWN)
    if inside.startswith("secret:"):
        return Broken(f"{written} names no secret; write ${{secret:NAME}}"), end + 1
    try:
        expression = compile_expression(inside)
    except ValueError as exc:
        return Broken(f"{written} {exc}"), end + 1
    if not expression.chains:
        return Broken(f"{written} refers to nothing; write the value itself"), end + 1
    return expression, end + 1


def _closing_brace(text: str, start: int) -> int | None:
    depth = 1
    for bracket in BRACKET.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(bracket[0], 0)
        if depth == 0:
            return bracket.start()
    return None


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def _compile(value: Json, path: Path, found: _Found) -> _Resolve:
    match value:
        case str() if "${" in value:
            return _compile_text(value, path, found)
        case dict():
            _refuse_in_names(value, path, found)
            return _object({name: _compile(item, (*path, name), found) for name, item in value.items()})
        case list():
            return _list([_compile(item, (*path, index), found) for index, item in enumerate(value)])
        case _:
            return _Constant(value)


def _refuse_in_names(value: dict[str, Json], path: Path, found: _Found) -> None:
    for name in value:
        if "${" in name:
            named = repr(shortened(name, LONGEST_SHOWN))
            what = f"has a reference in the name {named}; references stand in values only"
            found.problems.append(Problem(found.at(path), what))


def _compile_text(text: str, path: Path, found: _Found) -> _Resolve:
    parts = read_text(text)
    if len(parts) == 1:
        return _compile_part(parts[0], path, found)
    if all(isinstance(part, str) for part in parts):
        return _Constant("".join(part for part in parts if isinstance(part, str)))
    return _text(tuple(_compile_part(part, path, found) for part in parts))


def _compile_part(part: Part, path: Path, found: _Found) -> _Resolve:
    match part:
        case Expression():
            where = found.at(path)
            found.references.extend([Reference(chain, part.text, where, path) for chain in part.chains])
            return _expression(part, where)
        case Secret(name=name):
            found.secrets.append((name, found.at(path)))
            return lambda _scope, secret: f"${{secret:{name}}}" if secret is None else secret(name)
        case Broken(what=what):
            found.problems.append(Problem(where := found.at(path), what))
            return _broken(_sentence(f"{where}: {what}"))
        case str():
            return _Constant(part)


def _expression(expression: Expression, where: str) -> _Resolve:
    if expression.is_plain and expression.leading is not None and not expression.leading.keys:
        head = expression.leading.head
        return lambda scope, _secret: scope[head]
    evaluate = expression.evaluate

    def resolve(scope: Scope, _secret: SecretSource | None) -> Json:
        try:
            return evaluate(scope)
        except Unresolved as exc:
            raise ToolError(_sentence(f"{where}: ${{{expression.text}}} {exc}")) from exc

    return resolve


def _broken(message: str) -> _Resolve:
    def refuse(_scope: Scope, _secret: SecretSource | None) -> Json:
        raise ToolError(message)

    return refuse


def _object(fields: dict[str, _Resolve]) -> _Resolve:
    if all(isinstance(field, _Constant) for field in fields.values()):
        return _Constant({name: field.value for name, field in fields.items() if isinstance(field, _Constant)})
    pairs = tuple(fields.items())
    return lambda scope, secret: {name: field(scope, secret) for name, field in pairs}


def _list(items: list[_Resolve]) -> _Resolve:
    if all(isinstance(item, _Constant) for item in items):
        return _Constant([item.value for item in items if isinstance(item, _Constant)])
    fixed = tuple(items)
    return lambda scope, secret: [item(scope, secret) for item in fixed]


def _text(parts: tuple[_Resolve, ...]) -> _Resolve:
    return lambda scope, secret: "".join(_as_text(part(scope, secret)) for part in parts)


def _as_text(value: Json) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
