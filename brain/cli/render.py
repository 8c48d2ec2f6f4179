"""How plans, runs and tables look at a terminal; as JSON for programs."""

import dataclasses
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from brain import figures
from brain.cli.bars import SIGNS
from brain.cli.screen import json_text, note, page, screen
from brain.cli.words import preflight_lines
from brain.runs import RunStatus

if TYPE_CHECKING:
    import pandas as pd

    from brain.embedded import ServiceStatus
    from brain.intent_inference.plan import Plan
    from brain.pipeline_builder.pipeline import Pipeline
    from brain.pipeline_builder.preflight import Preflight
    from brain.runs import ApprovalRequest
    from brain.session import Run
    from brain.session.health import Finding
    from brain.session.secrets import SecretInfo
    from brain.tool_registry.definitions import ToolDefinition

__all__ = [
    "approvals",
    "findings",
    "frame",
    "names",
    "pipeline",
    "plan",
    "print_json",
    "revision",
    "run",
    "say",
    "secrets",
    "services",
    "tools",
    "tree",
]

COLOURS = {
    RunStatus.SUCCEEDED: "green",
    RunStatus.FAILED: "red",
    RunStatus.WAITING: "yellow",
    RunStatus.CANCELLED: "yellow",
    RunStatus.INTERRUPTED: "yellow",
}
SHOWN_ROWS = 12
CELL_WIDTH = 60
APPROVED_WIDTH = 400
"""Characters of each argument that a person sees before allowing it."""
SHORT = 20
"""A column of a table with cells up to so long keeps its width where the screen is narrow."""
LEAST_TEXT = 16
"""What every other column needs at least."""
GAP = 2


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    sys.stdout.write(json_text(value, indent=2) + "\n")


def say(text: str) -> None:
    """A sentence between results."""
    screen().print(text, markup=False, highlight=False)


def plan(made: "Plan", *, as_json: bool) -> None:
    """A plan as a tree, with where each value comes from."""
    if as_json:
        origins = [{"where": p.where, "value": p.value, "origin": p.origin} for p in made.provenance]
        told = made.preflight.to_json() if made.preflight else None
        print_json({
            "plan": made.spec.to_json(), "planner": made.planner, "provenance": origins, "notes": made.notes,
            "preflight": told,
        })  # fmt: skip
        return
    console = screen()
    console.print(tree(made.pipeline, {origin.where: origin.origin for origin in made.provenance}))
    for text in made.notes:
        console.print(f"[dim]{escape(text)}[/]")
    if made.preflight is not None:
        _preflight(console, made.preflight)


def _preflight(console: Console, told: "Preflight") -> None:
    """What the pipeline touches and takes, a line each; what it leaves alone is not mentioned."""
    drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
    drawn.add_column(style="bold")
    drawn.add_column(overflow="fold")
    for name, text in preflight_lines(told):
        drawn.add_row(name, escape(text))
    console.print(drawn)


def tree(pipeline: "Pipeline", origins: dict[str, str] | None = None) -> Tree:
    """The steps below one another as they wait for one another."""
    from brain.pipeline_builder.outline import outline

    root = Tree(f"[bold]{escape(pipeline.spec.name)}[/]")
    branches = [root]
    for row in outline(pipeline):
        marks = "".join(f" [magenta]{mark}[/]" for mark in row.marks)
        after = f" [dim]after {', '.join(row.also_after)}[/]" if row.also_after else ""
        del branches[row.depth + 1 :]
        node = branches[-1].add(f"[bold cyan]{row.step_id}[/] [dim]{row.tool}[/]{marks}{after}")
        branches.append(node)
        for name, value in pipeline.steps[row.step_id].arguments.source.items():
            origin = (origins or {}).get(f"steps.{row.step_id}.arguments.{name}")
            why = f" [dim italic]← {escape(origin)}[/]" if origin else ""
            node.add(f"{name}: {escape(_short(value))}{why}")
    return root


def run(shown: "Run", *, as_json: bool) -> None:
    """How a run ended: its answer, results and what to do next."""
    if as_json:
        print_json(shown.to_json())
        return
    console = screen()
    if shown.answer:
        _answer(console, shown.answer)
    for name in shown.outputs:
        _result(console, shown, name)
    for text in shown.notes:
        console.print(f"[dim]{escape(text)}[/]", highlight=False)
    approvals(shown)
    _status_line(console, shown)


def _answer(console: Console, text: str) -> None:
    if not console.is_terminal:
        console.print(Text(text))
        return
    from rich.markdown import Markdown

    # an address behind a word is one that nobody sees before following it
    console.print(Markdown(text, hyperlinks=False))


