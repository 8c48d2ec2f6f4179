"""The data that a request names, described: columns, types and a few values, so that words can find their column."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from brain.artifacts import notes_of
from brain.errors import PlanningError, ToolError
from brain.intent_inference.inflection import forms, root, singular
from brain.intent_inference.mentions import STOP_WORDS, Kind, Request
from brain.nearest import did_you_mean
from brain.pipeline_builder.references import input_reference
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Column",
    "OpenTable",
    "Source",
    "ends_with",
    "find_sources",
    "holds_data",
    "is_data",
    "main_source",
    "makes_table",
    "opens_tables",
    "table_reader",
]

WORKBOOKS = frozenset({".xlsx", ".xlsm"})
"""Their first sheet is the table."""
DATA_SUFFIXES = frozenset({".csv", ".tsv", ".parquet", ".jsonl", ".ndjson"}) | WORKBOOKS
"""Files that are looked for; a `.json` file is as often settings as data, so it must be named by its path."""
SKIPPED_FOLDERS = frozenset(
    {"outputs", "node_modules", "venv", "build", "dist", "site-packages", "benchmarks", "tests"}
)
HIDDEN = (".", "~$")
"""How files begin that nobody names: Excel keeps `~$staff.xlsx` beside a workbook that is open."""
ONLY_FILE = "the only data file of the project"
MOST_FILES = 500
"""Files looked at while searching for the ones that a request could mean."""
TARGET = re.compile(r"\b(?:save|write|store|export|put)\w*\b[^.;]*\b(?:as|to|into|in)\s+$", re.IGNORECASE)
"""Before a path that is to be written."""
MOST_VALUES = 20
"""A text column with at most this many different values is described by them."""

ABBREVIATIONS = {
    "max": "maximum",
    "min": "minimum",
    "avg": "average",
    "temp": "temperature",
    "num": "number",
    "qty": "quantity",
    "amt": "amount",
    "pct": "percent",
    "dept": "department",
    "dob": "date of birth",
    "hr": "hour",
}
IDENTIFIERS = ("id", "ids", "key", "code", "number", "nr", "no", "index", "zip", "postcode")
"""Last words of the names of columns whose numbers only tell things apart."""
CALENDAR = ("year", "quarter", "month", "week", "weekday", "day", "hour")

CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z])")
"""Between the words of `tempC`, though not within `mV`."""

type OpenTable = Callable[[str], Awaitable[pa.Table]]
"""Opens a table file of the project; raises ToolError where it cannot."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column as a planner sees it."""

    name: str
    type: str
    """Arrow's name of the type."""
    values: tuple[str, ...] = ()
    """All different values where there are few, else none."""
    is_daily: bool = False
    """Whether it holds days or moments, never two of one day."""
    spans_years: bool = False
    """Whether it holds times of more than one year."""

    @property
    def is_number(self) -> bool:
        """Whether arithmetic makes sense on it."""
        return self.type.startswith(("int", "uint", "float", "double", "halffloat", "decimal"))

    @property
    def spoken(self) -> str:
        """The name as people say it: `maxTemp_C` is `maximum temperature c`."""
        words = re.findall(r"[^\W_]+", CAMEL.sub(" ", self.name).lower())
        return " ".join(ABBREVIATIONS.get(word, word) for word in words) or self.name

    @property
    def is_measure(self) -> bool:
        """Whether it holds amounts: numbers that are neither the name of something nor a part of a date."""
        return self.is_number and self.spoken.split()[-1] not in (*IDENTIFIERS, *CALENDAR)

    @property
    def is_calendar(self) -> bool:
        """Whether it holds a part of a date, such as the year, as whole numbers."""
        return self.type.startswith(("int", "uint")) and self.spoken.split()[-1] in CALENDAR

    @property
    def is_flag(self) -> bool:
        """Whether it holds true or false."""
        return self.type == "bool"

    @property
    def is_text(self) -> bool:
        """Whether it holds text."""
        return self.type in ("string", "large_string", "string_view")

    @property
    def has_hours(self) -> bool:
        """Whether it holds moments rather than days."""
        return self.type.startswith("timestamp")

    @property
    def is_time(self) -> bool:
        """Whether it holds dates or times."""
        return self.type.startswith(("date", "timestamp"))


