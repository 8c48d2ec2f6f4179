"""Commands about tools: list, show, add, remove, test, docs; without one of these words `list` is meant."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from brain.cli import completion, data
from brain.cli.options import AsJson, Overwrite, Project, Tools, open_brain

if TYPE_CHECKING:
    from brain.session.examples import ExampleResult
    from brain.session.tool_words import FieldWords
    from brain.tool_registry.definitions import ToolDefinition

__all__ = ["tools"]

FAILED = 1
PAGE_BEGINS = "# Tools"


class _ListByDefault(TyperGroup):
    """What is no command is a search: `brain tools "draw a chart"`."""

    default = "list"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does it, with the default where no command is named."""
        is_named = args[:1] and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_named else [self.default, *args])


tools = typer.Typer(
    cls=_ListByDefault,
    help="The tools that pipelines are made of, and how to add your own. Without a command: list.",
)

Name = Annotated[
    str, typer.Argument(help="The tool's name, as in table.read.", autocompletion=completion.tools, show_default=False)
]
File = Annotated[Path | None, typer.Option("--tools", help="The file to change, instead of the project's tools.json.")]

tools.command("list", epilog='Example: brain tools list "read a table"')(data.tools)


@tools.command(epilog="Example: brain tools show table.read")
def show(name: Name, *, project: Project = None, tools: Tools = None, as_json: AsJson = False) -> None:
    """Show what a tool takes, gives and touches, with its examples."""
    from brain.cli.screen import print_json

    with open_brain(project, tools) as brain:
        tool = brain.tool(name)
    if as_json:
        print_json(_entry(tool))
    else:
        _show(tool)


