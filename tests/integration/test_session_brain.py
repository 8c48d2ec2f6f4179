"""`Brain` in a script: one thread from request to DataFrame over real embedded services."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from command_line import CommandLine, eventually, nap, new_project, remove_project
from scripted_openai import ScriptedOpenAI, says_json

from brain import Brain, PipelineSpec
from brain.errors import NoSuchOutput, RunNotFound, UsageError
from brain.runs import EventType, RunStatus
from brain.session import Order, Run

SALES = pd.DataFrame({"shop": ["north", "south", "north", "south"], "price": [10.0, 20.0, 30.0, 40.0]})

LONG = 60
"""Seconds."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("session") / "shop")
    yield made
    remove_project(made.project)


@pytest.fixture(scope="module")
def brain(shop: CommandLine) -> Iterator[Brain]:
    with Brain(shop.project) as opened:
        yield opened


@pytest.fixture(scope="module")
def asked(brain: Brain) -> Run:
    return brain.ask("average price by shop", sales=SALES)


def napping(*steps: dict[str, object], name: str = "naps") -> dict[str, object]:
    return {"name": name, "steps": list(steps)}


def test_a_question_about_a_dataframe_is_answered_with_a_dataframe(asked: Run) -> None:
    assert asked.status is RunStatus.SUCCEEDED
    means = asked.outputs["table"].set_index("shop")["mean_price"]
    assert means.to_dict() == {"north": 20.0, "south": 30.0}
    assert asked.answer is not None
    assert "north" in asked.answer
    given = asked.inputs["sales"]
    assert (given["format"], given["row_count"]) == ("table", 4)


def test_every_way_to_look_at_a_run_says_the_same(brain: Brain, asked: Run) -> None:
    shown = brain.show(asked.id)
    assert shown.to_json() == asked.to_json()
    row = brain.runs(text="price by shop").set_index("id").loc[asked.id]
    assert (row["status"], row["answer"]) == ("succeeded", asked.answer)
    assert row["seconds"] > 0
    steps = brain.steps(asked)
    assert list(steps["step_id"]) == [step.step_id for step in asked.step_results]
    assert set(steps["status"]) == {"succeeded"}
    assert brain.search("mean prices of each shop").iloc[0]["id"] == asked.id
    counted = brain.sql(f"SELECT status, count(*) AS steps FROM steps WHERE run_id = '{asked.run_id}' GROUP BY status")
    assert counted.to_dict("records") == [{"status": "succeeded", "steps": len(steps)}]
    assert all(str(kind).endswith("[pyarrow]") for kind in counted.dtypes)


def test_a_plan_is_what_is_then_run(brain: Brain) -> None:
    plan = brain.plan("average price by shop in sales.csv")
    assert [step.tool for step in plan.spec.steps] == ["table.read", "table.aggregate"]
    done = brain.run(plan)
    assert done.spec == plan.spec
    assert len(done.outputs["table"]) == 2


def test_the_projects_own_tools_are_found_behind_everything_else(brain: Brain, shop: CommandLine) -> None:
    assert brain.run(napping(nap("own", 0))).results["own"] == {"label": "own"}
    assert str(shop.project) in sys.path[len(sys.path) // 2 :]
    assert sys.path.count(str(shop.project)) == 1


def test_inputs_may_have_any_name(brain: Brain, shop: CommandLine) -> None:
    names = ["self", "pipeline", "request", "source"]
    spec = {"inputs": {name: {"type": "integer"} for name in (*names, "yes")}, "steps": [nap("own", 0)]}
    given = dict(zip(names, range(4), strict=True))
    declared = {"inputs": {name: {"type": "integer"} for name in names}, "steps": [nap("own", 0)]}
    assert brain.run(declared, **given).inputs == given
    order = Order(spec=PipelineSpec.from_value(spec), inputs={**given, "yes": 4}, source="elsewhere")
    assert brain.wait(brain.start(order)).inputs == {**given, "yes": 4}
    assert brain.ask("average price by shop", source=SALES).status is RunStatus.SUCCEEDED


def test_a_run_is_watched_from_its_first_event_while_it_goes_on(brain: Brain) -> None:
    run_id = brain.start_run(napping(nap("a", 0.3), nap("b", 0.3, needs=["a"])))
    kinds = []
    for event in brain.watch(run_id):
        kinds.append(event.event_type)
        if event.event_type is EventType.STEP_RUNNING:
            assert brain.show(run_id).status is RunStatus.RUNNING
    assert kinds[0] is EventType.RUN_RUNNING
    assert kinds[-1] is EventType.RUN_SUCCEEDED
    assert EventType.STEP_PROGRESS in kinds


def test_watching_may_be_given_up_and_taken_up_again(brain: Brain) -> None:
    run_id = brain.start_run(napping(nap("a", 0.5)))
    seen = []
    for event in brain.watch(run_id):
        seen.append(event.seq)
        if event.step_id:
            break
    seen += [event.seq for event in brain.watch(run_id, after=seen[-1])]
    assert seen == list(range(1, len(seen) + 1))


def test_an_interrupt_cancels_the_run_that_is_waited_for(brain: Brain) -> None:
    def interrupt_once_it_runs() -> None:
        [run_id] = eventually(lambda: list(brain.runs(text="interrupted by hand")["id"]))
        assert any(event.step_id == "long" for event in brain.watch(run_id))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_once_it_runs).start()
    with pytest.raises(KeyboardInterrupt):
        brain.run(napping(nap("quick", 0), nap("long", LONG, needs=["quick"]), name="interrupted by hand"))
    [row] = brain.runs(text="interrupted by hand").to_dict("records")
    assert row["status"] == "cancelled"
    assert brain.steps(row["id"]).set_index("step_id")["status"].to_dict() == {
        "quick": "succeeded",
        "long": "cancelled",
    }


