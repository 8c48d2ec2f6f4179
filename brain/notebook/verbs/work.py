"""Verbs that plan, run and steer: ask, plan, pipeline, run, call, watch, approve, answer, resume, cancel."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from brain.errors import UsageError
from brain.named_values import named_values
from brain.notebook.arguments import Parser
from brain.notebook.following import follow, follow_batch, follow_other
from brain.notebook.variables import in_pipeline
from brain.notebook.verbs.batches import carried_on
from brain.notebook.verbs.call import Call, Verb
from brain.notebook.verbs.looking import add_run
from brain.pipeline_builder.spec import PipelineSpec

if TYPE_CHECKING:
    from brain.executor.foresight import Foresight
    from brain.intent_inference.plan import Plan
    from brain.runs import RunStatus

__all__ = ["WORK"]

SOURCE = "notebook"


def _add_answers(parser: Parser) -> None:
    parser.add_argument(
        "--answer", "-a", action="append", metavar="NAME=VALUE", help="an answer to a question about the request"
    )


def _add_execution(parser: Parser) -> None:
    _add_calling(parser)
    _add_place(parser)


def _add_calling(parser: Parser) -> None:
    parser.add_argument("--yes", "-y", action="store_true", help="run tools that change something without asking")
    parser.add_argument("--no-cache", action="store_true", help="make every call, also where a step says `cache`")


def _add_executor(parser: Parser) -> None:
    parser.add_argument("--executor", choices=("local", "dask"), help="where tools are called (BRAIN_EXECUTOR)")


def _add_place(parser: Parser) -> None:
    _add_executor(parser)
    parser.add_argument(
        "--background",
        "-b",
        action="store_true",
        help="do not wait: the bars go on moving beside the cells that follow",
    )


def _add_bounds(parser: Parser) -> None:
    parser.add_argument(
        "--budget",
        help="what it may spend on the chat model: 0.50 (US dollars), '20000 tokens', both with a comma, none",
    )
    parser.add_argument("--deadline", help="how long it may take: a number and s, m, h or d, or none")


def _ask_takes(parser: Parser) -> None:
    parser.add_argument("request", nargs="*", help="what you want, in plain words")
    _add_answers(parser)
    _add_bounds(parser)
    _add_execution(parser)


def _ask(call: Call) -> Any:
    request, tables = call.text(call.options.request)
    return _begun(call, request=request, inputs=tables, answers=named_values(call.options.answer, "--answer"))


def _plan_takes(parser: Parser) -> None:
    parser.add_argument("request", nargs="*", help="what you want, in plain words")
    _add_answers(parser)


def _plan(call: Call) -> "Plan":
    request, tables = call.text(call.options.request)
    return call.brain.plan(request, answers=named_values(call.options.answer, "--answer"), **tables)


def _pipeline_takes(parser: Parser) -> None:
    parser.add_argument("pipeline", nargs="?", help="a file, or a variable that holds one")


def _pipeline(call: Call) -> "Plan":
    from brain.intent_inference.plan import Plan

    spec, _ = _spec(call)
    return Plan(call.brain.check(spec), planner="", preflight=call.brain.preflight(spec))


def _run_takes(parser: Parser) -> None:
    parser.add_argument("pipeline", nargs="?", help="a file, or a variable that holds a plan, a pipeline or a mapping")
    _add_inputs(parser)
    _add_bounds(parser)
    _add_execution(parser)


def _add_inputs(parser: Parser) -> None:
    parser.add_argument(
        "--input", "-i", action="append", metavar="NAME=VALUE", help="an input: JSON, text, or {{variable}}"
    )


def _run(call: Call) -> Any:
    spec, tables = _spec(call)
    return _begun(call, spec=spec, inputs={**tables, **_inputs(call)})


def _spec(call: Call) -> tuple[PipelineSpec, Mapping[str, Any]]:
    """The pipeline, and the tables that the cell names."""
    from brain.session.given import as_spec

    if call.body is not None:
        if call.options.pipeline is not None:
            raise UsageError("Give the pipeline in the line or in the cell, not both.")
        spec = PipelineSpec.from_text(f"{call.body}\n")
        missing = {name: {"type": "object", "format": "table"} for name in call.tables if name not in spec.inputs}
        return spec.model_copy(update={"inputs": {**spec.inputs, **missing}}), call.tables
    if call.options.pipeline is None:
        raise UsageError(f"Which pipeline? Write it in the cell below %%brain {call.verb.name}, or name a file.")
    return as_spec(call.named(call.options.pipeline)), {}


def _inputs(call: Call) -> dict[str, Any]:
    return {name: call.value(text) for name, text in named_values(call.options.input, "--input").items()}


def _begun(call: Call, **wanted: Any) -> Any:
    from brain.session import Order, as_budget, as_deadline

    options = call.options
    order: Order = Order(
        yes=options.yes, source=SOURCE, use_cache=not options.no_cache, budget=as_budget(options.budget),
        deadline=as_deadline(options.deadline), **wanted,
    )  # fmt: skip
    return _followed(call, lambda: call.brain.start(order))


def _followed(call: Call, begin: Callable[[], UUID], attempt: int = 1) -> Any:
    return follow(call.kernel, call.brain, begin, attempt=attempt, is_background=call.options.background)


def _call_takes(parser: Parser) -> None:
    parser.add_argument("tool", help="its name")
    parser.add_argument(
        "arguments", nargs="*", metavar="NAME=VALUE", help="each argument: JSON, text, or {{variable}}, tables too"
    )
    _add_bounds(parser)
    _add_calling(parser)
    _add_executor(parser)


def _call(call: Call) -> Any:
    from brain.notebook.steps import made_call

    options = call.options
    given = named_values(options.arguments, f"%brain call {options.tool}")
    arguments = {name: call.value(text) for name, text in given.items()}
    return made_call(
        call.kernel, options.tool, arguments, executor=options.executor,
        options={
            "yes": options.yes, "use_cache": not options.no_cache, "budget": options.budget,
            "deadline": options.deadline,
        },
    )  # fmt: skip


def _watch_takes(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--background",
        "-b",
        action="store_true",
        help="do not wait: the bars go on moving beside the cells that follow",
    )


def _watch(call: Call) -> Any:
    named = call.named(call.options.run)
    if (batch_id := call.brain.find_batch(named)) is not None:
        return follow_batch(
            call.kernel, call.brain, lambda: batch_id, is_background=call.options.background, is_ours=False
        )
    run_id = call.brain.resolve(named)
    return follow_other(call.kernel, call.brain, run_id, is_background=call.options.background)


def _approve_takes(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument("--yes", "-y", action="store_true", help="as at a shell; here the line itself is the word")
    _add_place(parser)


def _approve(call: Call) -> Any:
    waiting = call.brain.show(call.named(call.options.run))
    return _followed(call, lambda: call.brain.start_approved(waiting), waiting.attempt + 1)


def _answer_takes(parser: Parser) -> None:
    parser.add_argument("run", help="a run that waits for answers")
    parser.add_argument("answers", nargs="*", metavar="NAME=VALUE", help="each answer by the name of its question")
    _add_execution(parser)


def _answer(call: Call) -> Any:
    waiting = call.brain.show(call.named(call.options.run))
    said = {name: call.value(text) for name, text in named_values(call.options.answers, "%brain answer").items()}
    given = {"yes": call.options.yes, "use_cache": not call.options.no_cache}
    return _followed(call, lambda: call.brain.start_answered(waiting, said, **given), waiting.attempt + 1)


def _resume_takes(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--pipeline", help="another pipeline: it goes on as a new run, with what is finished and the same"
    )
    _add_inputs(parser)
    parser.add_argument(
        "--retry-step", action="append", metavar="STEP", help="do it again though its outcome is unknown"
    )
    parser.add_argument("--skip-step", action="append", metavar="STEP", help="leave it, with null for its result")
    parser.add_argument(
        "--dry-run", action="store_true", help="only tell what would be kept and what done again, and why"
    )
    _add_bounds(parser)
    _add_execution(parser)


def _resume(call: Call) -> Any:
    options = call.options
    named = call.named(options.run)
    if (batch_id := call.brain.find_batch(named)) is not None:
        return carried_on(call, str(batch_id))
    before = call.brain.show(named)
    wanted: dict[str, Any] = {
        "pipeline": None if options.pipeline is None else call.named(options.pipeline), "inputs": _inputs(call),
        "retry_steps": options.retry_step or (), "skip_steps": options.skip_step or (),
    }  # fmt: skip
    if options.dry_run:
        return _foresight(call.brain.foresee(before, **wanted))
    wanted |= {
        "budget": options.budget, "deadline": options.deadline, "yes": options.yes, "use_cache": not options.no_cache,
        "source": SOURCE,
    }  # fmt: skip
    is_new = wanted["pipeline"] is not None or bool(wanted["inputs"])
    attempt = 1 if is_new else before.attempt + 1
    return _followed(call, lambda: call.brain.start_resumed(before, **wanted), attempt)


def _foresight(foreseen: "Foresight") -> Any:
    """A row a step."""
    import pandas as pd

    rows = [(step.step_id, step.tool, step.verdict, step.reason) for step in foreseen.steps]
    return pd.DataFrame(rows, columns=["step_id", "tool", "verdict", "reason"])


def _cancel(call: Call) -> "RunStatus":
    return call.brain.cancel(call.named(call.options.run))


WORK = (
    Verb("ask", "Plan, run and answer a request.", _ask_takes, _ask, body="request"),
    Verb("plan", "Show what would be done about a request, without doing it.", _plan_takes, _plan, body="request"),
    Verb(
        "pipeline",
        "Check a pipeline, in YAML or JSON, and show it.",
        _pipeline_takes,
        _pipeline,
        body="pipeline",
        writes=in_pipeline,
    ),
    Verb("run", "Run a pipeline that is written down.", _run_takes, _run, body="pipeline", writes=in_pipeline),
    Verb("call", "Call one tool, and give what it gives.", _call_takes, _call),
    Verb("watch", "Watch a run or a batch, of any process, from its start.", _watch_takes, _watch),
    Verb("approve", "Allow what a waiting run waits for, and go on with it.", _approve_takes, _approve),
    Verb("answer", "Answer the questions that a run waits with.", _answer_takes, _answer),
    Verb("resume", "Go on with a run or a batch that failed, was cancelled or interrupted.", _resume_takes, _resume),
    Verb("cancel", "End a run or a batch, whichever process it is in.", add_run, _cancel),
)