@tools.command(epilog="Example: brain tools add my_tools:change --after table.aggregate")
def add(
    function: Annotated[
        str,
        typer.Argument(
            help="MODULE:FUNCTION, decorated with @brain.tool, or a notebook with a cell that is tagged `parameters`.",
            show_default=False,
        ),
    ],
    *,
    after: Annotated[
        str | None,
        typer.Option("--after", help="The tool to stand behind; the small planner goes from the first to the last."),
    ] = None,
    tools: File = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Write the entry of a function or a notebook into tools.json, or replace the one of its name."""
    from brain.cli import render
    from brain.cli.screen import print_json

    with open_brain(project, _if_there(tools)) as brain:
        added = brain.add_tool(function, after=after, path=tools)
    name = added.definition.name
    _tell_copy(added.path, is_copied=added.is_copied)
    if as_json:
        print_json({
            "tool": _entry(added.definition), "path": str(added.path), "new": added.is_new,
            "copied": added.is_copied, "kept": list(added.kept),
        })  # fmt: skip
        return
    where = "now stands in" if added.is_new else "was replaced in"
    render.say(f"{name} {where} {added.path}. Try its examples: brain tools test {name}")
    if added.kept:
        render.say(f"Kept from the entry before: {', '.join(added.kept)}.")


@tools.command(epilog="Example: brain tools remove my_tools.change")
def remove(name: Name, *, tools: File = None, project: Project = None) -> None:
    """Take a tool out of tools.json; the function stays."""
    from brain.cli import render

    with open_brain(project, _if_there(tools)) as brain:
        is_copied = brain.remove_tool(name, path=tools)
        path = tools or brain.settings.tools_file
    _tell_copy(path, is_copied=is_copied)
    render.say(f"{name} no longer stands in {path}.")


@tools.command("test", epilog="Example: brain tools test table.read")
def try_examples(
    name: Name,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Run the examples of a tool that changes something, too.")
    ] = False,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Make the calls that a tool's examples show, and check what they give."""
    from brain.cli.screen import print_json
    from brain.session.examples import ExampleStatus

    with open_brain(project, tools) as brain:
        results = brain.test_tool(name, yes=yes)
    if as_json:
        print_json({"tool": name, "examples": [result.to_json() for result in results]})
    else:
        _show_results(name, results)
    statuses = {result.status for result in results}
    if ExampleStatus.FAILED in statuses or ExampleStatus.PASSED not in statuses:
        raise typer.Exit(FAILED)


@tools.command(epilog="Example: brain tools docs --out tools.md")
def docs(
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the page here.")] = None,
    overwrite: Overwrite = False,
    project: Project = None,
    tools: Tools = None,
) -> None:
    """Write the page that tells of every tool, as Markdown."""
    from brain.cli import saving
    from brain.session.tool_words import tools_page

    if out is not None:
        saving.look(out, PAGE_BEGINS, overwrite=overwrite)
    with open_brain(project, tools) as brain:
        page = tools_page(brain.tools())
    if out is None:
        sys.stdout.write(page)
    else:
        saving.write([(out, page)], overwrite=overwrite)


def _if_there(tools: Path | None) -> Path | None:
    """A file that is yet to be made holds no tools to begin with."""
    return tools if tools is not None and tools.is_file() else None


def _tell_copy(path: Path, *, is_copied: bool) -> None:
    from brain.cli.screen import note

    if is_copied:
        note(f"There was no {path}: it was made of the built-in tools first.")


def _entry(tool: "ToolDefinition") -> dict[str, Any]:
    entry: dict[str, Any] = tool.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return entry


def _show(tool: "ToolDefinition") -> None:
    from rich.markup import escape

    from brain.cli.screen import screen
    from brain.session.tool_words import arguments_of, result_of, touches
    from brain.tool_registry.tools_file import laid_out

    console = screen()
    title = f" [dim]{escape(tool.annotations.title)}[/]" if tool.annotations.title else ""
    console.print(f"[bold cyan]{tool.name}[/]{title}", highlight=False)
    console.print(escape(tool.description), highlight=False)
    _fields("Takes", arguments_of(tool))
    gives, fields = result_of(tool)
    console.print(f"\n[bold]Gives[/] {escape(gives)}", highlight=False)
    _fields("", fields)
    console.print(f"\n[bold]Touches[/] {escape(' '.join(touches(tool)))}", highlight=False)
    for example in tool.examples:
        console.print(f"\n[bold]Example[/] {escape(example.description)}", highlight=False)
        console.print(escape(laid_out(example.arguments, room=console.width)), highlight=False)
    run = str(tool.run) if tool.run else "nothing: it can be planned with, not run"
    run += " in a process of its own" * tool.wants_process
    console.print(f"\n[dim]version {escape(tool.version)}, runs {escape(run)}[/]", highlight=False)


def _fields(head: str, fields: "list[FieldWords]") -> None:
    from rich.markup import escape
    from rich.table import Table

    from brain.cli.screen import screen

    if head:
        screen().print(f"\n[bold]{head}[/]" + ("" if fields else " nothing"), highlight=False)
    drawn = Table(box=None, show_header=False, pad_edge=False)
    for field in fields:
        optional = "" if field.is_required else "?"
        drawn.add_row(f"  [cyan]{escape(field.name)}[/]{optional}", escape(field.kind), escape(field.about))
    if fields:
        screen().print(drawn)


def _show_results(name: str, results: "list[ExampleResult]") -> None:
    from collections import Counter

    from rich.markup import escape

    from brain.cli.screen import note, screen
    from brain.session.examples import ExampleStatus

    signs = {
        ExampleStatus.PASSED: "[green]✓[/]",
        ExampleStatus.FAILED: "[red]✗[/]",
        ExampleStatus.NOT_RUN: "[yellow]·[/]",
    }
    console = screen()
    for result in results:
        took = f" [dim]{result.seconds:.2f} s[/]" if result.seconds is not None else ""
        console.print(f"{signs[result.status]} [bold]{escape(result.description)}[/]{took}", highlight=False)
        said = "" if result.status is ExampleStatus.PASSED else f"{result.status}: "
        console.print(f"    {escape(said + result.detail)}", highlight=False)
    if not results:
        note(f"{name} has no example, so that nothing was run: give its entry `examples`.")
        return
    counts = Counter(result.status for result in results)
    console.print(", ".join(f"{counts[status]} {status}" for status in ExampleStatus) + ".", highlight=False)
