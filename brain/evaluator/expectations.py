"""Holds what became of a case against what its suite expects: one finding for each thing that is expected."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import jmespath
from jmespath.exceptions import JMESPathError

from brain.evaluator.assertions import Assertion
from brain.evaluator.attempt import Attempt, Call
from brain.evaluator.suite import ANY_OUTPUT, Expectation, OutputExpected, ToolsExpected
from brain.nearest import did_you_mean
from brain.runs import Json, RunStatus

__all__ = ["Finding", "findings"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was expected, and what is wrong with it."""

    what: str
    """Where it stands under `expect`, as in `outputs.table.row_count`; `succeeds` and `is_planned` need not be said."""
    wrong: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it is as it was expected."""
        return not self.wrong

    def __str__(self) -> str:
        return f"{self.what} {'; '.join(self.wrong)}" if self.wrong else self.what


def findings(expected: Expectation, attempt: Attempt, *, plan_only: bool) -> Iterator[Finding]:
    """What is expected, one by one, with what does not hold; of a plan alone only what shows in it."""
    yield _ending(expected, attempt, plan_only=plan_only)
    if expected.tools is not None:
        yield Finding("tools", tuple(_tools(expected.tools, [call.tool for call in attempt.calls])))
    for tool, wanted in expected.arguments.items():
        calls = [call for call in attempt.calls if call.tool == tool]
        yield from _arguments(tool, wanted, calls)
    if not plan_only:
        for name, output in expected.outputs.items():
            yield from _output(name, output, attempt.outputs)
        yield from _single("answer", expected.answer, attempt.answer)
        yield from _single("score", expected.score, attempt.score)


def _ending(expected: Expectation, attempt: Attempt, *, plan_only: bool) -> Finding:
    """How it had to end."""
    if expected.declined is not None:
        return _ended("declined", expected.declined, attempt.declined, attempt)
    if expected.questions is not None:
        return _ended("questions", expected.questions, "\n".join(attempt.questions) or None, attempt)
    if plan_only:
        return Finding("is_planned", () if attempt.spec is not None else (f"does not hold: {_told(attempt)}",))
    if expected.error is not None:
        failed = attempt.error if attempt.status is RunStatus.FAILED else None
        return _ended("error", expected.error, failed, attempt)
    succeeded = attempt.status is RunStatus.SUCCEEDED
    return Finding("succeeds", () if succeeded else (f"does not hold: {_told(attempt)}",))


def _ended(what: str, expected: Assertion, said: str | None, attempt: Attempt) -> Finding:
    if said is None:
        return Finding(what, (f"is not what came: {_told(attempt)}",))
    return Finding(what, tuple(expected.misfits(said)))


def _told(attempt: Attempt) -> str:
    """What came instead, in words."""
    if attempt.questions:
        return f"it asks: {' '.join(attempt.questions)}"
    if attempt.declined is not None:
        return f"it was declined: {attempt.declined}"
    if attempt.status is None:
        return attempt.error or "there is a plan"
    return f"the run is {attempt.status}{f': {attempt.error}' if attempt.error else ''}"


def _tools(expected: ToolsExpected, used: Sequence[str]) -> Iterator[str]:
    wanted = Counter(expected.exactly if expected.exactly is not None else used)
    if missing := [*(wanted - Counter(used)).elements(), *(tool for tool in expected.all if tool not in used)]:
        yield f"lack {', '.join(missing)}"
    if others := (Counter(used) - wanted).elements():
        yield from (f"have {tool} as well" for tool in others)
    if expected.any and not set(expected.any) & set(used):
        yield f"have none of {', '.join(expected.any)}"
    if unwanted := [tool for tool in expected.none if tool in used]:
        yield f"have {', '.join(unwanted)}, which should not be there"


def _arguments(tool: str, wanted: Sequence[Mapping[str, Assertion]], calls: Sequence[Call]) -> Iterator[Finding]:
    """Each mapping is for another step: the one of those that are left that fits it best."""
    left = list(calls)
    for number, arguments in enumerate(wanted, start=1):
        which = f"arguments.{tool}" if len(wanted) == 1 else f"arguments.{tool}[{number}]"
        if not left:
            yield from (Finding(f"{which}.{name}", ("has no step left to stand in",)) for name in arguments)
            continue
        best = min(left, key=lambda call: sum(map(bool, _misfits(call, arguments).values())))
        left.remove(best)
        yield from (Finding(f"{which}.{name}", wrong) for name, wrong in _misfits(best, arguments).items())


def _misfits(call: Call, wanted: Mapping[str, Assertion]) -> dict[str, tuple[str, ...]]:
    """By argument what is wrong with it: as it is written, unless it is right as it was filled in."""
    found = {}
    for name, assertion in wanted.items():
        wrong = tuple(assertion.misfits(call.written.get(name)))
        if wrong and name in call.filled_in and not any(assertion.misfits(call.filled_in[name])):
            wrong = ()
        found[name] = wrong
    return found


def _output(name: str, expected: OutputExpected, outputs: Mapping[str, Json]) -> Iterator[Finding]:
    """The findings about an output; `*` stands for the one that fits best."""
    if name == ANY_OUTPUT and outputs:
        yield from _inside(name, expected, min(outputs.values(), key=lambda value: _misfit(expected, value)))
    elif name in outputs:
        yield from _inside(name, expected, outputs[name])
    else:
        there = f"; there are {', '.join(outputs)}" if outputs else ""
        missing = f"is not there{there}.{did_you_mean(name, outputs)}".rstrip(".")
        yield from (Finding(finding.what, (missing,)) for finding in _inside(name, expected, None))


def _misfit(expected: OutputExpected, value: Json) -> tuple[int, int]:
    """How badly an output fits: by what is wrong with it, then by what it does not even have."""
    wrong = sum(not finding.passed for finding in _inside("", expected, value))
    return wrong, sum(_at(path, value)[0] is None for path in expected.at)


def _inside(name: str, expected: OutputExpected, value: Json) -> Iterator[Finding]:
    if expected.itself is not None:
        yield Finding(f"outputs.{name}", tuple(expected.itself.misfits(value)))
    for path, assertion in expected.at.items():
        found, failure = _at(path, value)
        yield Finding(f"outputs.{name}.{path}", (failure,) if failure else tuple(assertion.misfits(found)))


def _at(path: str, value: Json) -> tuple[Json, str]:
    """What stands at a path, and why it cannot be looked up where a function in it does not take what is there."""
    try:
        return jmespath.search(path, value), ""
    except JMESPathError as exc:
        return None, f"cannot be looked up: {str(exc).splitlines()[0]}"


def _single(what: str, expected: Assertion | None, value: Json) -> Iterator[Finding]:
    if expected is not None:
        yield Finding(what, tuple(expected.misfits(value)))
