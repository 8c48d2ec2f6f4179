"""What is not done twice when a run goes on, what is, and why; the engine and the preview say the same."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import valid_specs
from workbench import Workbench

from brain.errors import CallCutShort, ToolError
from brain.executor.engine import Approvals, Engine, Job
from brain.executor.foresight import foresee
from brain.executor.past import WAIVED, Legacy, inherited_from
from brain.executor.ports import MemoryJournal, ToolCall
from brain.executor.verdicts import Verdict, Words
from brain.pipeline_builder.build import build
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import EventType, RunStatus, StepResult, StepStatus, new_run_id

YES = Approvals(everything=True)
RETRY, SKIP = Words(retry=frozenset({"send"})), Words(skip=frozenset({"send"}))
SEND = {"id": "send", "tool": "work.write", "arguments": {"value": "letter"}}
AFTER = {"id": "after", "tool": "work.echo", "arguments": {"value": "${send}"}}
ALL = {"id": "send", "tool": "work.write", "foreach": ["a", "b", "c", "d"], "arguments": {"value": "${item}"}}
PARENT = new_run_id()

type Steps = tuple[Mapping[str, Any], ...]


def rows(bench: Workbench) -> list[StepResult]:
    return list(bench.journal.states.values())


def inherited(bench: Workbench, *steps: Mapping[str, Any]) -> Legacy:
    """What a run has of another one, on the bench's record, that had these steps."""
    return Legacy((tuple(inherited_from(PARENT, rows(bench))),), frozenset(step["id"] for step in steps))


def called(bench: Workbench, name: str = "write") -> list[Any]:
    return [value for tool, value in bench.calls if tool == f"work.{name}"]


async def interrupted(bench: Workbench, *steps: Mapping[str, Any], done: Iterable[Any] = ()) -> list[StepResult]:
    """The record of a run that was cut off while `work.write` was at everything but what is in `done`."""
    quick = bench.functions["work.write"]

    async def slow(value: Any = None, after: Any = None) -> Any:
        if value not in done:
            await asyncio.sleep(30)
        return value

    cancel = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, cancel.set)
    bench.functions["work.write"] = slow
    await bench.run(*steps, approvals=YES, cancel=cancel)
    bench.functions["work.write"] = quick
    bench.calls.clear()
    return rows(bench)


async def told(bench: Workbench, steps: Steps, **known: Any) -> dict[str, tuple[Verdict, str]]:
    foreseen = await bench.foresee(*steps, **known)
    return {step.step_id: (step.verdict, step.reason) for step in foreseen.steps}


async def test_a_step_of_unknown_outcome_is_left_by_a_persons_word_and_what_needs_it_runs(bench: Workbench) -> None:
    before = await interrupted(bench, SEND, AFTER)
    done = await bench.run(SEND, AFTER, earlier=before, words=SKIP)
    assert (done.status, done.outputs, called(bench)) == (RunStatus.SUCCEEDED, {"after": None}, [])
    kept = bench.journal.states["send", None]
    assert (kept.status, kept.error, kept.result) == (StepStatus.SKIPPED, WAIVED, None)
    assert done.steps["after"].status is StepStatus.SUCCEEDED


async def test_the_word_is_kept_and_a_later_attempt_neither_asks_nor_calls(bench: Workbench) -> None:
    before = await interrupted(bench, SEND, AFTER)
    await bench.run(SEND, {**AFTER, "tool": "work.fail"}, earlier=before, words=SKIP)
    done = await bench.run(SEND, AFTER, earlier=rows(bench))
    assert (done.status, called(bench)) == (RunStatus.SUCCEEDED, [])
    changed_mind = await bench.run(SEND, AFTER, earlier=rows(bench), words=RETRY, approvals=YES)
    assert (changed_mind.outputs, called(bench)) == ({"after": "letter"}, ["letter"])


