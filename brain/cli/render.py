"""How plans, runs and tables look at a terminal; as JSON for programs."""

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from brain.cli.bars import SIGNS
from brain.runs import RunStatus

if TYPE_CHECKING:
    import pandas as pd

    from brain.embedded import ServiceStatus
    from brain.intent_inference.plan import Plan
    from brain.pipeline_builder.pipeline import Pipeline
    from brain.session import Run
    from brain.session.health import Finding
    from brain.tool_registry.definitions import ToolDefinition

__all__ = [
    "approvals",
    "findings",
    "frame",
    "names",
    "pipeline",
    "plan",
    "print_json",
    "run",
    "say",
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
LARGE = 10_000
"""From here on a number is shown without exponent."""


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def say(text: str) -> None:
    """A sentence between results."""
    Console().print(text, markup=False, highlight=False)


def plan(made: "Plan", *, as_json: bool) -> None:
    """A plan as a tree, with where each value comes from."""
    if as_json:
        origins = [{"where": p.where, "value": p.value, "origin": p.origin} for p in made.provenance]
        print_json({"plan": made.spec.to_json(), "planner": made.planner, "provenance": origins, "notes": made.notes})
        return
    console = Console()
    console.print(tree(made.pipeline, {origin.where: origin.origin for origin in made.provenance}))
    for text in made.notes:
        console.print(f"[dim]{escape(text)}[/]")


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
    console = Console()
    if shown.answer:
        console.print(Markdown(shown.answer))
    for name in shown.outputs:
        _result(console, shown, name)
    _status_line(console, shown)


def approvals(shown: "Run") -> None:
    """What a waiting run wants to do."""
    console = Console(stderr=True)
    for request in shown.waiting_for:
        arguments = json.dumps(request.arguments, ensure_ascii=False, default=str)
        console.print(f"[yellow]{request.step_id}[/] {request.tool} changes something outside:", highlight=False)
        console.print(f"  {_short(arguments, 300)}", markup=False, highlight=False)


def frame(table: "pd.DataFrame", *, as_json: bool, columns: list[str] | None = None) -> None:
    """A DataFrame as a table; every row and column of it as JSON."""
    if as_json:
        sys.stdout.write(table.to_json(orient="records", date_format="iso", indent=2, force_ascii=False) + "\n")
        return
    shown = table[[name for name in columns if name in table]] if columns else table
    console = Console()
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown.columns:
        drawn.add_column(str(name), overflow="fold")
    for row in shown.itertuples(index=False):
        drawn.add_row(*(escape(_cell(value)) for value in row))
    console.print(drawn)
    if cut := table.attrs.get("cut"):
        console.print(f"[dim]{escape(str(cut))}[/]")


def _result(console: Console, shown: "Run", name: str) -> None:
    place = shown.outputs.address(name)
    if place is None:
        return
    value = shown.outputs[name]
    if hasattr(value, "columns"):
        console.print(f"\n[bold]{escape(name)}[/] [dim]{len(value):,} rows[/]", highlight=False)
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
    hints = {
        RunStatus.WAITING: f"It waits for approval: brain approve {shown.id}",
        RunStatus.FAILED: f"Look at its steps: brain show {shown.id} --json",
    }
    console.print(f"[dim]run {shown.id}. {hints.get(shown.status, f'Again at any time: brain show {shown.id}')}[/]")


def _cell(value: Any) -> str:
    import pandas as pd

    if not isinstance(value, list | dict) and pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return _time(value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < LARGE else f"{value:,.1f}"
    return _short(value if isinstance(value, str | list | dict) else str(value))


def _time(value: "pd.Timestamp") -> str:
    local = value.to_pydatetime().astimezone() if value.tzinfo is not None else value.to_pydatetime()
    return local.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")


def _short(value: Any, width: int = CELL_WIDTH) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def pipeline(checked: "Pipeline") -> None:
    """A pipeline as a tree."""
    Console().print(tree(checked))


def tools(found: "list[ToolDefinition]", *, as_json: bool) -> None:
    """Tools by family, with what they are for and what they take."""
    if as_json:
        print_json([tool.model_dump(mode="json", by_alias=True, exclude_defaults=True) for tool in found])
        return
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("tool", "takes", "what it does"):
        drawn.add_column(name, overflow="fold")
    for tool in found:
        takes = ", ".join(name if name in tool.required else f"{name}?" for name in tool.parameters)
        asks = "" if tool.is_read_only else " [yellow]asks first[/]"
        drawn.add_row(f"[bold cyan]{tool.name}[/]{asks}", escape(takes), escape(_first_sentence(tool.description)))
    Console().print(drawn)


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."


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
    Console().print(drawn)


def findings(found: "list[Finding]", *, as_json: bool) -> None:
    """What the doctor found, with remedies."""
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in found])
        return
    console = Console()
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
    Console().print(f"{what}: {', '.join(found) or 'nothing'}", highlight=False)
