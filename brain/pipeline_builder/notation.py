"""How a pipeline is written down: as JSON, or as YAML whose plain scalars mean what they mean in JSON."""

import json
import re
from typing import Any

import yaml

__all__ = ["from_text", "to_text"]

LINE_WIDTH = 100
INTEGER = r"-?(?:0|[1-9]\d*)"
SCALARS = {
    "null": (r"null|~|", ["n", "~", ""]),
    "bool": (r"true|false", ["t", "f"]),
    "int": (INTEGER, list("-0123456789")),
    "float": (rf"{INTEGER}(?:\.\d+)?(?:[eE][-+]?\d+)?", list("-0123456789")),
    "merge": (r"<<", ["<"]),
}
"""Tag -> pattern and first characters; nothing and `~`, which JSON lacks, are null, and every other scalar is text."""
READ_AS_SPACES = ("\x85", "\u2028", "\u2029")
"""Line breaks of Unicode that PyYAML writes unescaped."""


def from_text(text: str) -> Any:
    """The value that is written there; raises ValueError with one line that says what is wrong."""
    try:
        if text.lstrip("\ufeff \t\r\n").startswith("{"):
            try:
                return json.loads(text.lstrip("\ufeff"), object_pairs_hook=_mapping)
            except json.JSONDecodeError:
                pass  # YAML has braces too
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader with fewer types
    except _TwiceError:
        raise
    except (yaml.YAMLError, ValueError) as exc:
        raise ValueError(f"is neither YAML nor JSON ({_first_line(exc)})") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def to_text(value: Any) -> str:
    """The value as YAML that reads back as the same value."""
    text: str = yaml.dump(value, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=LINE_WIDTH)
    return text


class _TwiceError(ValueError):
    def __init__(self, name: Any, place: str = "") -> None:
        super().__init__(f"has the name {name!r} twice{place}")


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return mapping


class _Loader(yaml.SafeLoader):
    """YAML with the scalars of JSON: `on`, `12:30`, `010` and `2026-11-01` are text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own shape

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """A mapping in which each name stands once; what is merged into it later may repeat them."""
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise _TwiceError(key.value, f" in line {key.start_mark.line + 1}")
                seen.add((key.tag, key.value))
        return node


class _Writer(yaml.SafeDumper):
    """YAML that `_Loader` reads back as the same: quotes stand where it would read something else than text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own shape


def _read_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _write_text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if any(mark in text for mark in READ_AS_SPACES) else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


for _kind, (_pattern, _first) in SCALARS.items():
    for _notation in (_Loader, _Writer):
        _notation.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern})\Z"), _first)
_Loader.add_constructor("tag:yaml.org,2002:merge", _read_text)
_Writer.add_representer(str, _write_text)


def _first_line(exc: Exception) -> str:
    mark = getattr(exc, "problem_mark", None)
    place = f" in line {mark.line + 1}" if mark is not None else ""
    return f"{getattr(exc, 'problem', None) or str(exc).splitlines()[0]}{place}"