async def test_a_step_that_its_condition_skipped_is_no_step_that_a_person_left(bench: Workbench) -> None:
    unmet = {**SEND, "when": "inputs.go"}
    await bench.run(unmet, AFTER, inputs={"go": False}, approvals=YES)
    assert bench.journal.states["send", None].fingerprint is None
    assert bench.journal.states["after", None].status is StepStatus.SKIPPED
    done = await bench.run(unmet, AFTER, inputs={"go": True}, approvals=YES, earlier=rows(bench))
    assert done.outputs == {"after": "letter"}


async def test_without_a_word_nothing_of_unknown_outcome_is_done_and_the_run_says_what_it_needs(
    bench: Workbench,
) -> None:
    before = await interrupted(bench, SEND, AFTER)
    still = await bench.run(SEND, AFTER, earlier=before, approvals=YES)
    assert (still.status, called(bench)) == (RunStatus.INTERRUPTED, [])
    assert still.error == (
        "send: Nobody knows whether it did its work, and it may not be done twice: look at what it changes, then "
        "resume with --retry-step send to do it again, or with --skip-step send to go on without it."
    )
    assert bench.journal.states["send", None] == before[0], "the record of the call stays as it was"
    done = await bench.run(SEND, AFTER, earlier=rows(bench), words=RETRY, approvals=YES)
    assert (done.status, called(bench)) == (RunStatus.SUCCEEDED, ["letter"])
    assert bench.events.reasons("send") == ["a person said so"]


async def test_of_items_the_word_holds_for_those_of_unknown_outcome(bench: Workbench) -> None:
    step = {**ALL, "max_parallel": 2}
    before = await interrupted(bench, step, done=["a"])
    assert {row.item: row.status for row in before if row.item is not None} == {
        0: StepStatus.SUCCEEDED,
        1: StepStatus.INTERRUPTED,
        2: StepStatus.INTERRUPTED,
    }
    assert (await bench.run(step, earlier=before, approvals=YES)).status is RunStatus.INTERRUPTED
    assert called(bench) == []
    done = await bench.run(step, earlier=before, approvals=YES, words=SKIP)
    assert (done.outputs, called(bench)) == ({"send": ["a", None, None, "d"]}, ["d"])
    assert {item: row.status for (_, item), row in bench.journal.states.items()} == {
        None: StepStatus.SUCCEEDED,
        0: StepStatus.SUCCEEDED,
        1: StepStatus.SKIPPED,
        2: StepStatus.SKIPPED,
        3: StepStatus.SUCCEEDED,
    }
    again = await bench.run(step, earlier=rows(bench))
    assert (again.outputs, called(bench)) == (done.outputs, ["d"])


async def test_a_word_may_be_said_of_a_step_that_was_cut_off_between_two_items(bench: Workbench) -> None:
    before = [row for row in await interrupted(bench, ALL, done=["a", "b"]) if row.status is not StepStatus.INTERRUPTED]
    whole = replace(before[0], item=None, status=StepStatus.INTERRUPTED, fingerprint=None, result=None)
    foreseen = await bench.foresee(ALL, earlier=[whole, *before], words=SKIP)
    assert [(step.verdict, step.in_doubt) for step in foreseen.steps] == [(Verdict.PENDING, True)]
    done = await bench.run(ALL, earlier=[whole, *before], words=SKIP, approvals=YES)
    assert (done.outputs, sorted(called(bench))) == ({"send": ["a", "b", "c", "d"]}, ["c", "d"])


async def test_of_items_those_of_unknown_outcome_are_done_again_by_word(bench: Workbench) -> None:
    before = await interrupted(bench, ALL, done=["a", "c"])
    done = await bench.run(ALL, earlier=before, approvals=YES, words=RETRY)
    assert (done.outputs, sorted(called(bench))) == ({"send": ["a", "b", "c", "d"]}, ["b", "d"])


