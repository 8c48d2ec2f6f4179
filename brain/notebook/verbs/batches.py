"""The verb that runs a notebook with many sets of parameters."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from brain.errors import UsageError
from brain.named_values import named_values
from brain.notebook.arguments import Parser
from brain.notebook.following import follow_batch
from brain.notebook.handle import BatchHandle
from brain.notebook.variables import in_pipeline
from brain.notebook.verbs.call import Call, Verb

if TYPE_CHECKING:
    from brain.session.batching.order import BatchOrder

__all__ = ["BATCHES", "carried_on"]

SOURCE = "notebook"


def _takes(parser: Parser) -> None:
    parser.add_argument(
        "notebook", nargs="*",
        help="a notebook with a cell that is tagged `parameters`; with --resume the id of a batch, or nothing for the "
        "newest; list, or show and an id, for the batches that there are",
    )  # fmt: skip
    parser.add_argument(
        "--params", metavar="SETS", help="the sets: a file, a grid, or a variable that holds a DataFrame or a list"
    )
    parser.add_argument("--parameter", "-p", action="append", metavar="NAME=VALUE", help="a parameter of all sets")
    parser.add_argument("--jobs", "-j", type=int, help="notebooks at the same time (one a processor)")
    parser.add_argument("--folder", help="write the notebooks there, or as it names them: reports/{city}-{month}.ipynb")
    parser.add_argument("--table", metavar="FILE", help="write the table there, as .csv or .json")
    parser.add_argument("--retries", type=int, default=0, help="run one that fails so often again (0)")
    parser.add_argument("--timeout", help="how long a notebook may take: seconds, or as in 10m")
    parser.add_argument("--resume", action="store_true", help="go on with the newest batch of these")
    parser.add_argument("--fresh", action="store_true", help="run all, also what an earlier run has the result of")
    parser.add_argument("--limit", "-n", type=int, default=1000, help="of a list: rows at the most (1000)")
    parser.add_argument("--executor", choices=("local", "dask"), help="where notebooks are run (BRAIN_EXECUTOR)")
    parser.add_argument(
        "--background", "-b", action="store_true",
        help="do not wait: the bars go on moving beside the cells that follow",
    )  # fmt: skip


def _batch(call: Call) -> Any:
    match call.options.notebook:
        case ["list"]:
            return call.brain.batches(limit=call.options.limit)
        case ["show"]:
            return call.brain.show_batch()
        case ["show", which]:
            return call.brain.show_batch(call.named(which))
        case [] | [_]:
            return _followed(call, _order(call))
        case more:
            raise UsageError(f"One notebook at a time: which of {', '.join(more)}?")


def carried_on(call: Call, batch_id: str) -> Any:
    """Go on with a batch that was named in place of a run."""
    from brain.session.batching.order import BatchOrder

    return _followed(call, BatchOrder(batch_id, resumes=True, source=SOURCE))


def _followed(call: Call, order: "BatchOrder") -> Any:
    from brain.session.batching.result import look_at_table

    table = getattr(call.options, "table", None)
    if table is not None:
        look_at_table(Path(table))
    done = follow_batch(
        call.kernel, call.brain, lambda: call.brain.start_batch(order), is_background=call.options.background
    )
    if table is not None and not isinstance(done, BatchHandle):
        done.save_table(Path(table))
    return done


def _order(call: Call) -> "BatchOrder":
    from brain.session.batching.order import BatchOrder

    options = call.options
    if call.body is not None and options.params is not None:
        raise UsageError("Give the sets with --params or in the cell, not both.")
    params = f"{call.body}\n" if call.body is not None else options.params and call.named(options.params)
    if options.table is not None and options.background:
        raise UsageError("A batch in the background has no table yet: take --table away, and save .frame later.")
    common = named_values(options.parameter, "--parameter")
    return BatchOrder(
        options.notebook[0] if options.notebook else None, params,
        {name: call.value(text) for name, text in common.items()}, options.folder, options.jobs, options.retries,
        options.timeout, is_fresh=options.fresh, resumes=options.resume, source=SOURCE,
    )  # fmt: skip


BATCHES = Verb(
    "batch", "Run a notebook once for each of many sets of parameters.", _takes, _batch, body="sets of parameters",
    writes=in_pipeline,
)  # fmt: skip
