"""Verbs that look, find, rate and hand on: runs, show, steps, search, sql, export, rate, judge, tools, status."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from brain.errors import UsageError
from brain.notebook.arguments import Parser
from brain.notebook.listings import Services, Tools
from brain.notebook.variables import in_sql
from brain.notebook.verbs.call import Call, Verb
from brain.runs import RunStatus

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from brain.evaluator import Judgement
    from brain.session import Run
    from brain.session.batching.result import BatchRun

__all__ = ["LOOKING", "add_run"]


def add_run(parser: Parser) -> None:
    """The run that a verb is about."""
    parser.add_argument(
        "run", nargs="?", default="last", help="the end or beginning of a run's id, a variable that holds one, or last"
    )


def _runs_takes(parser: Parser) -> None:
    parser.add_argument(
        "--status", choices=list(RunStatus), metavar="STATUS", help=f"only those that are {', '.join(RunStatus)}"
    )
    parser.add_argument("--text", default="", help="only those with this text in the request or name")
    parser.add_argument("--since", metavar="TIME", help="only those from then on, in local time: 2026-11-01")
    parser.add_argument("--limit", "-n", type=int, default=1000, help="rows at the most (1000)")


def _runs(call: Call) -> "pd.DataFrame":
    options = call.options
    return call.brain.runs(
        status=options.status, text=options.text, since=_time(options.since), limit=_at_least_one(options.limit)
    )


def _show(call: Call) -> "Run | BatchRun":
    named = call.named(call.options.run)
    if (batch_id := call.brain.find_batch(named)) is not None:
        return call.brain.show_batch(batch_id)
    return call.brain.show(named)


def _steps_takes(parser: Parser) -> None:
    parser.add_argument("run", nargs="?", help="a run; without one the steps of all, the newest first")
    parser.add_argument("--items", action="store_true", help="the items of foreach steps too")
    parser.add_argument("--limit", "-n", type=int, default=10_000, help="rows at the most (10000)")


def _steps(call: Call) -> "pd.DataFrame":
    options = call.options
    run = None if options.run is None else call.named(options.run)
    return call.brain.steps(run, items=options.items, limit=_at_least_one(options.limit))


def _search_takes(parser: Parser) -> None:
    parser.add_argument("text", nargs="*", help="what the runs were about, in plain words")
    parser.add_argument("--limit", "-n", type=int, default=10, help="rows at the most (10)")


def _search(call: Call) -> "pd.DataFrame":
    text, _ = call.text(call.options.text)
    return call.brain.search(text, limit=_at_least_one(call.options.limit))


def _sql_takes(parser: Parser) -> None:
    parser.add_argument("query", nargs="*", help="one SELECT statement, in quotation marks")


def _sql(call: Call) -> "pd.DataFrame":
    query, _ = call.text(call.options.query)
    return call.brain.sql(query)


def _export_takes(parser: Parser) -> None:
    parser.add_argument("source", help="a run, a pipeline file, or a variable that holds a run, a plan or a pipeline")
    parser.add_argument(
        "notebook", nargs="?", help="the file to write, NAME.ipynb; without it named after the pipeline"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that holds something else")


def _export(call: Call) -> "Path":
    options = call.options
    return call.brain.export(call.named(options.source), options.notebook, overwrite=options.overwrite)


def _rate_takes(parser: Parser) -> None:
    parser.add_argument("run", help="a run")
    parser.add_argument("stars", type=int, choices=range(1, 6), metavar="STARS", help="1 (bad) to 5 (good)")
    parser.add_argument("--comment", "-c", default="", help="why")


def _rate(call: Call) -> None:
    call.brain.rate(call.named(call.options.run), call.options.stars, call.options.comment)


def _judge_takes(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument("--rubric", default="", help="what counts, in plain words")


def _judge(call: Call) -> "Judgement":
    return call.brain.judge(call.named(call.options.run), rubric=call.options.rubric)


def _tools_takes(parser: Parser) -> None:
    parser.add_argument("query", nargs="*", help="what the tool should do; without it all are listed")
    parser.add_argument("--limit", "-n", type=int, help="tools at the most")


def _tools(call: Call) -> Tools:
    limit = None if call.options.limit is None else _at_least_one(call.options.limit)
    return Tools(call.brain.tools(" ".join(call.options.query), limit=limit))


def _status(call: Call) -> Services:
    from brain.session import health

    return Services(health.service_status(call.brain.settings))


def _nothing(_parser: Parser) -> None:
    """It takes nothing."""


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--since takes a day or a time, as in 2026-11-01 or 2026-11-01T09:30, not {text!r}."
        ) from None


def _at_least_one(limit: Any) -> int:
    if limit < 1:
        raise UsageError(f"--limit takes a number from 1 on, not {limit}.")
    return int(limit)


LOOKING = (
    Verb("runs", "List past and present runs, the newest first, as a DataFrame.", _runs_takes, _runs),
    Verb("show", "Show a run: its answer, its results and its steps; or a batch and its sets.", add_run, _show),
    Verb("steps", "List the steps of runs as a DataFrame.", _steps_takes, _steps),
    Verb("search", "Find past runs by what they mean, as a DataFrame.", _search_takes, _search, body="text"),
    Verb(
        "sql",
        "Ask the knowledge base in SQL (read-only), as a DataFrame.",
        _sql_takes,
        _sql,
        body="query",
        writes=in_sql,
    ),
    Verb("export", "Write a run, a plan or a pipeline as a notebook with a cell a step.", _export_takes, _export),
    Verb("rate", "Say how good a run was.", _rate_takes, _rate),
    Verb("judge", "Have the chat model rate the answer of a run.", _judge_takes, _judge),
    Verb("tools", "List the tools, or find those that fit.", _tools_takes, _tools),
    Verb("status", "Show the embedded services of the project.", _nothing, _status),
)
