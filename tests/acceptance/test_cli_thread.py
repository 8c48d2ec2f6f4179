"""From a request to the knowledge base, through the real command: what people see and what programs read."""

import re
from pathlib import Path

import pytest
from command_line import CommandLine, Ended, Terminal, model_that_says, nap, site

from brain.database.upgrade import HEAD

REQUEST = "average price by shop in sales.csv"
RUN_FIELDS = {
    "id", "run_id", "status", "name", "request", "planner", "spec", "inputs", "outputs", "answer", "notes", "error",
    "score", "checks", "attempt", "parent_run", "created_at", "finished_at", "seconds", "tokens_in", "tokens_out",
    "cost_usd", "budget", "deadline", "waiting_for", "questions", "answers", "as_of", "provenance", "steps",
}  # fmt: skip
STEP_FIELDS = {
    "id", "tool", "tool_version", "status", "cached_from", "seconds", "tries", "tokens_in", "tokens_out", "cost_usd",
    "arguments", "result", "error",
}  # fmt: skip


@pytest.fixture(scope="module")
def asked(shop: CommandLine) -> Ended:
    return shop("ask", REQUEST, "--json")


def test_a_request_is_answered_and_standard_output_is_nothing_but_the_run(asked: Ended) -> None:
    run = asked.json
    assert asked.code == 0
    assert asked.err == ""
    assert run.keys() == RUN_FIELDS
    assert run["status"] == "succeeded"
    assert all(step.keys() == STEP_FIELDS for step in run["steps"])
    table = run["outputs"]["table"]
    assert sorted(map(str, table["head"])) == [
        "{'shop': 'north', 'mean_price': 20.0}",
        "{'shop': 'south', 'mean_price': 30.0}",
    ]
    assert "north" in run["answer"]


def test_what_the_planner_wants_to_be_known_stands_below_the_answer(shop: CommandLine, asked: Ended) -> None:
    run = asked.json
    assert run["notes"] == shop("plan", REQUEST, "--json").json["notes"] != []
    assert run["notes"][-1] in shop("show", run["id"]).out


def test_what_was_asked_can_be_shown_listed_searched_and_queried(shop: CommandLine, asked: Ended) -> None:
    run = asked.json
    assert shop("show", run["id"], "--json").json == run
    rated = shop("rate", run["id"], "4", "--comment", "right, but slow")
    assert (rated.code, rated.out) == (0, f"The run {run['id']} has 4 of 5 stars.\n")
    listed = shop("runs", "--text", "price by shop", "--json").json
    assert [(row["id"], row["status"], row["answer"]) for row in listed] == [(run["id"], "succeeded", run["answer"])]
    assert [(row["stars"], row["feedback"]) for row in listed] == [(4, "right, but slow")]
    [found] = shop("search", "mean prices of the shops", "--limit", "1", "--json").json
    assert (found["id"], found["request"]) == (run["id"], REQUEST)
    assert found["similarity"] > 0.3
    calls = shop("steps", run["id"], "--items", "--json").json
    assert [(call["step_id"], call["status"]) for call in calls] == [(s["id"], s["status"]) for s in run["steps"]]
    steps = shop(
        "sql", f"SELECT step_id, status FROM steps WHERE run_id = '{run['run_id']}' ORDER BY position", "--json"
    )
    assert steps.json == [{"step_id": step["id"], "status": step["status"]} for step in run["steps"]]


def test_a_finished_run_can_still_be_watched_from_its_first_event(shop: CommandLine, asked: Ended) -> None:
    watched = shop("watch", asked.json["id"], "--json")
    assert (watched.code, watched.err) == (0, "")
    assert [event["seq"] for event in watched.events] == list(range(1, len(watched.events) + 1))
    kinds = [event["event_type"] for event in watched.events]
    assert kinds[:3] == ["run.running", "plan.started", "plan.finished"]
    assert kinds[-1] == "run.succeeded"


def test_a_plan_is_shown_with_the_origin_of_its_values_and_can_be_run(shop: CommandLine) -> None:
    planned = shop("plan", REQUEST, "--out", "plan.yaml", "--svg", "plan.svg", "--json")
    assert planned.code == 0
    assert planned.json.keys() == {"plan", "planner", "provenance", "notes", "as_of", "preflight"}
    assert [step["tool"] for step in planned.json["plan"]["steps"]] == ["table.read", "table.aggregate"]
    assert {"where", "value", "origin", "kind"} == planned.json["provenance"][0].keys()
    assert (shop.project / "plan.svg").read_text().startswith("<svg")
    assert planned.err == "saved plan.yaml\nsaved plan.svg\n"
    assert shop("run", "plan.yaml", "--json").json["status"] == "succeeded"


