"""How plans, runs, tools and services look at a terminal; as JSON for programs."""

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from brain import figures
from brain.artifacts import is_table
from brain.cli import questions, tables
from brain.cli.screen import page, print_json, screen
from brain.display.bars import SIGNS
from brain.display.words import cached_from, first_sentence, preflight_lines, spent_words, takes
from brain.runs import RunStatus, StepResult, short_id

if TYPE_CHECKING:
    from brain.embedded import ServiceStatus
    from brain.executor.foresight import Foresight
    from brain.intent_inference.plan import Plan
    from brain.pipeline_builder.pipeline import Pipeline
    from brain.pipeline_builder.preflight import Preflight
    from brain.session import Run
    from brain.session.batching.result import BatchRun
    from brain.session.health import Finding
    from brain.session.secrets import SecretInfo
    from brain.tool_registry.definitions import ToolDefinition

__all__ = [
    "approvals",
    "batch",
    "findings",
    "foresight",
    "names",
    "pipeline",
    "plan",
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
VERDICTS = {
    "kept": ("green", "kept"),
    "skipped": ("dim", "left out"),
    "again": ("yellow", "done again"),
    "pending": ("blue", "done"),
    "new": ("blue", "new"),
    "gone": ("dim", "gone"),
    "doubtful": ("red", "needs your word"),
}
"""A colour and words for what becomes of a step."""
SHOWN_ROWS = 12
APPROVED_WIDTH = 400
"""Characters of each argument that a person sees before allowing it."""


def say(text: str) -> None:
    """A sentence between results."""
    screen().print(text, markup=False, highlight=False)


def plan(made: "Plan", *, as_json: bool) -> None:
    """A plan as a tree, with where each value comes from."""
    if as_json:
        print_json({**made.to_json(), "preflight": made.preflight.to_json() if made.preflight else None})
        return
    console = screen()
    console.print(tree(made.pipeline, made.origins))
    for text in made.notes:
        console.print(f"[dim]{escape(text)}[/]")
    if made.preflight is not None:
        _preflight(console, made.preflight)


def _preflight(console: Console, told: "Preflight") -> None:
    """What the pipeline touches and takes, a line each; what it leaves alone is not mentioned."""
    drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, tables.GAP, 0, 0))
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
            node.add(f"{name}: {escape(tables.one_line(value))}{why}")
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
    if shown.questions:
        questions.listed(console, shown.questions)
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
        for call in shown.calls_of(request):
            for name, value in call.items():
                console.print(f"  {name}: {tables.one_line(value, APPROVED_WIDTH)}", markup=False, highlight=False)


def _result(console: Console, shown: "Run", name: str) -> None:
    place = shown.outputs.address(name)
    if place is None:
        return
    if is_table(shown.outputs.references[name]):
        table = shown.outputs.arrow(name)
        rows = "1 row" if table.num_rows == 1 else f"{table.num_rows:,} rows"
        some = f"{SHOWN_ROWS} of " if table.num_rows > SHOWN_ROWS else ""
        console.print(f"\n[bold]{escape(name)}[/] [dim]{some}{rows}[/]", highlight=False)
        if table.num_rows:
            tables.arrow(table.slice(0, SHOWN_ROWS))
    console.print(f"[dim]{escape(name)}: {escape(place)}[/]", soft_wrap=True, highlight=False)


def _status_line(console: Console, shown: "Run") -> None:
    colour = COLOURS.get(shown.status, "blue")
    seconds = f" in {shown.seconds:.1f} s" if shown.seconds is not None else ""
    steps = [step for step in shown.step_results if step.item is None]
    signs = " ".join(map(_sign, steps))
    console.print(f"\n[{colour}]{shown.status}[/]{seconds}  {signs}", highlight=False)
    if shown.error:
        console.print(f"[red]{escape(shown.error)}[/]", highlight=False)
    if missed := shown.missed:
        console.print(f"[dim]score {figures.plain(shown.score)}, not met: {', '.join(missed)}[/]", highlight=False)
    after = "" if shown.parent_run is None else f", which goes on from {short_id(shown.parent_run)}"
    console.print(f"[dim]run {shown.id}{after}{_spent(shown)}{_bounded(shown)}. {_next(shown)}[/]", highlight=False)


def _sign(step: StepResult) -> str:
    origin = "" if step.cached_from is None else f" [dim]({cached_from(step.cached_from)})[/]"
    return f"{SIGNS.get(step.status, '·')} {step.step_id}{origin}"


def _spent(shown: "Run") -> str:
    """What it took from the chat model; nothing where it asked nothing."""
    said = spent_words(shown.spending, shown.budget)
    return f", {said}" if said else ""


def _bounded(shown: "Run") -> str:
    """How long it may take; nothing where nobody said so."""
    return "" if shown.deadline.seconds is None else f", deadline {shown.deadline}"


def _next(shown: "Run") -> str:
    """What can be done about a run by now."""
    if shown.status is RunStatus.WAITING:
        return f"It {shown.waits}"
    if shown.status is RunStatus.INTERRUPTED:
        return f"Go on with it: brain resume {shown.id}"
    if shown.status is not RunStatus.FAILED:
        return f"Again at any time: brain show {shown.id}"
    return f"Look at its steps: brain steps {shown.id}" if shown.step_results else "No step of it was begun."


def batch(done: "BatchRun") -> None:
    """The sets of a batch, those without a result first, and what can be done about them."""
    from brain.session.batching.page import batch_rows, below

    titles, rows = batch_rows(done)
    tables.rows(titles, rows)
    for line in below(done).splitlines():
        say(line)


def foresight(before: "Run", foreseen: "Foresight", *, as_json: bool) -> None:
    """What becomes of each step when a run goes on, and why."""
    if as_json:
        print_json({"id": before.id, "run_id": str(before.run_id), **foreseen.to_json()})
        return
    console = screen()
    how = "goes on as a new run" if foreseen.is_new_run else "goes on"
    console.print(f"The run {before.id} {how}; nothing has been done yet.", highlight=False)
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("step", "tool", "what", "why"):
        drawn.add_column(name, overflow="fold")
    for step in foreseen.steps:
        colour, what = VERDICTS[step.verdict]
        drawn.add_row(f"[bold cyan]{step.step_id}[/]", step.tool, f"[{colour}]{what}[/]", escape(step.reason))
    console.print(drawn)
    said = (foreseen.summary, *(f"{step.step_id}: {step.needs}" for step in foreseen.doubtful))
    for text in filter(None, said):
        console.print(escape(text), highlight=False)


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
        asks = "" if tool.is_read_only else " [yellow]asks first[/]"
        drawn.add_row(f"[bold cyan]{tool.name}[/]{asks}", escape(takes(tool)), escape(first_sentence(tool.description)))


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
        when = "" if info.updated_at is None else tables.moment(info.updated_at)
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
