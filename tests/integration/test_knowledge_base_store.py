"""Runs and their steps in a real PostgreSQL: what goes in comes out, redacted, and ids are found by their parts."""

import math
import sys
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import Run
from brain.errors import RunNotFound, UsageError
from brain.knowledge_base.records import Outcome, Plan
from brain.knowledge_base.store import RunStore
from brain.owners import Owner
from brain.pipeline_builder.preflight import ToolHistory
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import ApprovalRequest, RunStatus, Spending, StepResult, StepStatus, new_run_id, short_id, utc_now
from brain.tool_registry.definitions import ToolDefinition

SECRET = "hush-hush-4711"
SPEC = PipelineSpec.from_value({"name": "rain", "steps": [{"id": "weather", "tool": "table.read"}]})
TOOL = ToolDefinition(name="table.read", description="Reads a table from a file.", input_schema={"type": "object"})


@pytest.fixture
def store(database: Database) -> RunStore:
    return RunStore(database, Redactor({"TOKEN": SECRET}))


async def begun(store: RunStore, **columns: object) -> UUID:
    run = Run(id=new_run_id(), status=RunStatus.RUNNING, owner=str(Owner.this_process()), **columns)
    await store.create(run)
    return run.id


def finished(step_id: str, result: object = None, **fields: object) -> StepResult:
    now = utc_now()
    return StepResult(
        step_id, "table.read", StepStatus.SUCCEEDED, result=result, started_at=now, finished_at=now, tries=1, **fields
    )


async def test_a_run_is_read_back_as_it_was_accepted(store: RunStore) -> None:
    run_id = await begun(store, request="Rain by month", inputs={"path": "weather.csv"}, source="cli")
    run = await store.get(run_id)
    assert (run.request, run.inputs, run.source) == ("Rain by month", {"path": "weather.csv"}, "cli")
    assert (run.status, run.attempt, run.spec, run.waiting_for) == ("running", 1, None, None)
    assert abs(run.created_at - utc_now()) < timedelta(seconds=30)
    assert run.created_at == run.started_at == run.heartbeat_at


async def test_a_run_that_is_queued_has_neither_heartbeat_nor_start(store: RunStore) -> None:
    run = Run(id=new_run_id(), status=RunStatus.QUEUED)
    await store.create(run)
    kept = await store.get(run.id)
    assert (kept.status, kept.heartbeat_at, kept.started_at) == ("queued", None, None)


async def test_the_plan_is_kept_with_the_tools_as_they_were(store: RunStore, database: Database) -> None:
    run_id = await begun(store)
    changed = TOOL.model_copy(update={"version": "2"})
    await store.set_plan(run_id, 1, Plan(SPEC, planner="offline 1", tools=(TOOL,), spending=Spending(10, 5, 0.5)))
    await store.set_plan(run_id, 1, Plan(SPEC, planner="model", tools=(TOOL,), spending=Spending(11, 6, 0.75)))
    took = Spending(11, 6, 0.75)
    await store.set_plan(run_id, 1, Plan(SPEC, planner="offline 2", tools=(changed,), spending=took))
    run = await store.get(run_id)
    assert PipelineSpec.from_value(run.spec) == SPEC
    assert (run.name, run.planner, run.tool_versions) == ("rain", "offline 2", {"table.read": "2"})
    assert (run.tokens_in, run.tokens_out, run.cost_usd) == (11, 6, 0.75)
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT definition FROM brain.tools_backup")).fetchall()
    assert {ToolDefinition.model_validate(row[0]).version for row in rows} == {"1", "2"}
    assert len(rows) == 2


async def test_steps_come_back_in_the_order_of_the_spec_each_followed_by_its_items(store: RunStore) -> None:
    run_id = await begun(store)
    items = [finished("pages", {"length": number}, item=number) for number in (2, 0, 1)]
    await store.record(run_id, 1, [finished("links", ["a", "b", "c"])], {"links": 0})
    await store.record(run_id, 1, [*items, finished("pages")], {"links": 0, "pages": 1})
    results = await store.step_results(run_id)
    assert [(result.step_id, result.item) for result in results] == [
        ("links", None),
        ("pages", None),
        ("pages", 0),
        ("pages", 1),
        ("pages", 2),
    ]
    assert results[0].result == ["a", "b", "c"]
    assert results[4] == items[0]
    assert results[1].result == [{"length": number} for number in range(3)]
    assert (await store.get_with_steps(run_id, items=True))[1] == results


