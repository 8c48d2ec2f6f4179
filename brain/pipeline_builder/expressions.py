"""JMESPath over the values of a run: what an expression reads and what it comes to; `references` puts it into text."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import IncompleteExpressionError, LexerError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

from brain.nearest import did_you_mean
from brain.runs import Json

__all__ = ["PLAIN", "Chain", "Expression", "Unresolved", "compile_expression"]

KEPT_EXPRESSIONS = 4096
PLAIN = re.compile(r"(?P<head>[A-Za-z_][A-Za-z0-9_]*)(?:\.[A-Za-z_][A-Za-z0-9_]*|\[-?[0-9]{1,9}\])*")
"""What nearly every expression is, and means the same to jmespath, whose parser takes many times longer."""
MOST_NAMES = 12
"""Names that a message lists before it stops."""

type Node = Mapping[str, Any]
"""A node of jmespath's syntax tree: `type`, `children`, and `value` where the type has one."""

_EVALUATION_ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What jmespath lets through when a function meets a value that it is not made for."""


_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+")
_SEQUENCES = frozenset({"subexpression", "index_expression", "pipe"})
_PROJECTIONS = frozenset({"projection", "value_projection", "filter_projection", "flatten"})
_BINDS_LESS_THAN_NOT = (_SEQUENCES | _PROJECTIONS) - {"pipe"}
"""jmespath reads `!a.b` as `(!a).b`, which is null whatever `a` is."""
_GIVES = {
    "comparator": "boolean",
    "filter_projection": "array",
    "flatten": "array",
    "multi_select_dict": "object",
    "multi_select_list": "array",
    "not_expression": "boolean",
    "projection": "array",
    "value_projection": "array",
}
"""The JSON type that a form of expression always has."""
_NUMBER = "NUMBER"  # jmespath's name of a token type


class Unresolved(Exception):
    """An expression comes to nothing with these values; `references` adds where it stands and raises ToolError."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A name in the scope and the keys that are followed from there."""

    head: str
    keys: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        return self.head + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys)

    def follow(self, scope: Mapping[str, Any]) -> Json:
        """The value at the end; null where null is on the way; raises Unresolved where a key is missing."""
        value = scope[self.head]
        for depth, key in enumerate(self.keys):
            if value is None:
                return None
            try:
                value = _child(value, key)
            except (LookupError, TypeError):
                raise Unresolved(_nothing_there(Chain(self.head, self.keys[:depth]), value, key)) from None
        return value


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled JMESPath expression whose roots are names in the scope."""

    text: str
    gives: str | None
    """The JSON type of the value where the form of the expression alone tells it."""
    chains: tuple[Chain, ...]
    """Every name that it reads, each with the plain keys that follow."""
    leading: Chain | None
    """What its projections and pipes start from: this much must be there."""
    is_plain: bool
    """Whether it is nothing but `leading`."""

    @property
    def parsed(self) -> ParsedResult:
        """Its form in jmespath."""
        return _parse(self.text)

    def evaluate(self, scope: Mapping[str, Any]) -> Json:
        """The value; raises Unresolved where what it starts from is missing, or a function cannot take its argument."""
        if self.leading is not None:
            value = self.leading.follow(scope)
            if self.is_plain:
                return value
        return self.search(scope)

    def search(self, scope: Mapping[str, Any]) -> Json:
        """The value by JMESPath's own rule: whatever is missing is null."""
        try:
            return self.parsed.search(scope)
        except _EVALUATION_ERRORS as exc:
            raise Unresolved(f"cannot be worked out ({str(exc)[:200]})") from exc


def _child(value: Any, key: str | int) -> Any:
    if isinstance(value, str):
        raise TypeError
    return value[key]


def _nothing_there(before: Chain, value: Any, key: str | int) -> str:
    if isinstance(key, int):
        held = f"has {len(value)} items" if isinstance(value, list) else "is no list"
        return f"is not there: {before} {held}"
    if not isinstance(value, Mapping):
        kind = "a list (take an item with [0], or all with [*])" if isinstance(value, list) else "a single value"
        return f"is not there: {before} is {kind}"
    names = [str(name) for name in value]
    listed = ", ".join(sorted(names)[:MOST_NAMES]) or "nothing"
    return f"is not there: {before} holds {listed}.{did_you_mean(key, names)}".removesuffix(".")