@dataclass(frozen=True, slots=True)
class Source:
    """A table that a plan may start from: a file of the project (`path`) or an input of the run (`input`)."""

    name: str
    columns: tuple[Column, ...]
    row_count: int
    path: str | None = None
    input: str | None = None
    why: str = ""
    """What in the request (or the lack of another) led to it."""
    is_named: bool = True
    """Whether the request speaks of it, rather than there being no other."""

    @property
    def has_a_row_a_day(self) -> bool:
        """Whether a day is a row, so that to count days is to count rows."""
        return any(column.is_daily for column in self.columns)

    @property
    def nouns(self) -> frozenset[str]:
        """The words that the table itself is called by, in singular and plural."""
        words = [word for word in re.findall(r"[^\W\d_]+", Path(self.name).stem.lower()) if word not in STOP_WORDS]
        return frozenset(form for word in words for form in forms(word))

    @property
    def rows(self) -> frozenset[str]:
        """What a row may be called."""
        return self.nouns | ({"day", "days"} if self.has_a_row_a_day else frozenset())

    @property
    def words(self) -> frozenset[str]:
        """The words of its columns' names, and its values of one word."""
        names = (word for column in self.columns for word in column.spoken.split())
        return frozenset({*names, *(value.lower() for column in self.columns for value in column.values)})

    def describe(self) -> str:
        """A few lines for a model to read."""
        place = f"file {self.path}" if self.path else f"input {input_reference(self.input or '')}"
        lines = [f"{place}, {self.row_count} rows, columns:"]
        for column in self.columns:
            values = f": {', '.join(column.values)}" if column.values else ""
            lines.append(f"- {column.name} ({column.type}){values}")
        return "\n".join(lines)


async def find_sources(
    request: Request, project: Path, inputs: Mapping[str, "pa.Table"], open_table: OpenTable
) -> tuple[Source, ...]:
    """The tables that the request is about: inputs that were handed over, files that it names by path or by name.

    A request that names none gets the only data file of the project, if there is just one, and if it can be opened or
    no other file is named.

    Raises PlanningError where a path is named that is not there, ToolError where a file cannot be opened.
    """
    sources = [_source(name, table, input=name, why="given as an input") for name, table in inputs.items()]
    for path, why in _named_files(request, project) if not sources else ():
        try:
            table = await open_table(path)
        except ToolError:
            if why == ONLY_FILE and any(_paths_to_read(request)):
                continue
            raise
        told = ". ".join([why, " ".join(notes_of(table))]) if notes_of(table) else why
        source = _source(Path(path).stem, table, path=path, why=told)
        sources.append(replace(source, is_named=why != ONLY_FILE))
    return tuple(sources)


def main_source(request: Request, sources: Sequence[Source]) -> Source:
    """The one table that all words which name something in any of them are about.

    Raises PlanningError where there is no such table, or more than one.
    """
    known = {source: _known_words(request.about(source.words), source) for source in sources}
    every = frozenset().union(*known.values())
    fitting = [source for source, words in known.items() if words == every]
    if len(fitting) == 1:
        return fitting[0]
    names = " or ".join(source.name for source in fitting or sources)
    listed = ", ".join(f"“{word}”" for word in sorted(every))
    if fitting:
        raise PlanningError(f"Which table is the request about, {names}? Say its name, or name more of its columns.")
    raise PlanningError(
        f"Not one of the tables {names} has all of {listed}: ask about one table, or set OPENAI_API_KEY for a planner "
        "that joins tables."
    )


def _known_words(request: Request, source: Source) -> frozenset[str]:
    known = {root(word) for word in source.nouns | source.words}
    return frozenset(word.text for word in request.words if not word.is_stop and root(word.text) in known)


def table_reader(registry: Registry) -> tuple[ToolDefinition, str]:
    """The first tool that makes a table of nothing but a path, and the name of that argument.

    Raises PlanningError where the registry has none.
    """
    for tool in registry:
        paths = [name for name in tool.required if tool.parameters[name].get("format") == "path"]
        if makes_table(tool) and len(tool.required) == len(paths) == 1:
            return tool, paths[0]
    raise PlanningError("No tool of the registry opens a file as a table; add table.read to tools.json.")


def holds_data(project: Path) -> bool:
    """Whether there is a data file in the project."""
    return next(_data_files(project), None) is not None


def opens_tables(registry: Registry) -> bool:
    """Whether a tool of the registry opens a file as a table."""
    try:
        table_reader(registry)
    except PlanningError:
        return False
    return True


def makes_table(tool: ToolDefinition) -> bool:
    """Whether a tool's result is a table."""
    return tool.output_schema.get("format") == "table"


