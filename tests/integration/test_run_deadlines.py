"""Runs that take longer than they may: what ends, what is kept, and how they go on; real services."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine, nap, new_project, remove_project
from scripted_openai import Answer, Asked, ScriptedOpenAI, hangs, says, says_json

from brain import Brain
from brain.errors import UsageError
from brain.runs import EventType, RunStatus, StepStatus
from brain.session import Run

LONG = 600
"""Seconds that nobody waits for here."""
READ = {"id": "read", "tool": "table.read", "arguments": {"path": "sales.csv"}}
PLAN = {"name": "read", "steps": [READ], "outputs": {"table": "${read}"}}

LETTER = {
    "name": "letter.send",
    "description": "Send a letter, slowly.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    "annotations": {"readOnlyHint": False, "idempotentHint": False},
    "run": {"python": "letters:send"},
}
SEND = """
import asyncio

async def send(text, *, context):
    with (context.project / "sent.txt").open("a") as sent:
        sent.write(text)
    while not (context.project / "wake").exists():
        await asyncio.sleep(0.05)
    return text
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("deadlines") / "shop")
    registry = json.loads((made.project / "tools.json").read_text(encoding="utf-8"))
    registry["tools"].append(LETTER)
    (made.project / "tools.json").write_text(json.dumps(registry), encoding="utf-8")
    (made.project / "letters.py").write_text(SEND, encoding="utf-8")
    yield made
    remove_project(made.project)


def opened(shop: CommandLine, server: ScriptedOpenAI, **more: str) -> Brain:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_BASE_URL", server.base_url)
        environment.setenv("BRAIN_CHAT_MODEL", "imaginary")
        for name, value in more.items():
            environment.setenv(name, value)
        return Brain(shop.project)


@pytest.fixture(scope="module")
def brain(shop: CommandLine, shared_server: ScriptedOpenAI) -> Iterator[Brain]:
    with opened(shop, shared_server) as made:
        yield made


@pytest.fixture
def wake(shop: CommandLine) -> Iterator[Path]:
    """The file that ends every nap."""
    file = shop.project / "wake"
    yield file
    file.unlink(missing_ok=True)


def pipeline(*steps: dict[str, Any], request: str = "") -> dict[str, Any]:
    return {"name": "slow", "request": request, "steps": list(steps)}


def statuses(run: Run) -> dict[str, StepStatus]:
    return {step.step_id: step.status for step in run.step_results if step.item is None}


def test_at_its_deadline_a_run_is_interrupted_with_what_was_done_kept_and_goes_on_from_there(
    brain: Brain, wake: Path
) -> None:
    steps = pipeline(READ, nap("long", LONG, needs=["read"]), nap("after", 0, needs=["long"]))
    run = brain.run(steps, deadline="3s")
    assert run.status is RunStatus.INTERRUPTED
    assert run.error == (
        f"The run took longer than its deadline of 3s; what was done is kept: brain resume {run.id} --deadline 6s"
    )
    assert statuses(run) == {
        "read": StepStatus.SUCCEEDED,
        "long": StepStatus.CANCELLED,
        "after": StepStatus.CANCELLED,
    }
    assert run.results["read"]["price"].tolist() == [10, 20, 30, 40]
    last = list(brain.watch(run))[-1]
    assert (last.event_type, last.message) == (EventType.RUN_INTERRUPTED, run.error)
    wake.touch()
    done = brain.resume(run)
    assert (done.run_id, done.status, done.attempt) == (run.run_id, RunStatus.SUCCEEDED, 2)
    assert (str(done.deadline), done.to_json()["deadline"], done.error) == ("3s", "3s", None), "it is as it was"
    assert brain.runs(limit=1).deadline.tolist() == ["3s"]
    begun = [event.step_id for event in brain.watch(run, after=last.seq) if event.event_type is EventType.STEP_RUNNING]
    assert begun == ["long", "after"], "what was read is not read again"


def test_every_attempt_has_its_deadline_and_may_be_given_another_or_none(brain: Brain, wake: Path) -> None:
    run = brain.run(pipeline(nap("long", LONG)), deadline=timedelta(milliseconds=500))
    again = brain.resume(run)
    assert (again.status, again.attempt, str(again.deadline)) == (RunStatus.INTERRUPTED, 2, "0.5s")
    longer = brain.resume(run, deadline="700ms")
    assert (longer.status, str(longer.deadline)) == (RunStatus.INTERRUPTED, "0.7s")
    wake.touch()
    done = brain.resume(run, deadline="none")
    assert (done.status, str(done.deadline), done.to_json()["deadline"]) == (RunStatus.SUCCEEDED, "none", None)