def approvals(shown: "Run") -> None:
    """What a waiting run wants to do."""
    console = screen()
    for request in shown.waiting_for:
        console.print(f"\n[yellow]{request.step_id}[/] [bold]{request.tool}[/] changes something:", highlight=False)
        for call in _calls(shown, request):
            for name, value in call.items():
                console.print(f"  {name}: {_short(value, APPROVED_WIDTH)}", markup=False, highlight=False)


def _calls(shown: "Run", request: "ApprovalRequest") -> list[Mapping[str, Any]]:
    """The arguments of the call that a request is for, or of each item's."""
    steps = shown.spec.steps if shown.spec is not None else ()
    is_foreach = any(step.id == request.step_id and step.foreach is not None for step in steps)
    return request.arguments["items"] if is_foreach else [request.arguments]


def frame(table: "pd.DataFrame", *, as_json: bool, columns: list[str] | None = None) -> None:
    """A DataFrame as a table; every row and column of it as JSON."""
    if cut := table.attrs.get("cut"):
        note(f"These are {cut.partition(';')[0]}; --limit takes more.")
    names = _distinct(list(map(str, table.columns)))
    if as_json:
        rows = table.itertuples(index=False, name=None)
        print_json([dict(zip(names, map(_plain, row), strict=True)) for row in rows])
        return
    cells = {
        name: [name, *(_cell(value, name) for value in table.iloc[:, number])] for number, name in enumerate(names)
    }
    _draw(screen(), [cells[name] for name in columns or names if name in cells])
    if table.empty:
        note("Nothing was found.")


