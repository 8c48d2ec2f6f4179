"""Commands that evaluate: `eval` (run, list, show, compare; without one of these words `run` is meant) and judge."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brain.cli import CANCELLED
from brain.cli.groups import RunByDefault
from brain.cli.options import AsJson, Limit, NoCache, Overwrite, Project, RunArgument, Tools, Yes, open_brain

if TYPE_CHECKING:
    from brain.cli.evaluation_views import SuiteProgress
    from brain.evaluator import SuiteRun
    from brain.session import Brain

__all__ = ["evaluation", "judge"]

FAILED, NOT_PASSED = 1, 5
SUITE_COLUMNS = ["id", "created_at", "suite", "score", "passed", "cases", "seconds", "plan_only", "model", "planner"]
WRITERS = (".csv", ".json")


evaluation = typer.Typer(
    cls=RunByDefault,
    no_args_is_help=True,
    help="Evaluate a suite of requests with what is expected of them, and compare. Without a command: run.",
)

Which = Annotated[str, typer.Argument(help="An evaluation: the end or beginning of its id, or `last`.")]


@evaluation.command(epilog="Example: brain eval run suite.yaml --plan-only --compare last")
def run(
    suite: Annotated[Path, typer.Argument(help="A suite in YAML or JSON.", show_default=False)],
    *,
    case: Annotated[
        list[str] | None, typer.Option("--case", "-k", help="Only the case of this name. Repeatable.")
    ] = None,
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Look at plans alone; nothing is run.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Cases at the same time.")] = 4,
    judged: Annotated[bool, typer.Option("--judge", help="Have the chat model rate the answers as well.")] = False,
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare",
            help="Show what changed since this evaluation: its id, or `last` of the suite, with --plan-only of plans.",
        ),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score", min=0, max=1, help="End well where so large a share of the cases passed, not only all."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the results here, as .csv or .json.")] = None,
    overwrite: Overwrite = False,
    yes: Yes = False,
    no_cache: NoCache = False,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a suite: plan and run its requests, and hold them against what is expected."""
    from brain.cli import evaluation_views as views
    from brain.evaluator import Comparison, read_suite

    read = read_suite(suite)
    _look(out, overwrite=overwrite)
    with open_brain(project, tools) as brain:
        before = None if compare is None else brain.evaluation(compare, suite=read.name, plan_only=plan_only)
        options = {"plan_only": plan_only, "jobs": jobs, "judge": judged, "yes": yes, "use_cache": not no_cache}
        progress = views.progress("off" if as_json else brain.settings.brain_progress, len(case or read.cases))
        done = _evaluated(brain, suite, progress, cases=case or (), **options)
    if before is None:
        views.suite_run(done, as_json=as_json)
    else:
        views.comparison(Comparison(before.only(case) if case else before, done), as_json=as_json)
    _save(done, out, overwrite=overwrite)
    is_enough = done.passed == done.wanted if min_score is None else done.score >= min_score
    if not is_enough:
        raise typer.Exit(NOT_PASSED)


def _evaluated(brain: "Brain", suite: Path, progress: "SuiteProgress", **options: Any) -> "SuiteRun":
    """The evaluation, shown as it goes; Ctrl-C cancels what runs and keeps the cases that were done."""
    from brain.cli import live
    from brain.errors import ServiceError

    try:
        with progress:
            return brain.eval(suite, on_case=progress.show, **options)
    except KeyboardInterrupt:
        live.note("Cancelled. The cases that were done are kept: brain eval list")
        raise typer.Exit(CANCELLED) from None
    except ServiceError as exc:
        if progress.is_begun:
            exc.exit_code = FAILED  # not that of a service without which no run is begun
        raise


@evaluation.command("list", epilog="Example: brain eval list --suite weather")
def list_(
    *,
    suite: Annotated[str, typer.Option("--suite", help="Only evaluations of the suite of this name.")] = "",
    limit: Limit = 20,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """List evaluations, the newest first."""
    from brain.cli import tables

    with open_brain(project) as brain:
        found = brain.evaluations(suite=suite, limit=limit)
    tables.frame(found, as_json=as_json, columns=SUITE_COLUMNS)


@evaluation.command(epilog="Example: brain eval show last")
def show(
    which: Which = "last",
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the results here, as .csv or .json.")] = None,
    overwrite: Overwrite = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Show an evaluation again."""
    from brain.cli import evaluation_views as views

    _look(out, overwrite=overwrite)
    with open_brain(project) as brain:
        found = brain.evaluation(which)
    views.suite_run(found, as_json=as_json)
    _save(found, out, overwrite=overwrite)


@evaluation.command(epilog="Example: brain eval compare 1a2b3c4d last")
def compare(before: Which, after: Which = "last", *, project: Project = None, as_json: AsJson = False) -> None:
    """Show two evaluations side by side: what got better, what got worse, and what else differs."""
    from brain.cli import evaluation_views as views

    with open_brain(project) as brain:
        found = brain.compare(before, after)
    views.comparison(found, as_json=as_json)


def judge(
    run: RunArgument = "last",
    *,
    rubric: Annotated[str, typer.Option("--rubric", help="What to look at beside the rubric that there is.")] = "",
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Have the chat model rate the answer of a run by a rubric; the score by checks stays as it is."""
    from brain.cli import evaluation_views as views
    from brain.cli.live import waiting

    with open_brain(project) as brain, waiting("Judging"):
        found = brain.judge(run, rubric=rubric)
    views.judgement(found, as_json=as_json)


def _look(out: Path | None, *, overwrite: bool) -> None:
    """Raise UsageError before anything is done where the results could not be written."""
    from brain.cli import saving
    from brain.errors import UsageError

    if out is None:
        return
    if out.suffix not in WRITERS:
        raise UsageError(f"--out takes a file that ends in {' or '.join(WRITERS)}, not {out.name}.")
    saving.look(out, "case," if out.suffix == ".csv" else "{", overwrite=overwrite)


def _save(done: "SuiteRun", out: Path | None, *, overwrite: bool) -> None:
    from brain.cli import saving
    from brain.cli.screen import json_text

    if out is not None:
        csv = out.suffix == ".csv"
        text = done.frame.to_csv(index=False) if csv else json_text(done.to_json(), indent=2) + "\n"
        saving.write([(out, text)], overwrite=overwrite)
