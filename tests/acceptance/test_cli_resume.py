"""Going on with runs at the command line: what is told beforehand, what is done, and who may do it."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import psycopg
import pytest
from command_line import CommandLine, Terminal, eventually, nap, remove_project
from post_office import broken, new_post_office, post, send

from brain.embedded.postgres import Postgres

TAKEN = re.compile(r"brain: Run (\w{8}) is being run by .*:\d+:[\d.]+ already\.\n$")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_post_office(tmp_path_factory.mktemp("takeover") / "office")
    yield made
    remove_project(made.project)


@pytest.fixture(autouse=True)
def asleep(office: CommandLine) -> None:
    """Whatever waits for somebody to wake it waits again."""
    (office.project / "wake").unlink(missing_ok=True)


def wake(office: CommandLine) -> None:
    (office.project / "wake").touch()


def failed_run(office: CommandLine, name: str) -> str:
    """The id of a run that read a file, counted its rows, and broke down."""
    (office.project / f"{name}.csv").write_text("shop,price\nnorth,10\nsouth,20\n")
    read = {"id": "read", "tool": "table.read", "arguments": {"path": "${inputs.path}"}}
    count = {"id": "count", "tool": "table.aggregate", "arguments": {"table": "${read}", "function": "count"}}
    spec = office.write(f"{name}.json", read, count, broken("count"), inputs={"path": {"default": f"{name}.csv"}})
    run = office("run", spec, "--json").json
    assert run["status"] == "failed"
    return str(run["id"])


def killed_run(office: CommandLine, name: str, text: str) -> str:
    """The id of a run whose process was killed in the middle of sending a letter."""
    before = nap(f"before_{name}", 0)
    letter = send(text, needs=[f"before_{name}"])
    running = office.start("run", office.write(f"{name}.json", before, letter), "--yes")
    eventually(lambda: post(office, f"begun {text}"))
    running.kill()
    running.end()
    [row] = office("runs", "--text", name, "--json").json
    assert row["status"] == "interrupted"
    return str(row["id"])


def test_a_dry_run_tells_what_would_be_done_and_why_and_does_nothing(office: CommandLine) -> None:
    run = failed_run(office, "looked_at")
    (office.project / "looked_at.csv").write_text("shop,price\nnorth,10\n")
    told = office("resume", run, "--dry-run")
    assert (told.code, told.err) == (0, "")
    *lines, summary = [" ".join(line.split()) for line in told.out.splitlines()]
    assert lines == [
        f"The run {run} goes on; nothing has been done yet.",
        "step tool what why",
        "read table.read done again looked_at.csv changed",
        "count table.aggregate done again it depends on read, which is done again",
        "broken shop.break done again it failed: shop.break failed unexpectedly with ValueError: no paper",
    ]
    assert summary == (
        "2 of 2 finished steps are done again: read (looked_at.csv changed), count (it depends on read, which is done "
        "again)"
    )
    as_json = office("resume", run, "--dry-run", "--json").json
    assert as_json.keys() == {"id", "run_id", "is_new_run", "steps"}
    assert as_json["steps"][0] == {
        "id": "read", "tool": "table.read", "verdict": "again", "reason": "looked_at.csv changed",
    }  # fmt: skip
    assert office("show", run, "--json").json["attempt"] == 1


def test_what_is_done_again_is_one_line_and_stands_beside_the_step_that_begins(office: CommandLine) -> None:
    run = failed_run(office, "changed")
    (office.project / "changed.csv").write_text("shop,price\nnorth,10\n")
    resumed = office.having(BRAIN_PROGRESS="plain")("resume", run)
    assert resumed.code == 1
    assert resumed.err.startswith("2 of 2 finished steps are done again: read (changed.csv changed), count (it depends")
    assert re.search(r"^\S+  read  running: changed\.csv changed$", resumed.err, re.MULTILINE)
    assert re.search(r"^\S+  count  running: it depends on read, which is done again$", resumed.err, re.MULTILINE)
    again = office("resume", run)
    assert "finished steps" not in again.err
    assert re.findall(r"  (\w+)  running", again.err) == ["broken"]


def test_another_pipeline_or_input_makes_a_run_of_its_own(office: CommandLine) -> None:
    run = failed_run(office, "parent")
    count = {"id": "count", "tool": "table.aggregate", "arguments": {"table": "${read}", "function": "count"}}
    read = {"id": "read", "tool": "table.read", "arguments": {"path": "${inputs.path}"}}
    changed = office.write("child.json", read, count, nap("added", 0), inputs={"path": {"default": "parent.csv"}})
    told = office("resume", run, "--pipeline", changed, "--dry-run")
    assert told.out.startswith(f"The run {run} goes on as a new run; nothing has been done yet.\n")
    assert re.search(r"^added +shop\.nap +new +it is new *$", told.out, re.MULTILINE)
    assert re.search(r"^broken +shop\.break +gone +the pipeline has it no more *$", told.out, re.MULTILINE)

    done = office("resume", run, "--pipeline", changed)
    assert done.code == 0, done.err
    assert f"↺ read (cached from {run}) ↺ count (cached from {run}) ✓ added" in done.out
    child = re.search(rf"^run (\w{{8}}), which goes on from {run}\. ", done.out, re.MULTILINE)
    assert child is not None
    assert f"  read  cached from {run}\n" in done.err
    shown = office("show", child[1], "--json").json
    assert (shown["parent_run"][-8:], shown["attempt"]) == (run, 1)
    steps = office("steps", child[1])
    assert re.search(rf"read +table\.read +cached from {run}", steps.out)

    (office.project / "other.csv").write_text("shop,price\nwest,1\n")
    other = office("resume", child[1], "--input", "path=other.csv", "--json")
    assert (other.code, other.json["inputs"]) == (0, {"path": "other.csv"})
    assert [step["status"] for step in other.json["steps"]] == ["succeeded", "succeeded", "cached"]
    assert other.err == (
        "2 of 3 finished steps are done again: read (its arguments changed: path), count (it depends on read, which "
        "is done again)\n"
    )


@pytest.fixture(scope="module")
def unfit(office: CommandLine) -> str:
    return failed_run(office, "unfit")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--skip-step", "raed"), r"has no step raed; its steps: broken, count, read\. Did you mean read\?"),
        (("--retry-step", "read"), r"Nothing has to be said about read: --retry-step and --skip-step are for steps"),
        (("--retry-step", "read", "--skip-step", "read"), r"read cannot be done again and left out: give --retry-step"),
        (("--pipeline", "nowhere.json"), r"The pipeline file nowhere\.json cannot be read"),
        (("--input", "path"), r"--input takes name=value and got 'path'"),
        (("--input", "pth=a.csv"), r"pth: the pipeline has no such input\. Did you mean path\?"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_does_not_fit_is_one_sentence(
    office: CommandLine, unfit: str, options: tuple[str, ...], says: str, dry: tuple[str, ...]
) -> None:
    ended = office("resume", unfit, *options, *dry)
    assert (ended.code, ended.out) == (2, "")
    assert re.search(says, ended.err)
    assert "Traceback" not in ended.err


def test_a_letter_that_was_cut_off_by_a_kill_is_left_to_a_person(office: CommandLine) -> None:
    run = killed_run(office, "cut_off", "slow letter")
    refused = office("resume", run, "--yes")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "brain: Nobody knows whether send did its work before the run was interrupted, and it may not be done twice: "
        "look at what it changes, then resume with --retry-step send to do it again, or with --skip-step send to go on "
        "without it.\n"
    )
    told = office("resume", run, "--dry-run")
    assert re.search(
        r"^send +post\.send +needs your word +nobody knows whether it did its work$", told.out, re.MULTILINE
    )
    assert "resume with --retry-step send to do it again, or with --skip-step send" in " ".join(told.out.split())
    left = office("resume", run, "--yes", "--skip-step", "send", "--json")
    assert (left.code, [step["status"] for step in left.json["steps"]]) == (0, ["succeeded", "skipped"])
    assert post(office, "slow letter") == ["begun slow letter"]
    assert office.naps().count("before_cut_off") == 1

    run = killed_run(office, "sent_again", "slow card")
    wake(office)
    again = office("resume", run, "--yes", "--retry-step", "send", "--json")
    assert (again.code, again.json["status"]) == (0, "succeeded")
    assert post(office, "slow card") == ["begun slow card", "begun slow card", "sent slow card"]


def test_the_shell_completes_the_steps_of_the_run_that_was_named(office: CommandLine) -> None:
    run = killed_run(office, "completed", "slow note")

    def offered(line: str, begun: str = "") -> list[str]:
        words = {"COMP_WORDS": f"brain {line} {begun}", "COMP_CWORD": str(len(line.split()) + 1)}
        ended = office.having(_BRAIN_COMPLETE="complete_bash", **words)()
        assert ended.err == ""
        return ended.out.split()

    assert offered(f"resume {run} --skip-step") == ["send", "before_completed"]
    assert offered(f"resume {run} --retry-step", "be") == ["before_completed"]
    assert offered("resume nobody --skip-step") == []


def test_of_two_who_take_over_at_the_same_moment_one_does_and_the_other_is_told(office: CommandLine) -> None:
    first, second = nap("first", 0), {**nap("second", 60), "needs": ["first"]}
    doomed = office.start("run", office.write("doomed.json", first, second))
    doomed.wait_for("second  running")
    [row] = office("runs", "--text", "doomed", "--json").json
    eventually(lambda: office("steps", row["id"], "--json").json)
    doomed.kill()
    doomed.end()
    [row] = office("runs", "--text", "doomed", "--json").json
    assert row["status"] == "interrupted"

    both = [office.start("resume", row["id"]) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(each.end) for each in both]
        [loser], [winner] = wait(ends, return_when=FIRST_COMPLETED)
        told = loser.result()
        assert told.code == 1
        assert TAKEN.search(told.err), told.err
        wake(office)
        assert winner.result().code == 0
    shown = office("show", row["id"], "--json").json
    assert (shown["status"], shown["attempt"]) == ("succeeded", 3), (
        "the run, its end by the kill, the one who took over"
    )
    assert [label for label in office.naps() if label in ("first", "second")] == ["first", "second"]


def test_a_run_whose_owner_lives_is_not_taken_over(office: CommandLine) -> None:
    running = office.start("run", office.write("alive.json", nap("alive", 60)))
    running.wait_for("alive  running")
    [row] = office("runs", "--text", "alive", "--json").json
    for more in ((), ("--dry-run",), ("--input", "a=1")):
        refused = office("resume", row["id"], *more)
        assert (refused.code, refused.out) == (1, "")
        assert TAKEN.search(refused.err), refused.err
    wake(office)
    assert running.end().code == 0
    assert office("show", row["id"], "--json").json["attempt"] == 1


def test_an_owner_that_only_slept_finds_its_run_taken_and_repeats_nothing(office: CommandLine) -> None:
    hold, letter = nap("hold", 60), send("a letter from one", needs=["hold"])
    sleeper = office.start("run", office.write("asleep.json", hold, letter), "--yes")
    sleeper.wait_for("hold  running")
    os.kill(sleeper.process.pid, signal.SIGSTOP)
    [row] = office("runs", "--text", "asleep", "--json").json
    assert row["status"] == "running"
    silence(office, row["run_id"])

    other = office.start("resume", row["id"], "--yes", "--json")
    eventually(lambda: office("show", row["id"], "--json").json["attempt"] > 1)
    wake(office)
    done = other.end()
    assert (done.code, done.json["status"]) == (0, "succeeded"), done.err
    before = office("steps", row["id"], "--json").json

    os.kill(sleeper.process.pid, signal.SIGCONT)
    woken = sleeper.end()
    assert "goes on elsewhere" in woken.err
    assert "Traceback" not in woken.err
    assert office("steps", row["id"], "--json").json == before
    assert office("show", row["id"], "--json").json == done.json
    assert post(office, "a letter from one") == ["begun a letter from one", "sent a letter from one"]


def silence(office: CommandLine, run_id: str) -> None:
    """As if the owner had not been heard of for longer than it may be silent."""
    running = Postgres(office.project / ".brain").join()
    assert running is not None
    with psycopg.connect(running.url.replace("+psycopg", "")) as connection:
        late = "UPDATE brain.runs SET heartbeat_at = now() - interval '16 seconds' WHERE id = %s"
        assert connection.execute(late, [run_id]).rowcount == 1


def test_a_cached_result_says_which_run_it_comes_from(office: CommandLine) -> None:
    items = {**nap("each", 0), "foreach": ["a", "b"], "arguments": {"seconds": 0, "label": "${item}"}, "cache": "1h"}
    spec = office.write("cached.json", {**nap("one", 0), "cache": "1h"}, items)
    first = office("run", spec, "--json").json
    run = first["id"]
    second = office.having(BRAIN_PROGRESS="plain")("run", spec)
    assert re.findall(r"  (\w+)  cached from (\w{8})\n", second.err) == [("one", run), ("each", run)]
    assert f"↺ one (cached from {run}) ↺ each (cached from {run})" in second.out
    shown = office("show", "--json").json
    assert [step["cached_from"] for step in shown["steps"]] == [first["run_id"]] * 2
    told = office("watch", "last", "--json").events
    assert [event["data"]["cached_from"] for event in told if event["event_type"] == "step.cached"] == [
        first["run_id"]
    ] * 2
    listed = office("steps", "last", "--items")
    assert len(re.findall(rf"shop\.nap +cached from {run}", listed.out)) == 4
    terminal = Terminal(office, "run", spec)
    assert terminal.end() == 0
    assert re.search(rf"↺ one +━+ +\d\.\d s cached from {run}", terminal.seen)
