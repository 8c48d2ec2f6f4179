"""How long a run may take, at the command line."""

from collections.abc import Iterator

import pytest
from command_line import CommandLine, nap


@pytest.fixture
def slow(shop: CommandLine) -> Iterator[CommandLine]:
    """The project, where naps end once the file `wake` is there."""
    shop.write("slow.json", nap("short", 0), nap("long", 600, needs=["short"]))
    yield shop.having(BRAIN_PROGRESS="plain")
    (shop.project / "wake").unlink(missing_ok=True)


def test_a_run_ends_at_its_deadline_says_so_and_goes_on_with_another(slow: CommandLine) -> None:
    stopped = slow("run", "slow.json", "--deadline", "4s")
    assert stopped.code == 1
    said = " ".join(stopped.out.split())
    assert "✓ short ■ long The run took longer than its deadline of 4s; what was done is kept: brain resume" in said
    run_id = said.rpartition("brain resume ")[2]
    assert f"--deadline 8s run {run_id}, deadline 4s. Go on with it: brain resume {run_id}" in said
    assert "long  cancelled" in stopped.err
    assert ", deadline 4s. " in " ".join(slow("show", run_id).out.split())
    (slow.project / "wake").touch()
    done = slow("resume", run_id, "--deadline", "none")
    assert done.code == 0, done.err
    assert "deadline" not in done.out
    assert "short  running" not in done.err
    assert slow("show", run_id, "--json").json["deadline"] is None
    [row] = slow("runs", "--limit", "1", "--json").json
    assert (row["status"], row["deadline"]) == ("succeeded", "none")


def test_the_setting_holds_where_the_command_says_nothing(slow: CommandLine) -> None:
    ended = slow.having(BRAIN_RUN_DEADLINE="3s")("run", "slow.json", "--json")
    assert (ended.code, ended.json["status"], ended.json["deadline"]) == (1, "interrupted", "3s")
    assert ended.err == f"brain: the run {ended.json['id']} is interrupted: {ended.json['error']}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "slow.json", "--deadline", "soon"), "'soon' is no deadline; it takes a number and s, m, h or d"),
        (("ask", "anything", "--deadline", "-1m"), "'-1m' is no deadline; it takes a number and s, m, h or d"),
        (("resume", "last", "--deadline", "0s"), "'0s' is no deadline, because nothing is done in no time"),
    ],
)
def test_what_is_no_deadline_is_one_sentence(slow: CommandLine, arguments: tuple[str, ...], says: str) -> None:
    ended = slow(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert "Traceback" not in ended.err


def test_a_setting_that_is_no_deadline_is_named(slow: CommandLine) -> None:
    ended = slow.having(BRAIN_RUN_DEADLINE="much")("run", "slow.json")
    assert ended.code == 2
    assert "BRAIN_RUN_DEADLINE is 'much': 'much' is no deadline; it takes a number and s, m, h or d" in ended.err
