"""Commands that plan, run and go on: plan, ask, run, approve, answer, resume."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from brain.cli import CANCELLED, batches
from brain.cli.options import (
    Answers,
    AsJson,
    Budget,
    ChangedInputs,
    ChangedPipeline,
    Deadline,
    DryRun,
    Executor,
    InputOptions,
    LargerBudget,
    LaterDeadline,
    NoCache,
    Overwrite,
    Project,
    RetrySteps,
    RunArgument,
    SkipSteps,
    Tools,
    Yes,
    agrees,
    open_brain,
    read_inputs,
    somebody_is_there,
)

if TYPE_CHECKING:
    from brain.cli.live import View
    from brain.intent_inference.plan import Plan
    from brain.session import Brain, Order, Run

__all__ = ["answer", "approve", "ask", "begin", "finish", "follow", "plan", "resume", "run"]

FAILED, WAITING = 1, 4

Request = Annotated[str, typer.Argument(help="What you want, in plain words.", show_default=False)]
PipelineFile = Annotated[Path, typer.Argument(help="A pipeline in YAML or JSON.", show_default=False)]


def plan(
    request: Annotated[str, typer.Argument(help="What you want, in plain words.", show_default=False)] = "",
    *,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A pipeline in YAML or JSON to look at, in place of a request.")
    ] = None,
    requests: Annotated[
        Path | None,
        typer.Option(
            "--requests",
            help="Plan many requests, a line of JSON each: {id, request, tools}, where tools are the names that may be "
            "used. Prints a line of JSON each: plan, provenance, questions, or why there is none.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Of many requests so many at once.")] = 4,
    answers: Answers = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the pipeline here, for `brain run`.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw the pipeline here.")] = None,
    overwrite: Overwrite = False,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Show what would be done about a request, and what that would touch and take, without doing it."""
    from brain.cli import questions, render, saving
    from brain.pipeline_builder.draw import draw

    if requests is not None:
        _many(requests, jobs, project, tools, alone=not (request or file or answers or out or svg))
        return
    for path, begins in ((out, "version: "), (svg, "<svg")):
        if path is not None:
            saving.look(path, begins, overwrite=overwrite)
    said = questions.read_answers(answers)
    with open_brain(project, tools) as brain:
        if file is None:
            made = _planned(brain, request, said, _place(project, tools), as_json=as_json)
        else:
            made = _looked_at(brain, file, request)
    render.plan(made, as_json=as_json)
    texts = [] if out is None else [(out, made.spec.to_yaml())]
    texts += [] if svg is None else [(svg, draw(made.pipeline))]
    saving.write(texts, overwrite=overwrite)


def _many(file: Path, jobs: int, project: Path | None, tools: Path | None, *, alone: bool) -> None:
    """A line of JSON for each request as soon as it and those before it are planned."""
    from brain.cli import live
    from brain.cli.screen import json_text
    from brain.errors import UsageError
    from brain.session.planning import read_requests

    if not alone:
        raise UsageError("--requests stands alone: give no request, --file, --answer, --out or --svg beside it.")
    asked = read_requests(file)
    with open_brain(project, tools) as brain, live.counting("Planning", len(asked)) as done:
        for outcome in brain.plan_each(asked, jobs=jobs):
            sys.stdout.write(f"{json_text(outcome.to_json())}\n")
            sys.stdout.flush()
            done()


def _planned(brain: "Brain", request: str, answers: dict[str, Any], place: list[str], *, as_json: bool) -> "Plan":
    """The plan, once a person has said all that it needs; where nobody is asked, the questions end the command."""
    from brain.cli import live, questions
    from brain.errors import QuestionsError

    while True:
        try:
            with live.planning() as tell:
                return brain.plan(request, answers=answers, tell=tell)
        except QuestionsError as exc:
            asked = exc.questions
        if as_json or not somebody_is_there():
            names = {question.name for question in asked}
            known = [f"{name}={value}" for name, value in answers.items() if name not in names]
            given = [part for said in known for part in ("--answer", said)]
            line = questions.command(["brain", "plan", request, *place, *given], asked, "--answer")
            questions.print_questions(asked, line, as_json=as_json)
            raise typer.Exit(WAITING)
        answers = {**answers, **questions.ask(asked)}