def test_an_interrupt_while_watching_leaves_the_brain_usable(brain: Brain) -> None:
    run_id = brain.start_run(napping(nap("long", LONG)))
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        for _ in brain.watch(run_id):
            pass
    assert brain.show(run_id).status is RunStatus.RUNNING
    brain.cancel(run_id)
    assert brain.wait(run_id).status is RunStatus.CANCELLED


def test_closing_cancels_what_still_runs_and_says_so_afterwards(shop: CommandLine, brain: Brain) -> None:
    other = Brain(shop.project)
    run_id = other.start_run(napping(nap("left", LONG)))
    other.close()
    other.close()
    assert brain.show(run_id).status is RunStatus.CANCELLED
    with pytest.raises(UsageError, match="This Brain is closed: make another one"):
        other.runs()


def test_approval_goes_on_where_the_run_waited(brain: Brain, shop: CommandLine) -> None:
    content = {"path": "kept.txt", "content": "${first_one.label}"}
    save = {"id": "save", "tool": "files.write", "arguments": content}
    waiting = brain.run(napping(nap("first_one", 0), save))
    assert (waiting.status, waiting.waiting_for[0].arguments) == (
        RunStatus.WAITING,
        {"path": "kept.txt", "content": "first_one"},
    )
    done = brain.approve(waiting)
    assert done.status is RunStatus.SUCCEEDED
    assert done.results["save"] == {"path": "outputs/kept.txt", "size": 9}
    assert shop.naps().count("first_one") == 1
    with pytest.raises(UsageError, match="it waits for no approval"):
        brain.approve(waiting)


def test_a_rating_stands_beside_the_run(brain: Brain, asked: Run) -> None:
    brain.rate(asked, 4, "quick and right")
    row = brain.runs(limit=None).set_index("id").loc[asked.id]
    assert (row["stars"], row["feedback"]) == (4, "quick and right")


def test_a_workbook_is_asked_about_and_its_dates_are_pandas_own(brain: Brain, shop: CommandLine) -> None:
    staff = pd.DataFrame({"department": ["IT", "IT", "HR"], "salary": [4448.79, 5000.0, 3871.5]})
    staff["hired"] = pd.to_datetime(["2020-01-02", "2021-01-02", "2022-01-02"])
    with pd.ExcelWriter(shop.project / "staff.xlsx") as book:
        staff.to_excel(book, sheet_name="Staff", index=False)
    (shop.project / "damaged.csv").write_bytes(b"\x00\x01")
    run = brain.ask("Average salary by department in staff")
    assert run.answer is not None
    assert "| HR | 3,871.5 |\n| IT | 4,724.4 |" in run.answer
    hired = brain.run({"steps": [{"id": "staff", "tool": "table.read", "arguments": {"path": "staff.xlsx"}}]})
    rows = hired.outputs["staff"]
    assert list(rows[rows.hired > "2020-12-31"].salary) == [5000.0, 3871.5]


def test_a_result_of_a_failed_run_is_told_with_the_reason(brain: Brain) -> None:
    run = brain.ask("Wobble the frobnitz of nothing")
    assert run.status is RunStatus.FAILED
    with pytest.raises(NoSuchOutput, match=rf"the status of run {run.id} is failed: No plan was found: "):
        run.outputs["table"]


@pytest.mark.parametrize("what", ["ffffffff", "nobody"])
def test_an_unknown_run_is_named(brain: Brain, what: str) -> None:
    with pytest.raises(RunNotFound, match=what):
        brain.show(what)


