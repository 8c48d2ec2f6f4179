"""How values that are kept as artifacts stand in JSON: tables, files, and values that were too large for a row."""

from collections.abc import Iterator, Mapping

from brain.artifacts.store import KEY
from brain.runs import Json

__all__ = ["artifacts_in", "is_file", "is_set_aside", "is_table", "looks_set_aside"]

SET_ASIDE = frozenset({"format", "artifact", "size", "head"})


def is_table(value: Json) -> bool:
    """Whether a JSON value is the reference to a table."""
    return isinstance(value, Mapping) and value.get("format") == "table" and "artifact" in value


def is_file(value: Json) -> bool:
    """Whether a JSON value is the reference to a file."""
    named = isinstance(value, Mapping) and value.get("format") == "file"
    return named and all(isinstance(value.get(field), str) for field in ("artifact", "media_type", "name"))


def is_set_aside(value: Json) -> bool:
    """Whether what stands in a row is the reference to a JSON value that was too large for it.

    Only rows hold such references. A value that looks like one is set aside itself before it gets there, however small
    it is, so that what looks like one in a row is one.
    """
    return (
        isinstance(value, Mapping)
        and value.get("format") == "json"
        and value.keys() == SET_ASIDE
        and isinstance(value["size"], int)
        and isinstance(value["head"], str)
        and _is_key(value["artifact"])
        and value["artifact"].endswith(".json")
    )


def looks_set_aside(value: Json) -> bool:
    """Whether it would be read as one or more such references if it stood in a row as it is.

    A row that was put together from those of a step's items holds a list, of which each item may be one.
    """
    return is_set_aside(value) or (isinstance(value, list) and any(map(is_set_aside, value)))


def artifacts_in(value: Json) -> dict[str, int | None]:
    """The artifacts that a JSON value refers to at any depth, each with its size in bytes where that is known."""
    return {found["artifact"]: found.get("size") for found in _references_in(value) if _is_key(found["artifact"])}


def _references_in(value: Json) -> Iterator[Mapping[str, Json]]:
    """Quickly past everything that is none: a resumed run looks through the results of all its steps."""
    yield from filter(is_set_aside, value if isinstance(value, list) else (value,))
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            if "artifact" in part and (is_table(part) or is_file(part)):
                yield part
            else:
                pending += part.values()
        elif isinstance(part, list):
            pending += part


def _is_key(name: Json) -> bool:
    return isinstance(name, str) and KEY.fullmatch(name) is not None