def test_nothing_that_is_there_is_replaced_without_a_word(shop: CommandLine, asked: Ended) -> None:
    first, saved = shop.project / "first.yaml", shop.project / "saved" / "table.csv"
    assert shop("plan", REQUEST, "--out", "first.yaml").code == shop("plan", REQUEST, "--out", "first.yaml").code == 0
    first.write_text(edited := first.read_text() + "# by hand\n")
    saved.parent.mkdir()
    saved.write_text("precious")
    for words, file in (
        (("plan", REQUEST, "--out", "first.yaml"), first),
        (("show", asked.json["id"], "--save", "saved"), saved),
    ):
        refused = shop(*words)
        assert refused.code == 2
        place = file.relative_to(shop.project)
        assert refused.err == (
            f"brain: {place} exists already with other content, and nothing was written: name another place, or add "
            "--overwrite to replace it.\n"
        )
    assert (first.read_text(), saved.read_text()) == (edited, "precious")
    assert shop("plan", REQUEST, "--out", "first.yaml", "--overwrite").err == "saved first.yaml\n"
    replaced = shop("show", asked.json["id"], "--save", "saved", "--overwrite")
    assert replaced.err.splitlines()[0] == "saved saved/table.csv"
    assert saved.read_text().startswith("shop,")


def test_a_pipeline_that_is_written_down_can_be_looked_at_before_it_runs(shop: CommandLine) -> None:
    page = {"id": "page", "tool": "http.get", "arguments": {"url": "https://example.org/prices"}}
    save = {"id": "save", "tool": "files.write", "arguments": {"path": "prices.txt", "content": "${page.text}"}}
    spec = shop.write("prices.json", page, save)
    looked = shop("plan", "--file", spec)
    assert (looked.code, looked.err) == (0, "")
    lines = [" ".join(line.split()) for line in looked.out.splitlines()]
    assert lines[-3:-1] == ["touches example.org", "changes save: files.write prices.txt (asks first)"]
    assert lines[-1].startswith("takes ")
    assert shop("plan", "-f", spec, "--json").json["preflight"]["hosts"] == ["example.org"]
    lost = shop("plan", "-f", spec, "--out", "no/such/folder.yaml")
    assert (lost.code, lost.out) == (2, "")
    assert lost.err == "brain: no/such/folder.yaml could not be written: No such file or directory.\n"
    both = shop("plan", REQUEST, "--file", spec)
    assert (both.code, both.err) == (2, "brain: Give a request or --file, not both.\n")


def test_without_a_terminal_a_run_is_told_in_plain_lines_and_its_result_in_unbroken_ones(shop: CommandLine) -> None:
    words = "a sentence of the sort that would be broken into two or three lines by a program that imagines a screen"
    step = {"id": "told", "tool": "shop.nap", "arguments": {"seconds": 0, "label": words}}
    told = shop("run", shop.write("plain.json", step), "--project", ".")
    assert told.code == 0
    assert "\x1b" not in told.out + told.err
    times = re.findall(r"^\d\d:\d\d:\d\d  (.*)$", told.err, re.MULTILINE)
    assert times == ["run running", "told  running", "told  succeeded", "run succeeded"]
    assert words in told.out
    assert re.search(r"^succeeded in \d+\.\d s  ✓ told$", told.out, re.MULTILINE)
    assert re.search(r"^run [0-9a-f]{8}\. Again at any time: brain show [0-9a-f]{8}$", told.out, re.MULTILINE)


def test_a_failed_run_says_why_once_for_people_and_on_standard_error_for_programs(shop: CommandLine) -> None:
    spec = shop.write(
        "broken.json",
        {"id": "broken", "tool": "shop.break", "arguments": {"message": "no more paper"}},
        nap("other", 0),
    )
    people, programs = shop("run", spec), shop("run", spec, "--json")
    why = "shop.break failed unexpectedly with ValueError: no more paper."
    assert people.code == programs.code == 1
    assert people.err.count(why) == people.out.count(why) == 1
    assert re.search(r"^run (\w{8})\. Look at its steps: brain steps \1$", people.out, re.MULTILINE)
    run = programs.json
    assert programs.err == f"brain: the run {run['id']} is failed: broken: {why}\n"
    assert (run["status"], run["error"]) == ("failed", f"broken: {why}")
    assert [step["status"] for step in run["steps"]] == ["failed", "succeeded"]


def test_tools_are_listed_and_found_by_what_they_do(shop: CommandLine) -> None:
    everything = shop("tools", "--json").json["tools"]
    assert {"table.read", "shop.nap"} <= {tool["name"] for tool in everything}
    searched = shop("tools", "save a file", "--limit", "2", "--json")
    found = searched.json["tools"]
    assert len(found) == 2
    assert searched.err == f"These are 2 of {len(everything)} tools; --limit takes more.\n"
    assert found[0]["name"] == "files.write"
    assert found[0].keys() >= {"name", "description", "inputSchema", "annotations", "run"}


