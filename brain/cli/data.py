"""Commands that look, find and rate: runs, show, steps, search, sql, rate, tools."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brain.cli import batches, completion
from brain.cli.options import AsJson, Limit, Overwrite, Project, RunArgument, Tools, open_brain
from brain.runs import RunStatus

if TYPE_CHECKING:
    import pandas as pd

    from brain.session import Brain, Run

__all__ = ["rate", "runs", "search", "show", "sql", "steps", "tools"]

RUN_COLUMNS = ["id", "created_at", "status", "seconds", "cost_usd", "score", "request", "error"]
STEP_COLUMNS = ["id", "step_id", "item", "tool", "status", "seconds", "tries", "cost_usd", "error"]
SEARCH_COLUMNS = ["id", "similarity", "status", "score", "request", "answer"]


def runs(
    *,
    status: Annotated[RunStatus | None, typer.Option("--status", help="Only runs in this state.")] = None,
    text: Annotated[str, typer.Option("--text", help="Only runs with this text in the request or name.")] = "",
    since: Annotated[datetime | None, typer.Option("--since", help="Only runs from then on, in local time.")] = None,
    limit: Limit = 20,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """List past and present runs, the newest first."""
    from brain.cli import tables

    with open_brain(project) as brain:
        found = brain.runs(status=status, text=text, since=since, limit=limit)
    if not as_json:
        found["request"] = _request_or_name(found)
    tables.frame(found, as_json=as_json, columns=RUN_COLUMNS)


def _request_or_name(found: "pd.DataFrame") -> "pd.Series[str]":
    """What a run was about; one of a pipeline has but a name."""
    return found["request"].where(found["request"] != "", found["name"])


def show(
    run: RunArgument = "last",
    *,
    save: Annotated[Path | None, typer.Option("--save", help="Write tables and files of the run here.")] = None,
    overwrite: Overwrite = False,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Show a run or a batch: its plan, its answer, its results and where they are."""
    from brain.cli import render, saving

    with open_brain(project, tools) as brain:
        if (batch_id := brain.find_batch(run)) is not None:
            batches.shown(brain, batch_id, as_json=as_json)
            return
        shown = brain.show(run)
        ready = None if save is None else saving.make_ready(shown.outputs, save, overwrite=overwrite)
        if not as_json:
            _show_pipeline(brain, shown)
        render.run(shown, as_json=as_json)
        if ready is not None:
            ready.save()


def _show_pipeline(brain: "Brain", shown: "Run") -> None:
    from brain.cli import render
    from brain.errors import SpecError

    if shown.spec is None:
        return
    try:
        render.pipeline(brain.check(shown.spec))
    except SpecError as exc:
        render.say(f"Its pipeline no longer fits the tools of today, so it is not drawn. {exc}")


def steps(
    run: Annotated[
        str | None,
        typer.Argument(help="A run: the end or beginning of its id, or `last`. Without one: of all runs, the newest "
                       "first.", autocompletion=completion.runs, show_default=False),
    ] = None,
    *,
    items: Annotated[bool, typer.Option("--items", help="The items of foreach steps too.")] = False,
    limit: Limit = 100,
    project: Project = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the steps of runs: what was called, how it ended, how long it took."""
    from brain.cli import tables

    with open_brain(project) as brain:
        found = brain.steps(run, items=items, limit=limit)
    if not as_json:
        found["status"] = _status_with_origin(found)
    columns = STEP_COLUMNS if items else [name for name in STEP_COLUMNS if name != "item"]
    tables.frame(found, as_json=as_json, columns=columns)


def _status_with_origin(found: "pd.DataFrame") -> "pd.Series[str]":
    """Of a cached result the run that it comes from."""
    from brain.display.words import cached_from

    is_cached = found["cached_from"].notna()
    return found["status"].where(~is_cached, found["cached_from"].map(cached_from))


def rate(
    run: RunArgument,
    stars: Annotated[int, typer.Argument(help="1 (bad) to 5 (good).", min=1, max=5, show_default=False)],
    *,
    comment: Annotated[str, typer.Option("--comment", "-c", help="Why.")] = "",
    project: Project = None,
) -> None:
    """Say how good a run was."""
    from brain.cli import render
    from brain.runs import short_id

    with open_brain(project) as brain:
        run_id = brain.resolve(run)
        brain.rate(run_id, stars, comment)
    render.say(f"The run {short_id(run_id)} has {stars} of 5 stars.")


def search(
    text: Annotated[str, typer.Argument(help="What the runs were about, in plain words.", show_default=False)],
    *,
    limit: Limit = 10,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Find past runs by what they mean."""
    from brain.cli import tables

    with open_brain(project) as brain:
        found = brain.search(text, limit=limit)
    if not as_json:
        found["request"] = _request_or_name(found)
    tables.frame(found, as_json=as_json, columns=SEARCH_COLUMNS)


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT statement.", show_default=False)],
    *,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Ask the knowledge base in SQL (read-only; tables runs, steps, step_items, events, ratings)."""
    from brain.cli import tables

    with open_brain(project) as brain:
        found = brain.sql(query)
    tables.frame(found, as_json=as_json)


def tools(
    query: Annotated[
        str, typer.Argument(help="What the tool should do; empty lists all.", autocompletion=completion.tools)
    ] = "",
    *,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="Tools at the most.", show_default="all, or the 10 best")
    ] = None,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """List the tools, or find those that fit."""
    from brain.cli import render
    from brain.cli.screen import note

    with open_brain(project, tools) as brain:
        found, there = brain.tools(query, limit=limit), len(brain.tools())
    render.tools(found, as_json=as_json, by_family=not query)
    if not found:
        note("Nothing was found.")
    elif len(found) < there:
        note(f"These are {len(found)} of {there} tools; --limit takes more.")