async def test_steps_can_be_read_without_their_items(store: RunStore) -> None:
    run_id = await begun(store)
    broken = replace(finished("pages", item=1), status=StepStatus.FAILED, error="no such page")
    items = [finished("pages", None, item=2), broken, finished("pages", {"length": 0}, item=0)]
    unknown = StepResult("mails", "mail.send", StepStatus.INTERRUPTED)
    whole = [finished("pages", items=3), finished("none", [], items=0), unknown]
    await store.record(run_id, 1, [*items, finished("mails", 1, item=0), *whole], {"pages": 0, "none": 1, "mails": 2})
    _, steps = await store.get_with_steps(run_id)
    assert [step.result for step in steps] == [[{"length": 0}, {"error": "no such page"}, None], [], None]
    assert steps == [step for step in await store.step_results(run_id) if step.item is None]


async def test_of_several_states_of_a_step_the_last_one_counts(store: RunStore) -> None:
    run_id = await begun(store)
    begin = StepResult("weather", "table.read", StepStatus.RUNNING, started_at=utc_now())
    end = replace(begin, status=StepStatus.FAILED, error="no such file", finished_at=utc_now(), tries=3)
    await store.record(run_id, 1, [begin], {"weather": 0})
    await store.record(run_id, 1, [replace(begin, tries=2), end], {"weather": 0})
    assert await store.step_results(run_id) == [end]


async def test_recording_two_hundred_steps_is_one_round_trip(store: RunStore) -> None:
    run_id = await begun(store)
    steps = [finished(f"s{number}", {"rows": [number] * 20, "text": "x" * 200}) for number in range(200)]
    positions = {step.step_id: number for number, step in enumerate(steps)}
    seconds = []
    for _ in range(10):
        begin = time.perf_counter()
        await store.record(run_id, 1, steps, positions)
        seconds.append(time.perf_counter() - begin)
    sys.stdout.write(f"\n200 steps recorded in {min(seconds) * 1000:.1f} ms\n")
    assert await store.step_results(run_id) == steps


async def test_secrets_are_not_stored_anywhere(store: RunStore, database: Database) -> None:
    run_id = await begun(store, request=f"Fetch with {SECRET}", inputs={"key": SECRET})
    spec = PipelineSpec.from_value({"steps": [{"id": "a", "tool": "b.c", "arguments": {"key": SECRET}}]})
    failed = StepResult(
        "a", "b.c", StepStatus.FAILED, arguments={"k": SECRET}, error=f"401 for {SECRET}", result=[SECRET]
    )
    await store.set_plan(run_id, 1, Plan(spec))
    await store.record(run_id, 1, [failed, replace(failed, item=0)], {"a": 0})
    asked = ApprovalRequest("a", "b.c", {"k": SECRET}, "hash")
    outcome = Outcome(RunStatus.WAITING, {"o": SECRET}, f"It is {SECRET}", f"failed: {SECRET}", waiting_for=(asked,))
    await store.settle(run_id, 1, outcome)
    await store.rate(run_id, 4, f"good, {SECRET}")
    run = await store.get(run_id)
    assert run.request == "Fetch with ${secret:TOKEN}"
    assert run.spec["steps"][0]["arguments"] == {"key": "${secret:TOKEN}"}
    for table in ("runs", "steps", "step_items", "ratings"):
        async with database.connection() as connection:
            rows = await (await connection.execute(f"SELECT row_to_json(t)::text FROM brain.{table} AS t")).fetchall()
        assert rows
        assert SECRET not in str(rows)