@lru_cache(KEPT_EXPRESSIONS)
def compile_expression(text: str) -> Expression:
    """Parse and check an expression; raises ValueError with one line that says what is wrong and at which character."""
    if PLAIN.fullmatch(text):
        return _plain(text)
    try:
        node = _parse(text).parsed
        chains = tuple(dict.fromkeys(_chains(node)))
        _check(node)
        return Expression(text, _gives(node), chains, *_leading(node))
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _plain(text: str) -> Expression:
    head, *keys = _KEY.findall(text)
    chain = Chain(head, tuple(int(key) if key[0] in "-0123456789" else key for key in keys))
    return Expression(text, None, (chain,), chain, is_plain=True)


@lru_cache(KEPT_EXPRESSIONS)
def _parse(text: str) -> ParsedResult:
    if not text:
        raise ValueError("is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", PendingDeprecationWarning
            )  # `word` in backticks is an old way to write text
            return jmespath.compile(text)
    except IncompleteExpressionError:
        raise ValueError("is no JMESPath: it ends too early") from None
    except LexerError as exc:
        raise ValueError(f"is no JMESPath: {exc.message} at character {exc.lexer_position + 1}") from None
    except ParseError as exc:
        hint = "; numbers stand in backticks, as in `0`" if exc.token_type == _NUMBER else ""
        raise ValueError(
            f"is no JMESPath: {exc.token_value!r} is not expected at character {exc.lex_position + 1}{hint}"
        ) from None
    except ValueError as exc:
        raise ValueError(f"is no JMESPath: {str(exc)[:200]}") from None


def _gives(node: Node) -> str | None:
    while node["type"] in _SEQUENCES:
        node = node["children"][-1]
    return _GIVES.get(node["type"])


def _prefix(node: Node) -> tuple[tuple[str | int, ...], bool]:
    """The keys that a node follows before it does anything else, and whether that is all it does."""
    match node["type"]:
        case "field" | "index":
            return (node["value"],), True
        case "current" | "identity":
            return (), True
        case kind if kind in _SEQUENCES:
            keys: tuple[str | int, ...] = ()
            for child in node["children"]:
                more, is_all = _prefix(child)
                keys += more
                if not is_all:
                    return keys, False
            return keys, True
        case kind if kind in _PROJECTIONS:
            return _prefix(node["children"][0])[0], False
        case _:
            return (), False


def _leading(node: Node) -> tuple[Chain | None, bool]:
    keys, is_all = _prefix(node)
    if keys and isinstance(keys[0], str):
        return Chain(keys[0], keys[1:]), is_all
    if keys or is_all:
        raise ValueError("names nothing: it begins with inputs, item, index or the id of a step")
    return None, False


def _chains(node: Node) -> list[Chain]:
    """What a node reads from the scope; what it reads from inside those values is its own affair."""
    if node["type"] in ("literal", "expref"):
        return []
    chain, _ = _leading(node)
    if chain is not None:
        return [chain]
    starts = node["children"][:1] if node["type"] in _SEQUENCES | _PROJECTIONS else node["children"]
    return [chain for child in starts for chain in _chains(child)]


def _check(node: Node, *, in_call: bool = False) -> None:
    if node["type"] == "expref" and not in_call:
        raise ValueError("is no JMESPath: & stands in the arguments of a function only")
    if node["type"] in _BINDS_LESS_THAN_NOT and node["children"][0]["type"] == "not_expression":
        raise ValueError("looks for a key in the outcome of !; write !(name.key), with parentheses")
    is_call = node["type"] == "function_expression"
    if is_call:
        _check_call(node["value"], len(node["children"]))
    for child in node["children"]:
        if isinstance(child, Mapping):  # the children of a slice are its three numbers
            _check(child, in_call=is_call)


def _check_call(name: str, given: int) -> None:
    signature = Functions.FUNCTION_TABLE.get(name, {}).get("signature")
    if signature is None:
        raise ValueError(f"calls {name}(), which JMESPath has not.{did_you_mean(name, Functions.FUNCTION_TABLE)}")
    is_open = bool(signature) and signature[-1].get("variadic", False)
    if given < len(signature) or (given > len(signature) and not is_open):
        raise ValueError(f"calls {name}() with {given} arguments; it takes {len(signature)}{' or more' * is_open}")