async def test_a_timeout_leaves_unknown_whether_a_change_was_made(bench: Workbench) -> None:
    quick, bench.functions["work.write"] = bench.functions["work.write"], bench.functions["work.sleep"]
    slow = {**SEND, "arguments": {"value": 30}, "timeout": "50ms"}
    late = await bench.run(slow, approvals=YES)
    assert late.status is RunStatus.INTERRUPTED
    assert "work.write took longer than its timeout of 0.05 s" in (late.error or "")
    bench.functions["work.write"] = quick
    again = await bench.run(slow, earlier=rows(bench), approvals=YES)
    assert (again.status, called(bench)) == (RunStatus.INTERRUPTED, [30])


async def test_so_does_a_process_that_dies_and_a_failure_that_the_tool_tells_of_does_not(bench: Workbench) -> None:
    async def die(value: Any = None, after: Any = None) -> Any:
        raise CallCutShort("its process was killed")

    async def refuse(value: Any = None, after: Any = None) -> Any:
        raise ToolError("no stamp")

    bench.functions["work.write"] = die
    died = await bench.run(SEND, approvals=YES)
    assert (died.status, died.error) == (RunStatus.INTERRUPTED, "send: its process was killed")
    bench.functions["work.write"] = refuse
    refused = await bench.run(SEND, approvals=YES)
    assert (refused.status, refused.steps["send"].status) == (RunStatus.FAILED, StepStatus.FAILED)
    before = len(called(bench))
    assert (await bench.run(SEND, approvals=YES, earlier=rows(bench))).status is RunStatus.FAILED
    assert len(called(bench)) == before + 1
    assert bench.events.reasons("send") == ["it failed: no stamp"]
    bench.functions["work.echo"] = die
    assert (await bench.run(READ)).status is RunStatus.FAILED


async def test_what_was_done_is_not_forgotten_by_an_attempt_that_does_not_come_so_far(bench: Workbench) -> None:
    read = {"id": "read", "tool": "work.echo", "arguments": {"value": "letter"}}
    send = {**SEND, "arguments": {"value": "${read}"}}
    fail = {"id": "fail", "tool": "work.fail", "needs": ["send"]}
    await bench.run(read, send, fail, approvals=YES)

    async def broken(value: Any = None, after: Any = None) -> Any:
        raise ToolError("no network")

    works, bench.functions["work.echo"] = bench.functions["work.echo"], broken
    bench.redefine("echo", version="2")
    worse = await bench.run(read, send, fail, earlier=rows(bench), approvals=YES)
    assert worse.steps["send"].status is StepStatus.SKIPPED
    assert bench.journal.states["send", None].status is StepStatus.SUCCEEDED
    cancel = asyncio.Event()
    cancel.set()
    await bench.run(read, send, fail, earlier=rows(bench), approvals=YES, cancel=cancel)
    assert bench.journal.states["send", None].status is StepStatus.SUCCEEDED

    bench.functions["work.echo"] = works
    await bench.run(read, send, earlier=rows(bench), approvals=YES)
    assert called(bench) == ["letter"], "sent once, in all attempts"


async def test_what_may_not_be_done_twice_is_not_done_again_by_a_newer_version_of_its_tool(bench: Workbench) -> None:
    read = {"id": "read", "tool": "work.echo", "arguments": {"value": 1}}
    await bench.run(SEND, ALL | {"id": "each"}, read, approvals=YES)
    bench.redefine("write", version="2")
    bench.redefine("echo", version="2")
    bench.calls.clear()
    await bench.run(SEND, ALL | {"id": "each"}, read, earlier=rows(bench), approvals=YES)
    assert bench.calls == [("work.echo", 1)]
    assert bench.events.reasons("read") == ["its tool work.echo is version 2, was 1"]


