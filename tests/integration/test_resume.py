"""Going on with runs over real services: by a person's word, with other inputs, from another process, after changes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command_line import CommandLine, eventually, nap, remove_project
from post_office import broken, new_post_office, post, send

from brain import Brain
from brain.errors import StaleAttempt, UsageError
from brain.executor.past import WAIVED
from brain.executor.verdicts import Verdict
from brain.runs import EventType, RunStatus, StepStatus
from brain.session import Run


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_post_office(tmp_path_factory.mktemp("resume") / "shop")
    yield made
    remove_project(made.project)


@pytest.fixture(scope="module")
def brain(shop: CommandLine) -> Iterator[Brain]:
    with Brain(shop.project) as opened:
        yield opened


READ = {"id": "read", "tool": "table.read", "arguments": {"path": "${inputs.path}"}}
COUNT = {"id": "count", "tool": "table.aggregate", "arguments": {"table": "${read}", "function": "count"}}


def pipeline(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "post", "steps": list(steps), **more}


def cut_off(brain: Brain, shop: CommandLine, text: str, *more: dict[str, Any], **parts: Any) -> Run:
    """A run that was cancelled while it sent a letter."""
    run_id = brain.start_run(pipeline(send(text), *more, **parts), yes=True)
    eventually(lambda: post(shop, f"begun {text}"))
    brain.cancel(run_id)
    return brain.wait(run_id)


def states(run: Run) -> dict[str, str]:
    return {step.step_id: str(step.status) for step in run.step_results if step.item is None}


def reasons(brain: Brain, run: Run) -> dict[str, str]:
    """Why steps were begun again."""
    events = [event for event in brain.watch(run) if event.event_type is EventType.STEP_RUNNING]
    assert all(event.data.get("reason", "") in ("", event.message) for event in events)
    return {str(event.step_id): str(event.data["reason"]) for event in events if "reason" in event.data}


def test_a_step_that_a_person_leaves_is_skipped_for_good_and_what_needs_it_runs(
    brain: Brain, shop: CommandLine
) -> None:
    then = {"id": "then", "tool": "shop.nap", "arguments": {"seconds": 0, "label": "then"}, "needs": ["send"]}
    run = cut_off(brain, shop, "slow one", then, broken("then"))
    assert states(run)["send"] == "interrupted"
    with pytest.raises(UsageError, match=r"with --retry-step send to do it again, or with --skip-step send to go on"):
        brain.resume(run, yes=True)
    left = brain.resume(run, skip_steps=["send"])
    assert states(left) == {"send": "skipped", "then": "succeeded", "broken": "failed"}
    assert left.results["send"] is None
    again = brain.resume(run)
    assert states(again) == states(left)
    assert post(shop, "slow one") == ["begun slow one"]
    row = brain.steps(run).set_index("step_id").loc["send"]
    assert (row["status"], row["error"]) == ("skipped", WAIVED)
    assert brain.foresee(run).steps[0].verdict is Verdict.SKIPPED


def test_a_word_is_for_steps_that_need_one(brain: Brain, shop: CommandLine) -> None:
    run = cut_off(brain, shop, "slow two", broken())
    for words, says in {
        ("sned", ""): rf"The run {run.id} has no step sned; its steps: broken, send\. Did you mean send\?",
        ("", "brokn"): r"has no step brokn; .* Did you mean broken\?",
        ("send", "send"): "send cannot be done again and left out: give --retry-step or --skip-step for it",
        ("", "broken"): "Nothing has to be said about broken: --retry-step and --skip-step are for steps that may not",
        ("broken", "send"): "Nothing has to be said about broken",
    }.items():
        retry, skip = ([word] if word else [] for word in words)
        for verb in (brain.resume, brain.foresee):
            with pytest.raises(UsageError, match=says):
                verb(run, retry_steps=retry, skip_steps=skip)
    assert brain.show(run).attempt == run.attempt
    assert post(shop, "slow two") == ["begun slow two"]


def test_a_run_with_other_inputs_is_a_new_one_that_takes_over_what_is_the_same(brain: Brain, shop: CommandLine) -> None:
    (shop.project / "more.csv").write_text("shop,price\nwest,1\n")
    inputs = {"path": {"type": "string"}, "text": {"type": "string"}}
    first = brain.run(
        pipeline(READ, COUNT, send("${inputs.text}"), inputs=inputs), path="sales.csv", text="hi", yes=True
    )
    assert first.status is RunStatus.SUCCEEDED
    with pytest.raises(UsageError, match="is succeeded: there is nothing to resume"):
        brain.resume(first)
    second = brain.resume(first, inputs={"path": "more.csv"})
    assert (second.status, second.attempt, second.parent_run) == (RunStatus.SUCCEEDED, 1, first.run_id)
    assert dict(second.inputs) == {"path": "more.csv", "text": "hi"}
    assert states(second) == {"read": "succeeded", "count": "succeeded", "send": "cached"}
    assert second.outputs["count"].iloc[0, 0] == 1
    assert post(shop, "hi") == ["begun hi", "sent hi"]
    assert second.to_json()["parent_run"] == str(first.run_id)
    assert second.to_json()["steps"][2]["cached_from"] == str(first.run_id)
    assert brain.runs(limit=1).parent_run.tolist() == [str(first.run_id)]
    assert brain.steps(second).set_index("step_id").cached_from["send"] == str(first.run_id)
    [told] = [event for event in brain.watch(second) if event.event_type is EventType.STEP_CACHED]
    assert told.data["cached_from"] == str(first.run_id)
    third = brain.resume(second, inputs={"path": "sales.csv"})
    assert states(third) == {"read": "cached", "count": "cached", "send": "cached"}
    assert {step.cached_from for step in third.step_results} == {first.run_id}, "the run that made them"
    assert brain.show(first).to_json() == first.to_json()


def test_another_process_goes_on_with_a_changed_pipeline(brain: Brain, shop: CommandLine) -> None:
    each = send("${item}", "each", foreach=["anna", "bert"])
    run = brain.run(pipeline(READ, COUNT, each, broken("each"), inputs={"path": {"default": "sales.csv"}}), yes=True)
    assert run.status is RunStatus.FAILED
    longer = send("${item}", "each", foreach=["carl", "anna", "bert"])
    mean = {**COUNT, "arguments": {"table": "${read}", "column": "price", "function": "mean"}}
    changed = pipeline(READ, mean, longer, nap("rest", 0), inputs={"path": {"default": "sales.csv"}})
    with Brain(shop.project) as other:
        foreseen = other.foresee(run, pipeline=changed)
        done = other.resume(run.id, pipeline=changed, yes=True)
    assert {step.step_id: (str(step.verdict), step.reason) for step in foreseen.steps} == {
        "read": ("kept", ""),
        "count": ("again", "its arguments changed: column, function"),
        "each": ("pending", "1 of 3 items (it is new)"),
        "rest": ("new", "it is new"),
        "broken": ("gone", "the pipeline has it no more"),
    }
    assert foreseen.is_new_run
    assert foreseen.summary == "1 of 2 finished steps is done again: count (its arguments changed: column, function)"
    assert done.status is RunStatus.SUCCEEDED, done.error
    assert states(done) == {"read": "cached", "count": "succeeded", "each": "succeeded", "rest": "succeeded"}
    assert [post(shop, name) for name in ("anna", "bert", "carl")] == [
        [f"begun {name}", f"sent {name}"] for name in ("anna", "bert", "carl")
    ]
    items = brain.steps(done, items=True).query("step_id == 'each' and not item.isna()")
    assert items.cached_from.notna().tolist() == [False, True, True]
    assert reasons(brain, done) == {"count": "its arguments changed: column, function"}


def test_a_letter_of_unknown_fate_is_not_sent_by_a_changed_run_either(brain: Brain, shop: CommandLine) -> None:
    run = cut_off(brain, shop, "slow three")
    longer = pipeline(send("slow three"), nap("rest", 0))
    with pytest.raises(UsageError, match="Nobody knows whether send did its work"):
        brain.resume(run, pipeline=longer, yes=True)
    left = brain.resume(run, pipeline=longer, yes=True, skip_steps="send")
    assert states(left) == {"send": "skipped", "rest": "succeeded"}
    other = brain.resume(run, pipeline=pipeline(send("quick three"), nap("rest", 0)), yes=True)
    assert other.status is RunStatus.SUCCEEDED
    assert post(shop, "three") == ["begun slow three", "begun quick three", "sent quick three"]


def test_a_new_run_that_is_cut_off_itself_still_has_what_it_goes_on_from(brain: Brain, shop: CommandLine) -> None:
    run = brain.run(pipeline(nap("early", 0), send("dora"), broken("send")), yes=True)
    changed = pipeline(nap("long", 60), send("dora", needs=["long"]), nap("early", 0, needs=["send"]))
    run_id = brain.start_resumed(run, pipeline=changed, yes=True)
    assert any(event.step_id == "long" for event in brain.watch(run_id))
    brain.cancel(run_id)
    assert states(brain.wait(run_id)) == {"long": "cancelled", "send": "cancelled", "early": "cancelled"}
    (shop.project / "wake").touch()
    done = brain.resume(run_id, yes=True)
    (shop.project / "wake").unlink()
    assert states(done) == {"long": "succeeded", "send": "cached", "early": "cached"}
    assert post(shop, "dora") == ["begun dora", "sent dora"]
    assert shop.naps().count("early") == 1


def test_inputs_that_were_defaults_are_those_of_the_changed_pipeline(brain: Brain) -> None:
    first = brain.run(pipeline(READ, inputs={"path": {"default": "sales.csv"}, "unused": {"default": 1}}))
    second = brain.resume(first, pipeline=pipeline(READ, inputs={"path": {"default": "more.csv"}}))
    assert dict(second.inputs) == {"path": "more.csv"}
    with pytest.raises(UsageError, match=r"pth: the pipeline has no such input\. Did you mean path\?"):
        brain.resume(first, inputs={"pth": "sales.csv"})
    with pytest.raises(UsageError, match="Inputs are a mapping from names to values, not 'path'"):
        brain.resume(first, inputs="path")


def test_a_table_goes_on_and_another_one_is_another_input(brain: Brain) -> None:
    count = {**COUNT, "arguments": {"table": "${inputs.sales}", "function": "count"}}
    declared = {"sales": {"type": "object", "format": "table"}, "n": {"default": 1}}
    sales = pd.DataFrame({"price": [1.0, 2.0]})
    first = brain.run(pipeline(count, nap("n", 0, needs=["count"]), inputs=declared), sales=sales)
    same = brain.resume(first, inputs={"n": 2})
    assert states(same) == {"count": "cached", "n": "cached"}
    equal = brain.resume(first, inputs={"sales": sales.copy()})
    assert states(equal)["count"] == "cached"
    other = brain.resume(first, inputs={"sales": pd.DataFrame({"price": [1.0]})})
    assert (states(other)["count"], other.outputs["n"]) == ("succeeded", {"label": "n"})


def test_a_run_that_was_never_planned_has_no_inputs_to_change(brain: Brain) -> None:
    run = brain.ask("Wobble the frobnitz of nothing")
    with pytest.raises(
        UsageError, match=f"The run {run.id} has no pipeline yet, so it has no inputs: give it one with"
    ):
        brain.resume(run, inputs={"a": 1})
    assert brain.foresee(run).steps == ()
    with pytest.raises(UsageError, match="has no step send; it has no pipeline yet"):
        brain.resume(run, skip_steps=["send"])
    assert brain.resume(run, pipeline=pipeline(nap("planned", 0))).status is RunStatus.SUCCEEDED


def test_what_runs_or_waits_is_not_gone_on_with(brain: Brain, shop: CommandLine) -> None:
    waiting = brain.run(pipeline(send("never")))
    run_id = brain.start_run(pipeline(nap("busy", 60)))
    assert any(event.step_id for event in brain.watch(run_id))
    with Brain(shop.project) as other:
        for verb in (other.resume, other.foresee):
            with pytest.raises(UsageError, match="waits for approval: brain approve"):
                verb(waiting, pipeline=pipeline(nap("busy", 0)))
            with pytest.raises(StaleAttempt, match=r"Run \w{8} is being run by .*:\d+:[\d.]+ already"):
                verb(run_id)
    brain.cancel(run_id)
    assert brain.wait(run_id).attempt == 1


CHANGES = {
    "a file": "changing.csv changed",
    "an artifact": "its artifact is missing",
    "a version": "its tool table.read is version 9, was 2",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_since_is_done_again_and_the_reason_told_before_and_after(shop: CommandLine, change: str) -> None:
    (shop.project / "changing.csv").write_text(f"shop,{change.replace(' ', '_')}\nnorth,1\n")
    steps = pipeline(READ, COUNT, broken("count"), inputs={"path": {"default": "changing.csv"}})
    with Brain(shop.project) as brain:
        run = brain.run(steps)
        assert states(run) == {"read": "succeeded", "count": "succeeded", "broken": "failed"}
        assert brain.foresee(run).summary == ""
        artifact = Path(brain.show(run).results.address("read") or "")
    tools = shop.project / "tools.json"
    kept = tools.read_text(encoding="utf-8")
    if change == "a file":
        (shop.project / "changing.csv").write_text("shop,other\nnorth,1\nsouth,2\n")
    elif change == "an artifact":
        artifact.unlink()
    else:
        registry = json.loads(kept)
        next(tool for tool in registry["tools"] if tool["name"] == "table.read")["version"] = "9"
        tools.write_text(json.dumps(registry), encoding="utf-8")
    try:
        with Brain(shop.project) as brain:
            foreseen = brain.foresee(run)
            resumed = brain.resume(run)
            told = reasons(brain, resumed)
    finally:
        tools.write_text(kept, encoding="utf-8")
    assert [(step.verdict, step.reason) for step in foreseen.steps] == [
        (Verdict.AGAIN, CHANGES[change]),
        (Verdict.AGAIN, "it depends on read, which is done again"),
        (Verdict.AGAIN, "it failed: shop.break failed unexpectedly with ValueError: no paper"),
    ]
    assert foreseen.summary.startswith(f"2 of 2 finished steps are done again: read ({CHANGES[change]}), count (")
    assert told["read"] == CHANGES[change]
    assert ("count" in told) == (change == "a file"), "what it reads is otherwise the same, so it is kept"
    assert states(resumed) == states(run)
    assert resumed.outputs["broken"] is None


def test_a_timeout_of_a_change_leaves_the_run_to_a_person(brain: Brain, shop: CommandLine) -> None:
    run = brain.run(pipeline(send("slow four", timeout="100ms")), yes=True)
    [step] = run.step_results
    assert (run.status, step.status) == (RunStatus.INTERRUPTED, StepStatus.INTERRUPTED)
    with pytest.raises(UsageError, match="Nobody knows whether send did its work"):
        brain.resume(run, yes=True)


def test_a_run_is_on_record_when_it_has_an_id_and_its_end_before_anybody_hears_of_it(
    brain: Brain, shop: CommandLine
) -> None:
    with Brain(shop.project) as other:
        run_id = brain.start_run(pipeline(nap("heard", 0.2)))
        assert other.show(run_id).spec is not None
        for event in other.watch(run_id):
            if event.event_type.run_status is not None and event.event_type.run_status.is_final:
                assert other.show(run_id).status is RunStatus.SUCCEEDED
                break
        else:
            pytest.fail("nobody heard of the end")