async def test_nul_and_numbers_that_json_lacks_do_not_break_a_write(store: RunStore) -> None:
    run_id = await begun(store, request="a\x00b", inputs={"half": "\ud800", "x": math.inf})
    await store.record(run_id, 1, [finished("weather", {"n": math.nan, "t": "\x00"}, arguments={"x": -math.inf})], {})
    await store.settle(run_id, 1, Outcome(RunStatus.SUCCEEDED, {"mean": math.nan}, answer="it is \x00"))
    run = await store.get(run_id)
    assert (run.request, run.inputs) == ("a␀b", {"half": "�", "x": "Infinity"})
    assert (run.outputs, run.answer) == ({"mean": None}, "it is ␀")
    (step,) = await store.step_results(run_id)
    assert (step.result, step.arguments) == ({"n": None, "t": "␀"}, {"x": "-Infinity"})


async def test_settling_ends_the_run_and_lets_go_of_it(store: RunStore) -> None:
    run_id = await begun(store)
    running = StepResult("weather", "table.read", StepStatus.RUNNING, started_at=utc_now())
    await store.record(run_id, 1, [running, replace(running, item=0)], {})
    await store.settle(
        run_id, 1, Outcome(RunStatus.CANCELLED, {"a": 1}, "so far", score=0.5, last_seq=9, backend="redis")
    )
    run = await store.get(run_id)
    assert (run.status, run.outputs, run.answer, run.score) == ("cancelled", {"a": 1}, "so far", 0.5)
    assert (run.last_seq, run.progress_backend, run.owner) == (9, "redis", None)
    assert run.finished_at is not None
    assert [step.status for step in await store.step_results(run_id)] == [StepStatus.INTERRUPTED] * 2


async def test_a_run_that_waits_says_for_what_and_keeps_what_was_approved(store: RunStore) -> None:
    run_id = await begun(store)
    asked = ApprovalRequest("send", "mail.send", {"to": "ann"}, "abc")
    await store.settle(run_id, 1, Outcome(RunStatus.WAITING, waiting_for=(asked,)))
    await store.approve(run_id, ["abc"])
    await store.approve(run_id, ["abc", "def"])
    run = await store.get(run_id)
    assert run.waiting_for == {
        "approvals": [{"step_id": "send", "tool": "mail.send", "arguments": {"to": "ann"}, "hash": "abc"}]
    }
    assert sorted(run.approvals) == ["abc", "def"]
    assert run.finished_at is None


async def test_an_id_is_found_by_its_beginning_its_end_and_as_the_last(store: RunStore) -> None:
    older, newer = await begun(store), await begun(store)
    assert await store.resolve(str(older)) == older
    assert await store.resolve(older.hex) == older
    assert await store.resolve(f" {short_id(older).upper()} ") == older
    assert await store.resolve(str(newer)[:30]) == newer
    assert await store.resolve("last") == newer


async def test_an_ambiguous_id_lists_what_it_fits(store: RunStore) -> None:
    ids = [UUID(f"01900000-0000-7000-8000-0000{number:04x}beef") for number in range(7)]
    for number, run_id in enumerate(ids):
        await store.create(Run(id=run_id, request=f"request {number} " + "very long " * 20))
    with pytest.raises(RunNotFound, match=r"'beef' fits 7 runs: 0006beef \(request 6 very .*…\), .* and 2 more\. Give"):
        await store.resolve("beef")
    assert await store.resolve("0003beef") == ids[3]


@pytest.mark.parametrize("text", ["last", "12345678", "%", "no-such-id", "", "0" * 33])
async def test_an_id_that_names_nothing_is_refused(store: RunStore, text: str) -> None:
    with pytest.raises(RunNotFound):
        await store.resolve(text)


async def test_a_rating_is_one_to_five_stars_of_a_run_that_exists(store: RunStore) -> None:
    run_id = await begun(store)
    await store.rate(run_id, 2, "wrong month")
    await store.rate(run_id, 5)
    assert (await store.get(run_id)).feedback == "wrong month"
    for stars in (0, 6):
        with pytest.raises(UsageError, match="1 to 5 stars"):
            await store.rate(run_id, stars)
    with pytest.raises(RunNotFound):
        await store.rate(new_run_id(), 3)