def _named_files(request: Request, project: Path) -> Iterator[tuple[str, str]]:
    explicit = [path for path in _paths_to_read(request) if is_data(path)]
    files = list(_data_files(project))
    if explicit:
        for path in dict.fromkeys(explicit):
            yield _existing(path, project, files), "named by its path"
        return
    if request.of(Kind.URL):
        return
    words = {singular(word.text) for word in request.words if not word.is_stop}
    shared = {path: len(words & _stem_words(path)) for path in files}
    best = max(shared.values(), default=0)
    chosen = [path for path, count in shared.items() if count == best and best]
    if len(chosen) > 1:  # beside a workbook of that name stands what was saved from it
        chosen = [path for path in chosen if Path(path).suffix.lower() not in WORKBOOKS]
    if len(chosen) == 1:
        yield chosen[0], "its name stands in the request"
    elif len(files) == 1:
        yield files[0], ONLY_FILE


def _paths_to_read(request: Request) -> Iterator[str]:
    for mention in request.of(Kind.PATH):
        if not TARGET.search(request.text[: mention.start]):
            yield str(mention.value)


def _existing(path: str, project: Path, files: list[str]) -> str:
    """The file as seen from the project; one that is not found as it stands may leave out the folders above it."""
    named, home = Path(path).expanduser(), project.resolve()
    found = (project / named).resolve()
    if found.is_file() and found.is_relative_to(home):
        return str(found.relative_to(home)) if named.is_absolute() or ".." in named.parts else path
    same = [file for file in files if ends_with(file, path)]
    if len(same) == 1:
        return same[0]
    raise PlanningError(f"There is no file {path} in the project.{did_you_mean(path, files)} Name one that is there.")


def ends_with(path: str, end: str) -> bool:
    """Whether the last parts of a path are the other path, in capitals or not."""
    parts, wanted = Path(path.lower()).parts, Path(end.lower()).parts
    return parts[-len(wanted) :] == wanted


def is_data(path: str) -> bool:
    """Whether the path is of a file that holds a table."""
    return Path(path).suffix.lower() in DATA_SUFFIXES | {".json"}


def _data_files(project: Path) -> Iterator[str]:
    found = 0
    for folder, folders, names in project.walk():
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED_FOLDERS)
        for name in sorted(names):
            if Path(name).suffix.lower() in DATA_SUFFIXES and not name.startswith(HIDDEN):
                yield str((folder / name).relative_to(project))
                found += 1
                if found >= MOST_FILES:
                    return


def _stem_words(path: str) -> set[str]:
    """The words of a name without its ending, in singular."""
    words = re.findall(r"[^\W\d_]+", Path(path).stem.lower())
    return {singular(word) for word in words if word not in STOP_WORDS}


def _source(name: str, table: "pa.Table", *, path: str | None = None, input: str | None = None, why: str) -> Source:  # noqa: A002 - the field's name
    for column, count in Counter(table.column_names).items():
        if count > 1:
            raise PlanningError(f"The table {name} has {count} columns called {column}: give each a name of its own.")
    columns = tuple(
        Column(field.name, str(_plain_type(field.type)), tuple(_values(values, field)), *_calendar_of(values))
        for field, values in zip(table.schema, table.columns, strict=True)
    )
    return Source(name, columns, table.num_rows, path, input, why)


def _values(values: "pa.ChunkedArray", field: "pa.Field") -> Iterable[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if not Column(field.name, str(values.type)).is_text:
        return []
    distinct = pc.unique(values).drop_null()
    return sorted(distinct.to_pylist()) if len(distinct) <= MOST_VALUES else []


def _calendar_of(values: "pa.ChunkedArray") -> tuple[bool, bool]:
    """Whether these are times of which no two are of one day, and whether they are of more than one year."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_temporal(values.type) or pa.types.is_time(values.type) or pa.types.is_duration(values.type):
        return False, False
    try:
        days = values.cast(pa.date32(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # beyond the calendar, or a span of time
        return False, False
    is_daily = pc.count_distinct(days, mode="all").as_py() == len(values)
    return bool(is_daily), pc.count_distinct(pc.year(days)).as_py() > 1


def _plain_type(kind: "pa.DataType") -> "pa.DataType":
    """The type of the values themselves: a pandas category is a dictionary in Arrow."""
    return kind.value_type if hasattr(kind, "value_type") and str(kind).startswith("dictionary") else kind