def _place(project: Path | None, tools: Path | None) -> list[str]:
    """The options that say where a command works, to be written again."""
    given = (("--project", project), ("--tools", tools))
    return [part for option, path in given if path is not None for part in (option, str(path))]


def _looked_at(brain: "Brain", file: Path, request: str) -> "Plan":
    """A pipeline that a person wrote, as a plan."""
    from brain.errors import UsageError
    from brain.intent_inference.plan import Plan

    if request:
        raise UsageError("Give a request or --file, not both.")
    return Plan(brain.check(file), planner="", preflight=brain.preflight(file))


def ask(
    request: Request,
    *,
    answers: Answers = None,
    yes: Yes = False,
    no_cache: NoCache = False,
    budget: Budget = None,
    deadline: Deadline = None,
    executor: Executor = None,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Plan, run and answer a request."""
    from brain.cli import questions
    from brain.session import Order, as_budget, as_deadline

    may, until, said = as_budget(budget), as_deadline(deadline), questions.read_answers(answers)
    with open_brain(project, tools, executor) as brain:
        order = Order(
            request=request, yes=yes, source="cli", use_cache=not no_cache, budget=may, deadline=until, answers=said
        )
        begin(brain, order, as_json=as_json)


def run(
    pipeline: PipelineFile,
    *,
    inputs: InputOptions = None,
    yes: Yes = False,
    no_cache: NoCache = False,
    budget: Budget = None,
    deadline: Deadline = None,
    executor: Executor = None,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Run a pipeline that is written down."""
    from brain.pipeline_builder.spec import read_spec
    from brain.session import Order, as_budget, as_deadline

    may, until = as_budget(budget), as_deadline(deadline)
    with open_brain(project, tools, executor) as brain:
        order = Order(
            spec=read_spec(pipeline), inputs=read_inputs(inputs), yes=yes, source="cli", use_cache=not no_cache,
            budget=may, deadline=until,
        )  # fmt: skip
        begin(brain, order, as_json=as_json)


def resume(
    run: RunArgument,
    *,
    pipeline: ChangedPipeline = None,
    inputs: ChangedInputs = None,
    budget: LargerBudget = None,
    deadline: LaterDeadline = None,
    retry_steps: RetrySteps = None,
    skip_steps: SkipSteps = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    no_cache: NoCache = False,
    executor: Executor = None,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that failed, was cancelled or interrupted; what is finished is not done again."""
    from brain.cli import live, render
    from brain.session import as_budget, as_deadline

    may, until = as_budget(budget), as_deadline(deadline)
    wanted: dict[str, Any] = {
        "pipeline": pipeline, "inputs": read_inputs(inputs), "retry_steps": retry_steps or (),
        "skip_steps": skip_steps or (),
    }  # fmt: skip
    with open_brain(project, tools, executor) as brain:
        if (batch_id := brain.find_batch(run)) is not None:
            batches.carried_on(brain, batch_id, as_json=as_json)
            return
        before = brain.show(run)
        foreseen = brain.foresee(before, **wanted)
        if dry_run:
            render.foresight(before, foreseen, as_json=as_json)
            return
        run_id = brain.start_resumed(
            before, budget=may, deadline=until, yes=yes, use_cache=not no_cache, source="cli", **wanted
        )
        if foreseen.summary:
            live.note(foreseen.summary)
        follow(brain, run_id, as_json=as_json, attempt=1 if foreseen.is_new_run else before.attempt + 1)


def approve(
    run: RunArgument,
    *,
    yes: Yes = False,
    executor: Executor = None,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Allow what a waiting run waits for, and go on with it."""
    with open_brain(project, tools, executor) as brain:
        waiting = brain.show(run)
        if waiting.waiting_for and not yes:
            _ask_for_approval(waiting)
        follow(brain, brain.start_approved(waiting), as_json=as_json, attempt=waiting.attempt + 1)


def answer(
    run: RunArgument,
    answers: Annotated[
        list[str] | None,
        typer.Argument(help="Each answer as name=value; without any, a person at the terminal is asked."),
    ] = None,
    *,
    yes: Yes = False,
    no_cache: NoCache = False,
    executor: Executor = None,
    project: Project = None,
    tools: Tools = None,
    as_json: AsJson = False,
) -> None:
    """Answer the questions that a run waits with, and go on with it."""
    from brain.cli import questions

    said: dict[str, Any] = dict(questions.read_answers(answers, "brain answer"))
    with open_brain(project, tools, executor) as brain:
        waiting = brain.show(run)
        if waiting.questions and not said and somebody_is_there() and not as_json:
            said = _ask_for_answers(waiting)
        started = brain.start_answered(waiting, said, yes=yes, use_cache=not no_cache)
        follow(brain, started, as_json=as_json, attempt=waiting.attempt + 1)


def begin(brain: "Brain", order: "Order", *, as_json: bool) -> None:
    """Start what is wanted and see it through; Ctrl-C cancels it."""
    follow(brain, brain.start(order), as_json=as_json, yes=order.yes, use_cache=order.use_cache)


def follow(
    brain: "Brain", run_id: UUID, *, as_json: bool, attempt: int = 1, yes: bool = False, use_cache: bool = True
) -> None:
    """Show a run of this process live, ask where it waits, print how it ended; Ctrl-C cancels it."""
    from brain.cli import live
    from brain.errors import ServiceError
    from brain.runs import short_id

    try:
        progress = "off" if as_json else brain.settings.brain_progress
        with live.view(progress, attempt=attempt) as view:
            _see_through(brain, run_id, view)
        ended = brain.show(run_id)
    except KeyboardInterrupt:
        live.note(f"Cancelled. What was done is kept: brain show {short_id(run_id)}")
        raise typer.Exit(CANCELLED) from None
    except ServiceError as exc:
        exc.exit_code = FAILED  # not that of a service without which no run is begun
        raise
    if ended.questions and not as_json and somebody_is_there():
        answered = brain.start_answered(ended, _ask_for_answers(ended), yes=yes, use_cache=use_cache)
        follow(brain, answered, as_json=as_json, attempt=ended.attempt + 1, yes=yes, use_cache=use_cache)
    elif ended.waiting_for and not as_json and somebody_is_there():
        _ask_for_approval(ended)
        follow(brain, brain.start_approved(ended), as_json=as_json, attempt=ended.attempt + 1)
    else:
        finish(ended, as_json=as_json)


def _see_through(brain: "Brain", run_id: UUID, view: "View") -> None:
    """Show a run until it comes to rest; an interrupt is raised once the run has been seen to end by it."""
    seen = 0
    try:
        for event in brain.watch(run_id):
            view.show(event)
            seen = event.seq
        brain.wait(run_id)
    except KeyboardInterrupt:
        brain.cancel(run_id)
        brain.wait(run_id)
        for event in brain.watch(run_id, after=seen):
            view.show(event)
        raise


def _ask_for_answers(run: "Run") -> dict[str, Any]:
    """What a person at the terminal answers; one who leaves lets the run wait."""
    from brain.cli import live, questions

    try:
        return questions.ask(run.questions)
    except KeyboardInterrupt:
        live.note(f"The run {run.id} still {run.waits}")
        raise typer.Exit(WAITING) from None


def _ask_for_approval(run: "Run") -> None:
    """Return where a person at a terminal allows what a run waits for; nobody there means no."""
    from brain.cli import live, render

    if somebody_is_there():
        render.approvals(run)
        if agrees("Run these steps?"):
            return
    live.note(f"The run {run.id} still waits; without a question: brain approve {run.id} --yes")
    raise typer.Exit(WAITING)


def finish(run: "Run", *, as_json: bool | None) -> None:
    """Print how a run ended (as_json None: only what went wrong), and end with its exit code."""
    from brain.cli import live, render
    from brain.runs import RunStatus

    if as_json is not None:
        render.run(run, as_json=as_json)
    if as_json is not False and run.status is RunStatus.WAITING:
        live.note(f"brain: the run {run.id} {run.waits}")
    elif as_json is not False and run.status is not RunStatus.SUCCEEDED:
        live.note(f"brain: the run {run.id} is {run.status}" + (f": {run.error}" if run.error else "."))
    codes = {RunStatus.SUCCEEDED: 0, RunStatus.WAITING: WAITING, RunStatus.CANCELLED: CANCELLED}
    if code := codes.get(run.status, FAILED):
        raise typer.Exit(code)