async def test_what_concerns_a_run_that_does_not_exist_says_so(store: RunStore) -> None:
    nobody = new_run_id()
    for ask in (store.get, store.position, store.request_cancel):
        with pytest.raises(RunNotFound, match=str(nobody)):
            await ask(nobody)
    with pytest.raises(RunNotFound, match=str(nobody)):
        await store.approve(nobody, ["x"])
    with pytest.raises(RunNotFound, match=str(nobody)):
        await store.claim(nobody, owner=Owner.this_process())
    assert await store.step_results(nobody) == []


async def test_the_history_of_a_tool_is_the_median_of_its_good_calls_items_among_them(store: RunStore) -> None:
    def call(step_id: str, seconds: float, **fields: object) -> StepResult:
        begin = utc_now()
        ended = begin + timedelta(seconds=seconds)
        return replace(finished(step_id, **fields), started_at=begin, finished_at=ended)

    first, second = await begun(store), await begun(store)
    steps = [
        call("a", 1.0, fingerprint="f", spending=Spending(10, 5, 0.25)),
        call("b", 3.0, fingerprint="f", spending=Spending(100, 50, None)),
        replace(call("c", 50.0, fingerprint="f"), status=StepStatus.FAILED),
    ]
    await store.record(first, 1, steps, {})
    items = [call("each", seconds, item=item, fingerprint="f") for item, seconds in enumerate((2.0, 5.0, 9.0))]
    await store.record(second, 1, [call("each", 99.0), *items], {})
    history = await store.tool_history(["table.read", "table.sort"])
    assert history == {"table.read": ToolHistory(calls=5, seconds=3.0, tokens_in=0.0, tokens_out=0.0)}
    kept = {step.step_id: step.spending for step in await store.step_results(first)}
    assert kept == {"a": Spending(10, 5, 0.25), "b": Spending(100, 50, None), "c": Spending(0, 0, 0.0)}


async def test_a_cancel_that_comes_before_a_run_waits_is_heard(store: RunStore) -> None:
    run_id = await begun(store)
    assert await store.request_cancel(run_id) is RunStatus.RUNNING
    wanted = ApprovalRequest("write", "files.write", {"path": "a"}, "hash")
    assert await store.settle(run_id, 1, Outcome(RunStatus.WAITING, waiting_for=(wanted,))) is RunStatus.CANCELLED
    run = await store.get(run_id)
    assert (run.status, run.waiting_for, run.finished_at is None) == ("cancelled", None, False)


async def test_items_that_a_later_attempt_no_longer_has_are_gone(store: RunStore) -> None:
    run_id = await begun(store)
    old = [finished("all", f"old{item}", item=item) for item in range(3)]
    await store.record(run_id, 1, [*old, finished("all", items=3)], {})
    assert (await store.step_results(run_id))[0].result == ["old0", "old1", "old2"]
    await store.record(run_id, 1, [finished("all", "new0", item=0), finished("all", items=1)], {})
    assert (await store.step_results(run_id))[0].result == ["new0"]
    await store.record(run_id, 1, [finished("all", [], items=0)], {})
    assert (await store.step_results(run_id))[0].result == []


async def test_writes_whose_answer_was_lost_may_come_again(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each statement is sent twice, as it is where the connection broke after the commit."""
    once = store._write

    async def twice(statement: str, **values: object) -> object:
        await once(statement, **values)
        return await once(statement, **values)

    monkeypatch.setattr(store, "_write", twice)
    run_id = await begun(store)
    await store.set_plan(run_id, 1, Plan(SPEC, "small", (TOOL,), ("a note",), Spending(10, 5, 0.25)))
    await store.settle(run_id, 1, Outcome(RunStatus.SUCCEEDED, spending=Spending(110, 55, 0.75)))
    await store.rate(run_id, 4, "good")
    run = await store.get(run_id)
    assert (run.tokens_in, run.tokens_out, run.cost_usd, run.notes) == (110, 55, 0.75, ["a note"])