WRONG = {
    "a state": (lambda brain: brain.runs(status="done"), "A run is queued, running, .*, interrupted; not 'done'"),
    "a time": (lambda brain: brain.runs(since="yesterday"), "`since` takes a datetime, not 'yesterday'"),
    "no pipeline": (lambda brain: brain.run(None), "A pipeline is a PipelineSpec, .*, not None"),
    "a number": (lambda brain: brain.check(5), "A pipeline is a PipelineSpec, .*, not 5"),
    "no run": (lambda brain: brain.show(None), "A run is named by its id, .*, not by None"),
    "few tools": (lambda brain: brain.tools("read", limit=-1), "A limit is 1 or more, or None, not -1"),
    "no tools": (lambda brain: brain.tools(limit=0), "A limit is 1 or more, or None, not 0"),
}


@pytest.mark.parametrize(("ask", "says"), WRONG.values(), ids=WRONG)
def test_what_a_verb_does_not_take_is_one_clear_error(brain: Brain, ask: Callable[[Brain], object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ask(brain)


def test_tools_are_as_many_as_are_asked_for(brain: Brain) -> None:
    everything = brain.tools()
    assert len(everything) > 10
    assert brain.tools(limit=2) == everything[:2]
    assert len(brain.tools("read a table")) == 10
    assert len(brain.tools("read a table", limit=len(everything))) > 10


@pytest.mark.parametrize(("request_", "what"), [("rain\0", "a NUL character"), ("rain \ud83d", "half a character")])
def test_a_request_that_cannot_be_stored_is_refused_in_one_sentence(brain: Brain, request_: str, what: str) -> None:
    for verb in (brain.plan, brain.ask):
        with pytest.raises(UsageError, match=f"^The request holds {what}.*: leave that character out.$"):
            verb(request_)


def test_nothing_asked_is_refused_before_a_run_is_made(brain: Brain) -> None:
    before = len(brain.runs(limit=None))
    with pytest.raises(UsageError, match="There is no request: say in words what you want"):
        brain.ask("  ")
    assert len(brain.runs(limit=None)) == before


@pytest.mark.parametrize("value", [{"steps": []}, {"steps": [{"id": "a", "tool": "no.tool"}]}, ["no plan"]])
def test_what_planning_took_is_kept_with_a_run_that_got_no_plan(
    shop: CommandLine, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    with ScriptedOpenAI(says_json(value, tokens=(900, 20))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        with Brain(shop.project) as brain:
            run = brain.ask("Book me a flight")
    assert run.status is RunStatus.FAILED
    asked = len(server.asked)
    assert (run.tokens_in, run.tokens_out) == (900 * asked, 20 * asked)
    assert asked


def test_another_registry_counts_for_this_brain_only(shop: CommandLine, tmp_path: Path, brain: Brain) -> None:
    registry = tmp_path / "few.json"
    registry.write_text('{"tools": []}')
    with Brain(shop.project, tools=registry) as poor:
        assert poor.tools() == []
        assert poor.ask("average price by shop", sales=SALES).status is RunStatus.FAILED
    assert len(brain.tools()) > 10


def test_a_step_that_says_cache_takes_the_result_of_an_earlier_run_of_the_same_call(brain: Brain) -> None:
    named = {"id": "nap", "tool": "shop.nap", "arguments": {"seconds": 0, "label": "kept-1"}, "cache": "1h"}
    first, second = brain.run({"steps": [named]}), brain.run({"steps": [named]})
    assert [run.step_results[0].status for run in (first, second)] == ["succeeded", "cached"]
    assert dict(second.outputs) == dict(first.outputs)
    assert brain.run({"steps": [named]}, use_cache=False).step_results[0].status == "succeeded"
    other = {**named, "arguments": {"seconds": 0, "label": "kept-2"}}
    assert brain.run({"steps": [other]}).step_results[0].status == "succeeded"
    at_once = {**named, "cache": "0s"}
    assert brain.run({"steps": [at_once]}).step_results[0].status == "succeeded"


def test_a_cached_table_whose_file_is_gone_is_made_anew(brain: Brain, shop: CommandLine) -> None:
    folder = shop.project
    read = {"id": "read", "tool": "table.read", "arguments": {"path": "cached.csv"}, "cache": "1h"}
    (folder / "cached.csv").write_text("a,b\n1,2\n")
    assert brain.run({"steps": [read]}).step_results[0].status == "succeeded"
    with Brain(folder) as other:  # no table is in the memory of another process
        assert other.run({"steps": [read]}).step_results[0].status == "cached"
        for artifact in (folder / ".brain" / "artifacts").rglob("*.parquet"):
            artifact.unlink()
    with Brain(folder) as other:
        assert other.run({"steps": [read]}).step_results[0].status == "succeeded"
    (folder / "cached.csv").write_text("a,b\n1,3\n")
    assert brain.run({"steps": [read]}).step_results[0].status == "succeeded"