async def test_a_result_that_is_not_whole_is_made_again_and_one_that_may_not_be_asks_for_a_word(
    bench: Workbench,
) -> None:
    read = {"id": "read", "tool": "work.echo", "arguments": {"value": {"artifact": "here"}}}
    send = {**SEND, "arguments": {"value": {"artifact": "there"}}}
    await bench.run(read, send, approvals=YES)
    before = rows(bench)
    bench.is_whole = lambda value: value != {"artifact": "here"}
    bench.calls.clear()
    assert (await bench.run(read, send, earlier=before, approvals=YES)).status is RunStatus.SUCCEEDED
    assert bench.calls == [("work.echo", {"artifact": "here"})]
    assert bench.events.reasons("read") == ["its artifact is missing"]
    bench.is_whole = lambda value: value != {"artifact": "there"}
    lost = await bench.run(read, send, earlier=before, approvals=YES)
    assert (lost.error or "").startswith("send: Its artifact is missing, and it may not be done twice")
    assert called(bench) == []
    kept = bench.journal.states["send", None]
    assert (kept.status, kept.result) == (StepStatus.SUCCEEDED, {"artifact": "there"}), "it may only be away"
    without = await bench.run(read, send, earlier=before, approvals=YES, words=SKIP)
    assert (without.outputs["send"], called(bench)) == (None, [])


async def test_another_run_takes_over_what_is_the_same_and_says_where_it_comes_from(bench: Workbench) -> None:
    each = {"id": "each", "tool": "work.echo", "foreach": "${inputs.n}", "arguments": {"value": "${item}"}}
    steps = (SEND, each, {"id": "fail", "tool": "work.fail"})
    await bench.run(*steps, inputs={"n": [1, 2]}, approvals=YES)
    legacy, bench.journal = inherited(bench, *steps), MemoryJournal()
    bench.calls.clear()
    done = await bench.run(SEND, each, inputs={"n": [1, 3, 2]}, legacy=legacy)
    assert (done.outputs, bench.calls) == ({"send": "letter", "each": [1, 3, 2]}, [("work.echo", 3)])
    states = {key: (row.status, row.cached_from) for key, row in bench.journal.states.items()}
    assert states == {
        ("send", None): (StepStatus.CACHED, PARENT),
        ("each", None): (StepStatus.SUCCEEDED, None),
        ("each", 0): (StepStatus.CACHED, PARENT),
        ("each", 1): (StepStatus.SUCCEEDED, None),
        ("each", 2): (StepStatus.CACHED, PARENT),
    }
    assert bench.journal.states["send", None].spending.tokens == 0


async def test_a_step_is_cached_where_all_its_items_are(bench: Workbench) -> None:
    await bench.run(ALL, approvals=YES)
    legacy, bench.journal = inherited(bench, ALL), MemoryJournal()
    done = await bench.run(ALL, legacy=legacy)
    assert (done.steps["send"].status, done.steps["send"].cached_from) == (StepStatus.CACHED, PARENT)


@pytest.mark.parametrize(
    ("changed", "words", "sent"),
    [
        ({"foreach": ["d", "b"]}, None, []),
        ({"foreach": ["d", "b"]}, SKIP, ["d"]),
        ({"foreach": ["b", "d"]}, RETRY, ["b", "d"]),
        ({"foreach": ["d"]}, None, ["d"]),
        ({"foreach": ["a", "a"]}, None, ["a"]),
    ],
)
async def test_an_item_of_unknown_outcome_is_known_by_its_call_wherever_it_stands(
    bench: Workbench, changed: dict[str, Any], words: Words | None, sent: list[str]
) -> None:
    await interrupted(bench, {**ALL, "foreach": ["a", "b"]}, done=["a"])
    legacy, bench.journal = inherited(bench, ALL), MemoryJournal()
    done = await bench.run({**ALL, **changed}, legacy=legacy, words=words or Words(), approvals=YES)
    assert called(bench) == sent
    assert done.status is (RunStatus.SUCCEEDED if sent else RunStatus.INTERRUPTED)


