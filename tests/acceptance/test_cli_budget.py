"""What a run spends, and may spend, at the command line."""

import time
from collections.abc import Iterator

import pytest
from command_line import CommandLine
from scripted_openai import ScriptedOpenAI, hangs, says

TOOK = (1000, 100)
STEPS = [
    {"id": "first", "tool": "text.summarize", "arguments": {"text": "It rains in Bergen.", "sentences": 1}},
    {"id": "second", "tool": "text.summarize", "arguments": {"text": "${first.summary}", "sentences": 1}},
]


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedOpenAI]:
    with ScriptedOpenAI(says("It rains.", tokens=TOOK)) as server:
        yield server


@pytest.fixture
def hosted(shop: CommandLine, model: ScriptedOpenAI) -> CommandLine:
    shop.write("short.json", *STEPS)
    return shop.having(OPENAI_BASE_URL=model.base_url, BRAIN_CHAT_MODEL="imaginary", BRAIN_PROGRESS="plain")


def test_a_run_stops_at_its_budget_and_goes_on_with_a_larger_one(hosted: CommandLine, model: ScriptedOpenAI) -> None:
    model.asked.clear()
    stopped = hosted("run", "short.json", "--budget", "9000 tokens")
    assert stopped.code == 1
    said = " ".join(stopped.out.split())
    assert "The budget of 9,000 tokens is not enough: 1,100 are used, and the next question may take up to" in said
    assert (
        ", 1,100 tokens, at a price that is not known, of a budget of 9000 tokens. Go on with it: brain resume" in said
    )
    run_id = said.rpartition("brain resume ")[2]
    done = hosted("resume", run_id, "--budget", "20k tokens")
    assert done.code == 0, done.err
    assert f"run {run_id}, 2,200 tokens, at a price that is not known, of a budget of 20000 tokens." in " ".join(
        done.out.split()
    )
    assert "first running" not in done.err
    assert len(model.asked) == 2
    [row] = hosted("runs", "--limit", "1", "--json").json
    assert (row["tokens_in"], row["tokens_out"], row["cost_usd"], row["budget"]) == (2000, 200, None, "20000 tokens")
    assert [step["cost_usd"] for step in hosted("steps", run_id, "--json").json] == [None, None]
    shown = hosted("show", run_id, "--json").json
    assert (shown["cost_usd"], shown["budget"]) == (None, "20000 tokens")


def test_what_a_run_spent_is_known_although_its_process_was_killed(hosted: CommandLine, model: ScriptedOpenAI) -> None:
    model.script(says("It rains.", tokens=TOOK), hangs(30))
    running = hosted.start("run", "short.json")
    running.wait_for("first  succeeded")
    time.sleep(1.5)  # one heartbeat
    running.kill()
    running.end()
    model.script(says("It rains.", tokens=TOOK))
    shown = hosted("show", "last", "--json").json
    assert (shown["status"], shown["tokens_in"], shown["tokens_out"]) == ("interrupted", *TOOK)
    done = hosted("resume", shown["id"], "--json").json
    assert (done["status"], done["tokens_in"], len(model.asked)) == ("succeeded", 2000, 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "short.json", "--budget", "cheap"), "'cheap' is no budget; it takes US dollars (0.50), tokens"),
        (("ask", "anything", "--budget", "-1"), "'-1' is no budget; it takes US dollars (0.50), tokens"),
        (("run", "short.json", "--budget", "0.50"), "the price of imaginary is not known: give it in tokens"),
        (("resume", "last", "--budget", "0"), "'0' is no budget, because no question to a model costs so little"),
    ],
)
def test_a_budget_that_is_none_or_cannot_be_held_is_one_sentence(
    hosted: CommandLine, arguments: tuple[str, ...], says: str
) -> None:
    ended = hosted(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert "Traceback" not in ended.err


def test_a_setting_that_is_no_budget_is_named(hosted: CommandLine) -> None:
    ended = hosted.having(BRAIN_RUN_BUDGET="much")("run", "short.json")
    assert ended.code == 2
    assert "BRAIN_RUN_BUDGET is 'much': 'much' is no budget; it takes US dollars (0.50)" in ended.err


def test_a_run_that_ended_well_is_not_resumed(hosted: CommandLine) -> None:
    done = hosted("run", "short.json", "--json").json
    ended = hosted("resume", done["id"])
    assert (ended.code, ended.err) == (2, f"brain: The run {done['id']} is succeeded: there is nothing to resume.\n")
