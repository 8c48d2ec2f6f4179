"""A plan that needs what only a person can say: questions with the command that answers them, and runs that wait."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from command_line import CommandLine, Terminal
from scripted_openai import Asked, ScriptedOpenAI, says, says_json

REQUEST = "The most expensive rows of sales.csv by price"
READ = {"id": "sales", "tool": "table.read", "arguments": {"path": "sales.csv"}}


def top(limit: Any) -> dict[str, Any]:
    sort = {"table": "${sales}", "by": "price", "descending": True, "limit": limit}
    steps = [READ, {"id": "top", "tool": "table.sort", "arguments": sort}]
    return {"name": "top", "steps": steps, "outputs": {"top": "${top}"}}


def asks(asked: Asked) -> Any:
    """Plans with a limit from nowhere whatever it is told, and answers in prose."""
    return says_json(top({"ask_person": "How many rows?"})) if "response_format" in asked.body else says("Here [top].")


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedOpenAI]:
    with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
def hosted(shop: CommandLine, model: ScriptedOpenAI) -> CommandLine:
    model.script(asks)
    return shop.having(OPENAI_BASE_URL=model.base_url, BRAIN_CHAT_MODEL="imaginary", BRAIN_PROGRESS="plain")


def test_a_plan_that_needs_an_answer_lists_the_question_and_the_command_that_answers_it(hosted: CommandLine) -> None:
    asked = hosted("plan", REQUEST)
    assert (asked.code, asked.err) == (4, "")
    assert asked.out.startswith(
        "limit How many rows?\n  takes a whole number; asked because nothing in the request says it"
    )
    assert asked.out.endswith(f"Answer with: brain plan '{REQUEST}' --answer limit=NUMBER\n")
    planned = hosted("plan", REQUEST, "--answer", "limit=2")
    assert planned.code == 0
    assert "limit: 2 ← answered: limit" in planned.out
    assert "path: sales.csv ← the file of sales, named by its path" in planned.out
    assert "descending: true ← read from the request by the model" in planned.out


def test_programs_get_the_questions_with_their_types(hosted: CommandLine) -> None:
    asked = hosted("plan", REQUEST, "--json")
    assert asked.code == 4
    [question] = asked.json["questions"]
    assert question.keys() == {"name", "question", "schema", "where", "why"}
    assert (question["name"], question["schema"]["type"], question["schema"]["minimum"]) == ("limit", "integer", 1)
    assert asked.json["answer_with"] == f"brain plan '{REQUEST}' --answer limit=NUMBER"
    planned = hosted("plan", REQUEST, "--json", "--answer", "limit=2").json
    kinds = {each["where"]: each["kind"] for each in planned["provenance"]}
    assert kinds["steps.top.arguments.limit"] == "answer"
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", planned["as_of"])


def test_an_answer_that_does_not_fit_is_asked_for_again(hosted: CommandLine) -> None:
    asked = hosted("plan", REQUEST, "--answer", "limit=few")
    assert asked.code == 4
    assert 'asked because the answer "few" does not fit: takes a whole number, not "few"' in asked.out
    assert asked.out.endswith("--answer limit=NUMBER\n")
    assert "limit=few" not in asked.out.rpartition("Answer with")[2]


@pytest.mark.parametrize("verb", ["plan", "ask"])
def test_an_answer_without_a_name_is_refused(hosted: CommandLine, verb: str) -> None:
    ended = hosted(verb, REQUEST, "--answer", "2")
    assert (ended.code, ended.err) == (2, "brain: --answer takes name=value and got '2'.\n")


def test_a_run_waits_for_answers_and_another_process_goes_on_with_it(hosted: CommandLine) -> None:
    waiting = hosted("ask", REQUEST)
    assert waiting.code == 4
    assert "limit How many rows?" in waiting.out
    run_id = re.search(r"brain answer (\w{8}) limit=NUMBER", waiting.out)[1]
    assert "plan progress: top (table.sort)" in waiting.err
    assert "run waiting: limit" in waiting.err

    for verb in ("approve", "resume"):
        refused = hosted(verb, run_id)
        assert refused.code == 2
        assert refused.err == f"brain: The run {run_id} waits for answers: brain answer {run_id} limit=NUMBER\n"
    for answers, told in (
        ((), "limit: is not answered. How many rows?"),
        (("limit=few",), 'limit: takes a whole number, not "few"'),
        (("limits=2",), "limits: there is no such question. Did you mean limit?"),
        (("2",), "brain answer takes name=value and got '2'."),
    ):
        refused = hosted("answer", run_id, *answers)
        assert refused.code == 2
        assert told in refused.err

    done = hosted("answer", run_id, "limit=2", "--json")
    assert done.code == 0
    assert (done.json["id"], done.json["status"], done.json["attempt"]) == (run_id, "succeeded", 2)
    assert done.json["answers"] == {"limit": 2}
    assert done.json["questions"] == []
    assert "answered: limit" in [each["origin"] for each in done.json["provenance"]]
    again = hosted("answer", run_id, "limit=2")
    assert (again.code, again.err) == (2, f"brain: The run {run_id} is succeeded: it asks nothing.\n")


def test_a_run_that_waits_for_answers_tells_programs_so_and_can_be_cancelled(hosted: CommandLine) -> None:
    waiting = hosted("ask", REQUEST, "--json")
    assert waiting.code == 4
    run = waiting.json
    assert waiting.err == f"brain: the run {run['id']} waits for answers: brain answer {run['id']} limit=NUMBER\n"
    assert (run["status"], run["spec"], run["questions"][0]["name"]) == ("waiting", None, "limit")
    last = hosted("watch", run["id"], "--json")
    assert last.code == 4
    assert last.events[-1]["data"]["questions"][0]["name"] == "limit"
    assert hosted("cancel", run["id"], "--json").json["status"] == "cancelled"
    assert hosted("answer", run["id"], "limit=2").code == 2


def test_answers_that_are_known_beforehand_need_no_question(hosted: CommandLine) -> None:
    done = hosted("ask", REQUEST, "--answer", "limit=1", "--json")
    assert (done.code, done.json["status"], done.json["answers"]) == (0, "succeeded", {"limit": "1"})


def test_a_run_that_waits_for_approval_asks_nothing(hosted: CommandLine) -> None:
    step = {"id": "save", "tool": "files.write", "arguments": {"path": "asked.txt", "content": "x"}}
    waiting = hosted("run", hosted.write("asked.json", step), "--json").json
    refused = hosted("answer", waiting["id"], "limit=2")
    assert refused.code == 2
    assert refused.err == (
        f"brain: The run {waiting['id']} asks nothing; it waits for approval: brain approve {waiting['id']}\n"
    )
    hosted("cancel", waiting["id"])


def test_at_a_terminal_a_person_is_asked_and_told_what_does_not_fit(hosted: CommandLine, model: ScriptedOpenAI) -> None:
    slow = replace(says_json(top({"ask_person": "How many rows?"})), pause=0.05)
    model.script(slow, says_json(top(2)), says("Here [top]."))
    terminal = Terminal(hosted.having(BRAIN_PROGRESS="auto"), "ask", REQUEST)
    terminal.read_until("How many rows?")
    assert re.search(r"sales +table\.read", terminal.seen)
    assert re.search(r"… run .* waits for answers: limit", terminal.seen)
    terminal.write("few\r")
    terminal.read_until('takes a whole number, not "few"')
    terminal.write("\x7f\x7f\x7f2\r")
    assert terminal.end() == 0
    assert "top 2 rows" in terminal.seen


def test_who_leaves_a_question_lets_the_run_wait(hosted: CommandLine) -> None:
    terminal = Terminal(hosted, "ask", REQUEST)
    terminal.read_until("How many rows?")
    time.sleep(0.2)
    terminal.write("\x03")
    assert terminal.end() == 4
    seen = " ".join(terminal.seen.split())
    assert re.search(r"The run (\w{8}) still waits for answers: brain answer \1 limit=NUMBER", seen)
    assert "Traceback" not in seen
    assert hosted("show", "last", "--json").json["status"] == "waiting"


def test_a_choice_is_offered_as_a_list_and_a_plan_is_shown_once_it_is_made(
    hosted: CommandLine, model: ScriptedOpenAI
) -> None:
    plan = top(2)
    plan["steps"][1] = {
        "id": "bars",
        "tool": "table.plot",
        "arguments": {"table": "${sales}", "kind": {"ask_person": "Kind?"}},
    }
    model.script(says_json({**plan, "outputs": {}}))
    terminal = Terminal(hosted, "plan", "A picture of sales.csv")
    terminal.read_until("barh")
    terminal.write("\x1b[B\r")
    assert terminal.end() == 0
    assert re.search(r"kind: barh ← answered: kind", terminal.seen)
    assert json.dumps("barh") in model.asked[-1].prompt