def test_of_items_those_that_are_done_are_kept(brain: Brain, wake: Path, shop: CommandLine) -> None:
    each = {
        "id": "each", "tool": "shop.nap", "foreach": [0, 0, LONG], "max_parallel": 1,
        "arguments": {"seconds": "${item}", "label": "item-${index}"},
    }  # fmt: skip
    run = brain.run(pipeline(each), deadline="3s")
    assert (run.status, shop.naps()[-2:]) == (RunStatus.INTERRUPTED, ["item-0", "item-1"])
    wake.touch()
    assert brain.resume(run).status is RunStatus.SUCCEEDED
    assert [label for label in shop.naps() if label.startswith("item-")].count("item-0") == 1


def test_what_may_not_be_done_twice_is_of_unknown_outcome(brain: Brain, wake: Path, shop: CommandLine) -> None:
    letter = {"id": "send", "tool": "letter.send", "arguments": {"text": "Dear all."}}
    run = brain.run(pipeline(letter), yes=True, deadline="3s")
    assert (run.status, statuses(run)) == (RunStatus.INTERRUPTED, {"send": StepStatus.INTERRUPTED})
    with pytest.raises(UsageError, match=r"Nobody knows whether send did its work .*--retry-step send"):
        brain.resume(run, deadline="none", yes=True)
    wake.touch()
    done = brain.resume(run, yes=True, retry_steps=["send"])
    assert (done.status, (shop.project / "sent.txt").read_text()) == (RunStatus.SUCCEEDED, "Dear all." * 2)


def test_planning_is_part_of_the_run_and_is_done_anew(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(hangs(30))
    run = brain.ask("Show the prices", deadline="1s")
    assert (run.status, run.spec) == (RunStatus.INTERRUPTED, None)
    assert "took longer than its deadline of 1s" in (run.error or "")
    server.script(anything)
    done = brain.resume(run, deadline="none")
    assert (done.status, done.answer) == (RunStatus.SUCCEEDED, "Here they are [read]."), done.error


def anything(asked: Asked) -> Answer:
    return says_json(PLAN) if "response_format" in asked.body else says("Here they are [read].")


def test_the_answer_is_part_of_the_run_and_what_was_found_is_kept(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(hangs(30))
    run = brain.run(pipeline(READ, request="Show the prices"), deadline="3s")
    assert (run.status, run.answer, statuses(run)) == (RunStatus.INTERRUPTED, None, {"read": StepStatus.SUCCEEDED})
    assert run.outputs["read"]["price"].tolist() == [10, 20, 30, 40]
    server.script(says("Here they are [read]."))
    done = brain.resume(run)
    assert (done.status, done.answer) == (RunStatus.SUCCEEDED, "Here they are [read].")


def test_the_time_that_a_run_waits_for_a_person_does_not_count(brain: Brain) -> None:
    write = {"id": "save", "tool": "files.write", "arguments": {"path": "rain.txt", "content": "Rain."}}
    run = brain.run(pipeline(write), deadline="2s")
    time.sleep(2.1)
    assert brain.show(run).status is RunStatus.WAITING
    done = brain.approve(run)
    assert (done.status, str(done.deadline)) == (RunStatus.SUCCEEDED, "2s"), done.error


def test_a_run_that_a_person_cancels_before_its_deadline_is_cancelled(brain: Brain) -> None:
    started = brain.start_run(pipeline(nap("long", LONG)), deadline="1h")
    brain.cancel(started)
    run = brain.wait(started)
    assert (run.status, run.error) == (RunStatus.CANCELLED, None)


def test_the_setting_is_the_deadline_of_runs_that_name_none(shop: CommandLine, shared_server: ScriptedOpenAI) -> None:
    with opened(shop, shared_server, BRAIN_RUN_DEADLINE="500ms") as brain:
        assert brain.run(pipeline(nap("long", LONG))).status is RunStatus.INTERRUPTED
        assert brain.run(pipeline(READ), deadline="none").status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("deadline", ["soon", "0s", "-1m", 10, True, timedelta(0), timedelta(days=400)])
def test_what_is_no_deadline_is_refused_in_one_sentence(brain: Brain, deadline: Any) -> None:
    with pytest.raises(UsageError, match="deadline") as caught:
        brain.run(pipeline(READ), deadline=deadline)
    assert "\n" not in str(caught.value)
