"""The verb that evaluates a suite."""

import sys
from typing import TYPE_CHECKING

from brain.errors import UsageError
from brain.notebook.arguments import Parser
from brain.notebook.place import Place
from brain.notebook.verbs.call import Call, Verb
from brain.visible import visible

if TYPE_CHECKING:
    from brain.evaluator import SuiteRun
    from brain.evaluator.suite_run import CaseResult

__all__ = ["EVALUATION"]


def _takes(parser: Parser) -> None:
    parser.add_argument("suite", nargs="?", help="a file, or a variable that holds a suite")
    parser.add_argument("--case", "-k", action="append", metavar="NAME", help="only the case of this name")
    parser.add_argument("--plan-only", action="store_true", help="look at plans alone; nothing is run")
    parser.add_argument("--jobs", "-j", type=int, default=4, help="cases at the same time (4)")
    parser.add_argument("--judge", action="store_true", help="have the chat model rate the answers as well")
    parser.add_argument("--yes", "-y", action="store_true", help="run tools that change something without asking")
    parser.add_argument("--no-cache", action="store_true", help="make every call, also where a step says `cache`")


def _evaluated(call: Call) -> "SuiteRun":
    options = call.options
    if (call.body is None) == (options.suite is None):
        raise UsageError("Which suite? Name a file, or write it in the cell below %%brain eval; not both.")
    suite = f"{call.body}\n" if call.body is not None else call.named(options.suite)
    return call.brain.eval(
        suite, cases=options.case or (), plan_only=options.plan_only, jobs=options.jobs, judge=options.judge,
        yes=options.yes, use_cache=not options.no_cache, on_case=_Cases(has_person=call.kernel.has_person).show,
    )  # fmt: skip


class _Cases:
    """A line a case: the latest in place where somebody looks, all of them in logs."""

    def __init__(self, *, has_person: bool) -> None:
        self._place = Place() if has_person else None

    def show(self, case: "CaseResult", done: int, of: int) -> None:
        """A case is done; told on another thread than that of the cell."""
        line = visible(f"{done}/{of}  {'✓' if case.passed else '✗'} {case.name}  {case.outcome} {case.seconds:.1f} s")
        if self._place is None:
            sys.stdout.write(f"{line}\n")
        else:
            from markupsafe import escape

            self._place.show_html(str(escape(line)), line)


EVALUATION = Verb(
    "eval", "Evaluate a suite of requests with what is expected of them.", _takes, _evaluated, body="suite"
)
