"""Python code laid out in lines: what fits stands in one, the rest is broken where its brackets open."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from brain.runs import Json

__all__ = ["WIDTH", "Bracketed", "Code", "called", "in_python", "laid_out", "literal", "mapping", "sequence"]

WIDTH = 100
"""Characters of a line."""
INDENT = 4


@dataclass(frozen=True, slots=True)
class Bracketed:
    """Parts between an opening and a closing bracket; each part stands behind a word such as `retry=`."""

    opening: str
    parts: tuple[tuple[str, "Code"], ...]
    closing: str
    separator: str = ","


type Code = str | Bracketed


def literal(value: Json) -> str:
    """A value that has no parts, as Python writes it."""
    if not isinstance(value, str):
        return repr(value)
    return f'"""{value}"""' if _reads_in_lines(value) else json.dumps(value, ensure_ascii=False)


def _reads_in_lines(text: str) -> bool:
    """Whether it stands as it is between three quotation marks, such as a query of several lines."""
    is_plain = all(line.isprintable() for line in text.split("\n"))
    return "\n" in text.strip() and is_plain and "\\" not in text and '"""' not in text and not text.endswith('"')


def mapping(fields: Mapping[str, Code]) -> Bracketed:
    """A dict."""
    return Bracketed("{", tuple((f"{literal(name)}: ", code) for name, code in fields.items()), "}")


def sequence(items: Iterable[Code]) -> Bracketed:
    """A list."""
    return Bracketed("[", tuple(("", code) for code in items), "]")


def in_python(value: Json) -> Code:
    """A JSON value."""
    match value:
        case dict():
            return mapping({name: in_python(item) for name, item in value.items()})
        case list():
            return sequence(map(in_python, value))
        case _:
            return literal(value)


def called(function: str, *arguments: Code, **options: Code) -> Bracketed:
    """The call of a function."""
    named = tuple((f"{name}=", code) for name, code in options.items())
    return Bracketed(f"{function}(", (*(("", code) for code in arguments), *named), ")")


def laid_out(code: Code, *, before: int = 0, after: int = 0, indent: int = 0) -> str:
    """The code in lines, the first of which begins behind `before` characters, and the last is followed by `after`."""
    flat = _flat(code)
    if isinstance(code, str) or not code.parts or _fits(flat, before + after):
        return flat
    if (head := _head(code, before)) is not None:
        end = len(code.closing) + after
        return f"{head}{laid_out(code.parts[-1][1], before=before + len(head), after=end, indent=indent)}{code.closing}"
    inner, end = indent + INDENT, len(code.separator)
    lines = [
        f"{' ' * inner}{prefix}{laid_out(part, before=inner + len(prefix), after=end, indent=inner)}{code.separator}"
        for prefix, part in code.parts
    ]
    return "\n".join([code.opening, *lines, f"{' ' * indent}{code.closing}"])


def _head(code: Bracketed, before: int) -> str | None:
    """What stands before the last part where that one can be broken and all others fit in the line."""
    *others, (prefix, last) = code.parts
    can_open = code.opening.endswith("(") and not prefix and isinstance(last, Bracketed)
    if not others or not can_open or any(isinstance(part, Bracketed) for _, part in others):
        return None
    head = code.opening + "".join(f"{word}{_flat(part)}{code.separator} " for word, part in others)
    return head if _fits(head, before + 1) else None


def _flat(code: Code) -> str:
    if isinstance(code, str):
        return code
    inside = f"{code.separator} ".join(prefix + _flat(part) for prefix, part in code.parts)
    return f"{code.opening}{inside}{code.closing}"


def _fits(text: str, before: int) -> bool:
    first, *others = text.split("\n")
    return before + len(first) <= WIDTH and all(len(line) <= WIDTH for line in others)