async def test_a_step_of_another_name_is_the_same_call(bench: Workbench) -> None:
    before = await interrupted(bench, SEND)
    legacy, bench.journal = Legacy((tuple(before),), frozenset({"send"})), MemoryJournal()
    mail = {**SEND, "id": "mail"}
    assert (await bench.run(mail, legacy=legacy, approvals=YES)).status is RunStatus.INTERRUPTED
    assert called(bench) == []
    assert await told(bench, (mail,), legacy=legacy) == {
        "mail": (Verdict.DOUBTFUL, "nobody knows whether it did its work"),
        "send": (Verdict.GONE, "it is the step mail now"),
    }
    other = {**mail, "arguments": {"value": "another letter"}}
    assert (await bench.run(other, legacy=legacy, approvals=YES)).outputs == {"mail": "another letter"}


async def test_items_that_have_moved_are_on_record_in_one_write(bench: Workbench) -> None:
    class Batches(MemoryJournal):
        def __init__(self) -> None:
            super().__init__()
            self.written: list[set[int | None]] = []

        async def record(self, steps: Any) -> None:
            self.written.append({step.item for step in steps})
            await super().record(steps)

    await bench.run(ALL, approvals=YES)
    before, bench.journal = rows(bench), Batches()
    turned = {**ALL, "foreach": ["d", "c", "b", "a", "new"]}
    done = await bench.run(turned, earlier=before, approvals=YES)
    assert done.outputs == {"send": ["d", "c", "b", "a", "new"]}
    assert called(bench) == ["a", "b", "c", "d", "new"]
    assert next(batch for batch in bench.journal.written if 0 in batch) >= {0, 1, 2, 3}
    assert {row.item: row.result for row in rows(bench) if row.item is not None} == dict(enumerate("dcba")) | {4: "new"}


async def test_of_generations_all_count_and_each_call_once(bench: Workbench) -> None:
    """A letter that the run before the last sent is not sent again where the last one sent another."""
    await bench.run(SEND, approvals=YES)
    first = tuple(inherited_from(PARENT, rows(bench)))
    bench.journal = MemoryJournal()
    await bench.run({**SEND, "arguments": {"value": "other"}}, approvals=YES)
    second = tuple(inherited_from(new_run_id(), rows(bench)))
    bench.journal = MemoryJournal()
    done = await bench.run(SEND, legacy=Legacy((second, first)), approvals=YES)
    assert (done.steps["send"].status, done.steps["send"].cached_from) == (StepStatus.CACHED, PARENT)
    assert called(bench) == ["letter", "other"]
    twice = {**ALL, "foreach": ["letter", "letter"]}
    third = tuple(rows(bench))
    bench.journal = MemoryJournal()
    await bench.run(twice, legacy=Legacy((third, second, first)), approvals=YES)
    assert called(bench) == ["letter", "other", "letter"], "two are wanted, and one was sent"