def _distinct(names: list[str]) -> list[str]:
    """The names, with a number behind one that has been there: SQL may give two columns the same."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return distinct


def _draw(console: Console, columns: list[list[str]]) -> None:
    """Columns of text, each beginning with its name; what the screen has no room for is named below."""
    widths = [max(map(len, column)) for column in columns]
    shown = len(columns)
    while shown > 1 and sum(_least(width) + GAP for width in widths[:shown]) - GAP > console.width:
        shown -= 1
    drawn = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    for width, column in zip(widths, columns[:shown], strict=False):
        drawn.add_column(escape(column[0]), overflow="fold", no_wrap=width <= SHORT)
    for row in zip(*(column[1:] for column in columns[:shown]), strict=True):
        drawn.add_row(*map(escape, row))
    console.print(drawn)
    if hidden := ", ".join(column[0] for column in columns[shown:]):
        console.print(f"[dim]No room for {escape(hidden)}: --json has all.[/]", highlight=False)


def _least(width: int) -> int:
    return width if width <= SHORT else LEAST_TEXT


def _result(console: Console, shown: "Run", name: str) -> None:
    place = shown.outputs.address(name)
    if place is None:
        return
    value = shown.outputs[name]
    if hasattr(value, "columns"):
        rows = "1 row" if len(value) == 1 else f"{len(value):,} rows"
        some = f"{SHOWN_ROWS} of " if len(value) > SHOWN_ROWS else ""
        console.print(f"\n[bold]{escape(name)}[/] [dim]{some}{rows}[/]", highlight=False)
        if len(value):
            frame(value.head(SHOWN_ROWS), as_json=False)
    console.print(f"[dim]{escape(name)}: {escape(place)}[/]", soft_wrap=True, highlight=False)


def _status_line(console: Console, shown: "Run") -> None:
    colour = COLOURS.get(shown.status, "blue")
    seconds = f" in {shown.seconds:.1f} s" if shown.seconds is not None else ""
    steps = [step for step in shown.step_results if step.item is None]
    signs = " ".join(f"{SIGNS.get(step.status, '·')} {step.step_id}" for step in steps)
    console.print(f"\n[{colour}]{shown.status}[/]{seconds}  {signs}", highlight=False)
    if shown.error:
        console.print(f"[red]{escape(shown.error)}[/]", highlight=False)
    console.print(f"[dim]run {shown.id}. {_next(shown)}[/]")


def _next(shown: "Run") -> str:
    """What can be done about a run by now."""
    if shown.status is RunStatus.WAITING:
        return f"It waits for approval: brain approve {shown.id}"
    if shown.status is not RunStatus.FAILED:
        return f"Again at any time: brain show {shown.id}"
    return f"Look at its steps: brain steps {shown.id}" if shown.step_results else "No step of it was begun."


def _cell(value: Any, name: str) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    if hasattr(value, "strftime"):
        return _time(value)
    if isinstance(plain, int | float) and not isinstance(plain, bool):
        return figures.plain(plain, name)
    return _short(plain)


def _plain(value: Any) -> Any:
    """A cell of a DataFrame as JSON: times in ISO 8601, bytes as PostgreSQL writes them, null for what is missing."""
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _ if hasattr(value, "tolist"):  # NumPy's own
            return _plain(value.tolist())
        case _:
            return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    import pandas as pd

    if pd.isna(value) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if getattr(value, "unit", "") == "ms":  # of Arrow's days; a moment of PostgreSQL's has microseconds
        return value.isoformat().removesuffix("T00:00:00")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _time(value: Any) -> str:
    if not isinstance(value, datetime):
        return str(value)
    try:
        moment = datetime.fromisoformat(value.isoformat())  # pandas' own cannot be moved to local time
    except ValueError:  # beyond the years that Python knows
        return str(value)
    local = moment.astimezone().replace(tzinfo=None) if moment.tzinfo is not None else moment
    return local.isoformat(" ", "seconds").removesuffix(" 00:00:00")


def _short(value: Any, width: int = CELL_WIDTH) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def pipeline(checked: "Pipeline") -> None:
    """A pipeline as a tree."""
    screen().print(tree(checked))


def tools(found: "list[ToolDefinition]", *, as_json: bool, by_family: bool = False) -> None:
    """Tools with what they take and are for, in families if so wanted; the JSON is a registry, as --tools takes it."""
    if as_json:
        print_json({"tools": [tool.model_dump(mode="json", by_alias=True, exclude_defaults=True) for tool in found]})
        return
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("tool", "takes", "what it does"):
        drawn.add_column(name, overflow="fold")
    families = list(dict.fromkeys(tool.family for tool in found)) if by_family else []
    for number, family in enumerate(families):
        drawn.add_row("\n" * (number > 0) + f"[bold]{family}[/]")
        _add_tools(drawn, [tool for tool in found if tool.family == family])
    if not by_family:
        _add_tools(drawn, found)
    page().print(drawn)


def _add_tools(drawn: Table, found: "Iterable[ToolDefinition]") -> None:
    for tool in found:
        takes = ", ".join(name if name in tool.required else f"{name}?" for name in tool.parameters)
        asks = "" if tool.is_read_only else " [yellow]asks first[/]"
        drawn.add_row(f"[bold cyan]{tool.name}[/]{asks}", escape(takes), escape(_first_sentence(tool.description)))


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."


def secrets(found: "list[SecretInfo]", *, as_json: bool) -> None:
    """Secrets without their values, a line each."""
    if as_json:
        print_json([info.to_json() for info in found])
        return
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("secret", "from", "used by, and where it may go", "set"):
        drawn.add_column(name, overflow="fold")
    for info in found:
        colour = {"not set": "yellow", "no key": "red"}.get(info.source, "green")
        also = " [dim](table too)[/]" if info.is_in_table and info.source in (".env", "environment") else ""
        uses = [f"{use.tool} → {', '.join(use.hosts) or 'no host'}" for use in info.uses]
        when = "" if info.updated_at is None else _time(info.updated_at)
        drawn.add_row(
            f"[bold cyan]{info.name}[/]", f"[{colour}]{info.source}[/]{also}",
            escape("\n".join(uses)) or "[dim]no tool[/]", when,
        )  # fmt: skip
    screen().print(drawn)


def services(found: "list[ServiceStatus]", *, as_json: bool) -> None:
    """The embedded services, a line each."""
    if as_json:
        print_json([dataclasses.asdict(service) for service in found])
        return
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("service", "state", "version", "address", "pid", "detail"):
        drawn.add_column(name, overflow="fold")
    for service in found:
        colour = "green" if service.state == "running" else "dim"
        drawn.add_row(
            service.name, f"[{colour}]{service.state}[/]", service.version or "", escape(service.address or ""),
            str(service.pid or ""), escape(service.detail),
        )  # fmt: skip
    screen().print(drawn)


def findings(found: "list[Finding]", *, as_json: bool) -> None:
    """What the doctor found, with remedies."""
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in found])
        return
    console = screen()
    for finding in found:
        sign = "[green]✓[/]" if finding.ok else "[red]✗[/]"
        console.print(f"{sign} [bold]{finding.name}[/] {escape(finding.detail)}", highlight=False)
        if not finding.ok:
            console.print(f"    [yellow]{escape(finding.remedy)}[/]", highlight=False)


def names(what: str, found: list[str], *, as_json: bool) -> None:
    """A short list of names."""
    if as_json:
        print_json(found)
        return
    screen().print(f"{what}: {', '.join(found) or 'nothing'}", highlight=False)


def revision(current: str | None, needed: str, *, as_json: bool) -> None:
    """Where the schema of the database is, and where it has to be."""
    if as_json:
        print_json({"revision": current, "needed": needed})
        return
    say(f"schema {current or 'none'}; this version needs {needed}")
