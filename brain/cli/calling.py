"""The command that calls one tool."""

from typing import TYPE_CHECKING, Annotated

import typer

from brain.cli import completion
from brain.cli.options import AsJson, Budget, Deadline, Executor, NoCache, Project, Tools, Yes, open_brain

if TYPE_CHECKING:
    from brain.session.one_step import CallOptions

__all__ = ["call"]


def call(
    tool: Annotated[
        str, typer.Argument(help="The name of a tool.", autocompletion=completion.tools, show_default=False)
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="Each argument as name=value; the value is JSON or else text.", show_default=False),
    ] = None,
    *,
    budget: Budget = None,
    deadline: Deadline = None,
    yes: Yes = False,
    no_cache: NoCache = False,
    executor: Executor = None,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Call one tool and show what it gives; the call is remembered as a run."""
    from brain.cli import work
    from brain.named_values import json_or_text, named_values

    given = {name: json_or_text(value) for name, value in named_values(arguments, f"brain call {tool}").items()}
    options: CallOptions = {"yes": yes, "use_cache": not no_cache, "budget": budget, "deadline": deadline}
    with open_brain(project, tools, executor) as brain:
        work.follow(brain, brain.start_call(tool, given, options, source="cli"), as_json=as_json)