READ = {"id": "read", "tool": "work.echo", "arguments": {"value": [1, 2]}}
NEXT = {"id": "next", "tool": "work.echo", "arguments": {"value": "${read}", "after": 1}}
EACH = {"id": "each", "tool": "work.echo", "foreach": "${read}", "arguments": {"value": "${item}"}}
OTHER = {**READ, "arguments": {"value": [1, 3]}}
REASONS: dict[str, tuple[Steps, Steps, dict[str, tuple[Verdict, str]]]] = {
    "nothing": (
        (READ, NEXT, EACH),
        (READ, NEXT, EACH),
        dict.fromkeys(("read", "next", "each"), (Verdict.KEPT, "")),
    ),
    "a literal": (
        (READ, {**NEXT, "needs": ["read"]}),
        (READ, {**NEXT, "arguments": {"value": "${read}", "after": 2}}),
        {"read": (Verdict.KEPT, ""), "next": (Verdict.AGAIN, "its arguments changed: after")},
    ),
    "an argument more": (
        (READ,),
        ({**READ, "arguments": {"value": [1, 2], "after": None}},),
        {"read": (Verdict.AGAIN, "its arguments changed: after")},
    ),
    "what it needs": (
        (READ, NEXT, EACH),
        (OTHER, NEXT, EACH),
        {
            "read": (Verdict.AGAIN, "its arguments changed: value"),
            "next": (Verdict.AGAIN, "it depends on read, which is done again"),
            "each": (Verdict.AGAIN, "it depends on read, which is done again"),
        },
    ),
    "another tool": (
        (READ,),
        ({**READ, "tool": "work.sleep", "arguments": {"value": 0}},),
        {"read": (Verdict.AGAIN, "its tool is work.sleep, was work.echo")},
    ),
    "steps that come and go": (
        (READ, NEXT),
        (READ, {**EACH, "id": "added"}),
        {
            "read": (Verdict.KEPT, ""),
            "added": (Verdict.NEW, "2 of 2 items (it is new)"),
            "next": (Verdict.GONE, "the pipeline has it no more"),
        },
    ),
    "a failure": (
        ({"id": "fail", "tool": "work.fail"}, {"id": "then", "tool": "work.echo", "needs": ["fail"]}),
        ({"id": "fail", "tool": "work.fail"}, {"id": "then", "tool": "work.echo", "needs": ["fail"]}),
        {
            "fail": (Verdict.AGAIN, "it failed: it does not work"),
            "then": (Verdict.PENDING, "it was skipped: fail failed"),
        },
    ),
    "items": (
        ({**EACH, "foreach": [1, 2, 3]},),
        ({**EACH, "foreach": [1, 4, 3, 5]},),
        {"each": (Verdict.PENDING, "2 of 4 items (it is new)")},
    ),
    "all items": (
        ({**EACH, "foreach": [1, 2, 3]},),
        ({**EACH, "foreach": [1, 2, 3], "arguments": {"value": "${item}", "after": 1}},),
        {"each": (Verdict.AGAIN, "3 of 3 items (its arguments changed: after)")},
    ),
    "a condition": (
        (READ,),
        (READ, {**NEXT, "when": "read[0] > `5`"}, {"id": "last", "tool": "work.echo", "needs": ["next"]}),
        {
            "read": (Verdict.KEPT, ""),
            "next": (Verdict.SKIPPED, "its condition is not met: read[0] > `5`"),
            "last": (Verdict.SKIPPED, "next skipped"),
        },
    ),
}


@pytest.mark.parametrize("case", REASONS)
async def test_what_is_done_again_is_said_with_the_reason(bench: Workbench, case: str) -> None:
    before, after, expected = REASONS[case]
    await bench.run(*before)
    assert await told(bench, after, legacy=inherited(bench, *before)) == expected


@pytest.mark.parametrize("case", REASONS)
async def test_the_engine_gives_the_reasons_that_were_told(bench: Workbench, case: str) -> None:
    before, after, expected = REASONS[case]
    await bench.run(*before)
    legacy, bench.journal = inherited(bench, *before), MemoryJournal()
    bench.events.events.clear()
    await bench.run(*after, legacy=legacy)
    for step, (verdict, reason) in expected.items():
        whys = [why for why in bench.events.reasons(step) if not why.endswith("items")]
        assert len(whys) == (verdict is Verdict.AGAIN)
        assert all(why in reason for why in whys), "of items that of the first one"


async def test_a_run_that_was_cut_off_says_what_was_not_begun_and_what_was_not_finished(bench: Workbench) -> None:
    steps = (READ, NEXT, {**EACH, "id": "last", "needs": ["next"]})
    await bench.run(*steps)
    kept = [row for row in rows(bench) if row.step_id == "read"]
    assert await told(bench, steps, earlier=kept) == {
        "read": (Verdict.KEPT, ""),
        "next": (Verdict.PENDING, "it was not finished"),
        "last": (Verdict.PENDING, "2 of 2 items (it was not begun)"),
    }


async def test_one_line_tells_how_many_finished_steps_are_done_again(bench: Workbench) -> None:
    steps = (READ, NEXT, {"id": "fail", "tool": "work.fail"})
    await bench.run(*steps)
    assert (await bench.foresee(*steps, earlier=rows(bench))).summary == ""
    bench.redefine("echo", version="2")
    foreseen = await bench.foresee(*steps, earlier=rows(bench))
    assert foreseen.summary == (
        "2 of 2 finished steps are done again: read (its tool work.echo is version 2, was 1), next (it depends on "
        "read, which is done again)"
    )