def test_the_shell_completes_runs_tools_and_states_and_starts_nothing(
    shop: CommandLine, asked: Ended, tmp_path: Path
) -> None:
    def offered(line: str, begun: str = "", shop: CommandLine = shop) -> list[str]:
        words = {"COMP_WORDS": f"brain {line} {begun}", "COMP_CWORD": str(len(line.split()) + 1)}
        ended = shop.having(_BRAIN_COMPLETE="complete_bash", **words)()
        assert ended.err == ""
        return ended.out.split()

    assert asked.json["id"] in offered("show")
    assert offered("tools", "table.re") == ["table.read"]
    assert offered("runs --status", "in") == ["interrupted"]
    assert offered("show", shop=CommandLine(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_any_value_that_sql_can_give_becomes_valid_json(shop: CommandLine) -> None:
    query = r"""SELECT 1 AS n, 2 AS n, 'NaN'::float8 AS nan, '\x00ff'::bytea AS bytes, ARRAY[1, 2] AS list,
        '{"a": [1]}'::jsonb AS tree, interval '90 minutes' AS span, date '2026-02-03' AS day, NULL AS nothing,
        timestamptz '2026-02-03 04:05:06.7+00' AS moment, 1.5::numeric AS exact"""
    assert shop("sql", query, "--json").json == [
        {
            "n": 1, "n_2": 2, "nan": None, "bytes": "\\x00ff", "list": [1, 2], "tree": {"a": [1]},
            "span": "P0DT1H30M0S", "day": "2026-02-03", "nothing": None, "moment": "2026-02-03T04:05:06.700000+00:00",
            "exact": 1.5,
        }
    ]  # fmt: skip


def test_services_are_shown_looked_at_and_stopped_and_the_next_command_starts_them(
    shop: CommandLine, asked: Ended
) -> None:
    with site(model_that_says("yes")) as address:
        hosted = shop.having(OPENAI_BASE_URL=f"{address}/v1", BRAIN_CHAT_MODEL="parrot")
        looked = hosted("doctor", "--json")
        assert looked.code == 0, looked.out
        assert looked.err == ""
        found = {finding["name"]: finding["detail"] for finding in looked.json}
        assert "pgvector" in found["postgresql"]
        assert re.fullmatch(r"8\.\d+\.\d+, progress goes through it", found["redis server"])
        assert found["network"] == "tools reach public addresses"
        assert found["artifacts"] == f"tables and files are kept in {shop.project}/.brain/artifacts"
        assert re.match(r"\d+\.\d+.*, /", found["browser"])
        assert found["chat model"] == "parrot answers (3 tokens), hosted, at a price that is not known"
        started = hosted("up", "--json").json
        assert {service["name"]: service["state"] for service in started}["postgres"] == "running"
    current = shop("db", "current", "--json")
    assert (current.json, current.err) == ({"revision": HEAD, "needed": HEAD}, "")
    refused = shop("db", "downgrade", "base")
    assert (refused.code, refused.out) == (130, "")
    assert refused.err == "Nothing was changed; --yes goes on without a question.\n"
    assert set(shop("down", "--json").json) >= {"postgres", "redis"}
    states = {service["name"]: service["state"] for service in shop("status", "--json").json}
    assert states == {"postgres": "stopped", "redis": "stopped", "chat": "stopped"}
    cold = Terminal(shop, "show", asked.json["id"], "--json")
    cold.read_until("Opening the knowledge base …")
    cold.read_until('"steps": [')
    assert cold.end() == 0
    assert shop("show", asked.json["id"], "--json").json == asked.json


def test_what_a_limit_leaves_out_is_said(shop: CommandLine, asked: Ended) -> None:
    assert shop("run", shop.write("quick.json", nap("quick", 0)), "--json").json["id"] != asked.json["id"]
    assert "quick" in shop("search", "quick", "--limit", "1").out
    listed = shop("runs", "--limit", "1", "--json")
    assert len(listed.json) == 1
    assert re.fullmatch(r"These are the newest 1 of \d+ rows; --limit takes more\.\n", listed.err)


def test_an_old_run_is_shown_although_its_tool_is_gone(shop: CommandLine) -> None:
    run = shop("run", shop.write("old.json", nap("old", 0)), "--json").json
    tools = shop.project / "tools.json"
    kept = tools.read_text(encoding="utf-8")
    try:
        tools.write_text(kept.replace("shop.nap", "shop.doze"), encoding="utf-8")
        shown = shop("show", run["id"])
    finally:
        tools.write_text(kept, encoding="utf-8")
    assert shown.code == 0
    assert 'there is no tool "shop.nap"' in shown.out
    assert "succeeded" in shown.out
