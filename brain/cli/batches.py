"""Commands about batches of notebooks: `batch` (run, list, show; without one of these words `run` is meant)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from brain.cli import CANCELLED, completion
from brain.cli.groups import RunByDefault
from brain.cli.options import AsJson, Executor, Limit, Overwrite, Project, open_brain
from brain.named_values import named_values

if TYPE_CHECKING:
    from brain.session import Brain
    from brain.session.batching.result import BatchRun

__all__ = ["batch", "carried_on", "shown", "watched"]

FAILED = 1
COLUMNS = ["id", "created_at", "notebook", "sets", "succeeded", "failed", "unfinished", "seconds", "out"]

batch = typer.Typer(
    cls=RunByDefault,
    no_args_is_help=True,
    help="Run a notebook once for each of many sets of parameters. Without a command: run.",
)

Table = Annotated[
    Path | None,
    typer.Option("--table", help="Write the table here, a row a set with what was recorded, as .csv or .json."),
]


@batch.command(epilog="Example: brain batch run report.ipynb --params '{city: [Oslo, Rome], month: [1..12]}' --jobs 2")
def run(
    notebook: Annotated[
        str | None,
        typer.Argument(
            help="A notebook, whose parameters stand in a cell that is tagged `parameters`; with --resume also the id "
            "of a batch, or nothing for the newest.",
            show_default=False,
        ),
    ] = None,
    *,
    params: Annotated[
        str | None,
        typer.Option(
            "--params",
            help="The sets: a file (.csv, .yaml, .json, .parquet) with a row or a mapping a set, or a grid, in a file "
            "or as it stands: {city: [Oslo, Rome], month: [1..12]}.",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="A parameter of all sets as name=value. Repeatable."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Notebooks at the same time.", show_default="one a processor"),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "--folder",
            "-o",
            help="Write the notebooks into this folder, or as this names them: reports/{city}-{month}.ipynb.",
            show_default="outputs/NOTEBOOK-BATCH",
        ),
    ] = None,
    table: Table = None,
    retries: Annotated[int, typer.Option("--retries", min=0, help="Run one that fails so often again.")] = 0,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="How long a notebook may take: seconds, or as in 10m.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the newest batch of these: run what is missing or failed."),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run all, also what an earlier run of the same notebook has the result of.")
    ] = False,
    executor: Executor = None,
    overwrite: Overwrite = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Run a notebook with each set of parameters; one that fails does not keep the others from it."""
    from brain.cli import live
    from brain.session.batching.order import BatchOrder
    from brain.session.batching.result import look_at_table

    if table is not None:
        look_at_table(table)
    common = named_values(parameter, "--parameter")
    with open_brain(project, executor=executor) as brain:
        order = BatchOrder(
            notebook, params, common, folder, jobs, retries, timeout, is_fresh=fresh, resumes=resume,
            source="cli",
        )  # fmt: skip
        with live.waiting("Looking at the notebook"):
            begun = brain.start_batch(order)
        done = _seen_through(brain, begun, as_json=as_json)
    _finish(done, table, as_json=as_json, overwrite=overwrite)


@batch.command("list", epilog="Example: brain batch list")
def list_(*, limit: Limit = 20, project: Project = None, as_json: AsJson = False) -> None:
    """List batches, the newest first."""
    from brain.cli import tables

    with open_brain(project) as brain:
        found = brain.batches(limit=limit)
    tables.frame(found, as_json=as_json, columns=COLUMNS)


@batch.command(epilog="Example: brain batch show last --table report.csv")
def show(
    which: Annotated[
        str,
        typer.Argument(
            metavar="[BATCH]", help="A batch: the end or beginning of its id, or `last`.",
            autocompletion=completion.batches,
        ),
    ] = "last",
    *,
    table: Table = None,
    overwrite: Overwrite = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show a batch: its sets, what was recorded, and how each ended."""
    from brain.session.batching.result import look_at_table

    if table is not None:
        look_at_table(table)
    with open_brain(project) as brain:
        found = brain.show_batch(which)
        _print(found, as_json=as_json)
        if table is not None:
            found.save_table(table, overwrite=overwrite)


def carried_on(brain: "Brain", batch_id: UUID, *, as_json: bool) -> None:
    """Go on with a batch that was named in place of a run."""
    from brain.session.batching.order import BatchOrder

    begun = brain.start_batch(BatchOrder(str(batch_id), resumes=True, source="cli"))
    _finish(_seen_through(brain, begun, as_json=as_json), None, as_json=as_json)


def watched(brain: "Brain", batch_id: UUID, *, as_json: bool) -> None:
    """Show a batch of any process until it comes to rest; Ctrl-C ends nothing but the watching."""
    from brain.cli import live
    from brain.runs import short_id

    try:
        with live.view(brain.settings.brain_progress, as_json=as_json) as view:
            for event in brain.watch(str(batch_id)):
                view.show(event)
    except KeyboardInterrupt:
        live.note(f"The batch goes on without being watched; this ends it: brain cancel {short_id(batch_id)}")
        raise typer.Exit(CANCELLED) from None
    _finish(brain.show_batch(batch_id), None, as_json=None if as_json else False)


def shown(brain: "Brain", batch_id: UUID, *, as_json: bool) -> None:
    """Show a batch that was named in place of a run."""
    _print(brain.show_batch(batch_id), as_json=as_json)


def _seen_through(brain: "Brain", batch_id: UUID, *, as_json: bool) -> "BatchRun":
    """The batch at rest, shown as it goes; Ctrl-C ends it."""
    from brain.cli import live
    from brain.errors import ServiceError
    from brain.runs import short_id

    try:
        with live.view("off" if as_json else brain.settings.brain_progress) as view:
            for event in brain.watch(str(batch_id)):
                view.show(event)
            return brain.wait_batch(batch_id)
    except KeyboardInterrupt:
        brain.cancel(str(batch_id))
        brain.wait_batch(batch_id)
        live.note(f"Cancelled. What was done is kept; to go on: brain batch {short_id(batch_id)} --resume")
        raise typer.Exit(CANCELLED) from None
    except ServiceError as exc:
        exc.exit_code = FAILED  # not that of a service without which no batch is begun
        raise


def _finish(done: "BatchRun", table: Path | None, *, as_json: bool | None, overwrite: bool = False) -> None:
    """Print how a batch ended (as_json None: nothing), and end with its exit code."""
    from brain.runs import RunStatus

    if as_json is not None:
        _print(done, as_json=as_json)
    if table is not None:
        done.save_table(table, overwrite=overwrite)
    codes = {RunStatus.SUCCEEDED: 0, RunStatus.CANCELLED: CANCELLED}
    if code := codes.get(done.status, FAILED):
        raise typer.Exit(code)


def _print(done: "BatchRun", *, as_json: bool) -> None:
    from brain.cli import render
    from brain.cli.screen import print_json

    print_json(done.to_json()) if as_json else render.batch(done)