async def test_a_preview_does_nothing(bench: Workbench) -> None:
    await bench.foresee(READ, NEXT, SEND, earlier=[])
    assert (bench.calls, bench.events.events, bench.journal.states) == ([], [], {})


class _Tools:
    """Runs `values.*` tools, of which some fail, and keeps which steps' calls were made."""

    def __init__(self, failing: frozenset[str] = frozenset()) -> None:
        self.failing = failing
        self.began: list[str] = []

    def slot(self) -> asyncio.Semaphore:
        return asyncio.Semaphore()

    async def call(self, call: ToolCall) -> Any:
        await asyncio.sleep(0)
        if call.tool.name in self.failing:
            raise ToolError("it does not work")
        return list(range(2)) if call.tool.name == "values.list" else call.arguments.get("value")


class _Sink:
    def __init__(self) -> None:
        self.began: set[str] = set()
        self.again: set[str] = set()

    def publish(
        self, event_type: EventType, *, step_id: str | None = None, item: int | None = None, message: str = "", **_: Any
    ) -> None:
        if event_type is EventType.STEP_RUNNING and step_id is not None and not message.endswith("items"):
            self.began.add(step_id)
        if event_type is EventType.STEP_RUNNING and step_id is not None and item is not None:
            self.again.add(step_id)


@settings(max_examples=60)
@given(
    spec=valid_specs(),
    failing=st.sets(st.sampled_from(["values.echo", "values.list"]), max_size=1),
    newer=st.booleans(),
)
def test_the_preview_and_the_engine_never_disagree(spec: PipelineSpec, failing: set[str], newer: bool) -> None:
    from strategies import registry_of, steps_registry

    async def both() -> None:
        tools = list(steps_registry())
        first = build(spec, registry_of(*tools))
        journal, bound = MemoryJournal(), first.bind_inputs({})
        await Engine(_Tools(frozenset(failing)), _Sink(), journal).run(Job(first, bound))
        known = tuple(journal.states.values())
        changed = [
            tool.model_copy(update={"version": "2"}) if newer and tool.name == "values.list" else tool for tool in tools
        ]
        then = build(spec, registry_of(*changed))
        job = Job(then, then.bind_inputs({}), earlier=known)
        foreseen = {step.step_id: step for step in (await foresee(job, None)).steps}
        sink, caller = _Sink(), _Tools()
        result = await Engine(caller, sink, MemoryJournal()).run(job)
        for step_id, step in foreseen.items():
            if step.verdict in (Verdict.KEPT, Verdict.SKIPPED):
                assert step_id not in sink.began | sink.again, step
            elif "depends on" not in step.reason and then.steps[step_id].foreach is None:
                assert step_id in sink.began or result.steps[step_id].status is StepStatus.SKIPPED, step

    asyncio.run(both())


async def test_an_argument_that_was_too_large_for_a_row_is_no_reason(bench: Workbench) -> None:
    step = {"id": "read", "tool": "work.echo", "arguments": {"value": "long", "after": 1}}
    await bench.run(step)
    [row] = rows(bench)
    reference = {"format": "json", "artifact": f"sha256-{'0' * 64}.json", "size": 4, "head": "long"}
    kept = replace(row, arguments={"value": reference, "after": 1})
    changed = {**step, "arguments": {"value": "long", "after": 2}}
    assert await told(bench, (changed,), earlier=[kept]) == {"read": (Verdict.AGAIN, "its arguments changed: after")}
    other = {**step, "arguments": {"value": "longer", "after": 1}}
    assert await told(bench, (other,), earlier=[kept]) == {"read": (Verdict.AGAIN, "its arguments changed: value")}
    assert await told(bench, (step,), earlier=[kept]) == {"read": (Verdict.KEPT, "")}
