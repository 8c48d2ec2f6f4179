"""A step that changes something waits for a person: who may answer, where, and what is not done twice."""

import json
import re

import pytest
from command_line import CommandLine, Terminal, nap


def saving(shop: CommandLine, name: str) -> str:
    """A pipeline that naps, saves what the nap gave, and naps again."""
    content = {"path": f"{name}.txt", "content": f"${{before_{name}.label}}"}
    return shop.write(
        f"{name}.json",
        nap(f"before_{name}", 0),
        {"id": "save", "tool": "files.write", "arguments": content},
        nap(f"after_{name}", 0, needs=["save"]),
    )


def test_without_a_terminal_the_run_waits_and_another_process_finishes_it_without_repeating(shop: CommandLine) -> None:
    waiting = shop("run", saving(shop, "letter"), "--json")
    run = waiting.json
    assert waiting.code == 4
    assert waiting.err == f"brain: the run {run['id']} waits for approval: brain approve {run['id']}\n"
    assert run["status"] == "waiting"
    [wanted] = run["waiting_for"]
    assert wanted.keys() == {"step_id", "tool", "arguments", "hash"}
    assert wanted["arguments"] == {"path": "letter.txt", "content": "before_letter"}
    assert not (shop.project / "outputs" / "letter.txt").exists()

    refused = shop("approve", run["id"])
    assert (refused.code, refused.out) == (4, "")
    assert refused.err == f"The run {run['id']} still waits; without a question: brain approve {run['id']} --yes\n"

    approved = shop("approve", run["id"], "--yes")
    assert approved.code == 0
    assert re.findall(r"  (\w+)  running", approved.err) == ["save", "after_letter"]
    assert (shop.project / "outputs" / "letter.txt").read_text() == "before_letter"
    assert [label for label in shop.naps() if label.endswith("letter")] == ["before_letter", "after_letter"]
    shown = shop("show", run["id"], "--json").json
    assert (shown["status"], shown["attempt"], shown["waiting_for"]) == ("succeeded", 2, [])

    again = shop("approve", run["id"], "--yes")
    assert again.code == 2
    assert again.err == f"brain: The run {run['id']} is succeeded: it waits for no approval.\n"


def test_a_run_with_another_registry_is_shown_and_approved_with_it(shop: CommandLine) -> None:
    tools = json.loads((shop.project / "tools.json").read_text())["tools"]
    sending = {**next(tool for tool in tools if tool["name"] == "shop.nap"), "name": "shop.send", "annotations": {}}
    (shop.project / "own.json").write_text(json.dumps({"tools": [sending]}))
    step = {**nap("sent", 0), "tool": "shop.send"}
    waiting = shop("run", shop.write("send.json", step), "--tools", "own.json", "--json")
    assert waiting.code == 4
    shown = shop("show", waiting.json["id"], "--tools", "own.json")
    assert "no longer fits" not in shown.out
    approved = shop("approve", waiting.json["id"], "--yes", "--tools", "own.json")
    assert (approved.code, shop.naps()[-1]) == (0, "sent")


def test_yes_answers_beforehand(shop: CommandLine) -> None:
    done = shop("run", saving(shop, "note"), "--yes", "--json")
    assert (done.code, done.json["status"]) == (0, "succeeded")
    assert (shop.project / "outputs" / "note.txt").read_text() == "before_note"


def test_a_call_cannot_hide_what_it_does_behind_what_steers_a_terminal(shop: CommandLine) -> None:
    forged = "send to evil.example\x1b[2K\x1b[1Gsend to good.example \u202eelpmaxe.live"
    step = {"id": "save", "tool": "files.write", "arguments": {"path": "forged.txt", "content": forged}}
    waiting = shop("run", shop.write("forged.json", step))
    assert waiting.code == 4
    seen = r"send to evil.example\x1b[2K\x1b[1Gsend to good.example \u202eelpmaxe.live"
    assert f"  content: {seen}\n" in waiting.out
    assert not {"\x1b", "\u202e"} & set(waiting.out + waiting.err)


def test_people_without_a_terminal_are_told_what_the_run_wants_to_do(shop: CommandLine) -> None:
    waiting = shop("run", saving(shop, "memo"))
    assert waiting.code == 4
    assert "save files.write changes something:\n  path: memo.txt\n  content: before_memo\n" in waiting.out
    assert re.search(r"run (\w{8})\. It waits for approval: brain approve \1\n$", waiting.out)
    assert "run waiting: save\n" in waiting.err
    cancelled = shop("cancel", "last")
    assert cancelled.code == 0
    assert "\ncancelled" in cancelled.out


@pytest.mark.parametrize(("key", "code"), [("y", 0), ("n", 4)])
def test_at_a_terminal_a_person_is_asked_and_sees_the_bars(shop: CommandLine, key: str, code: int) -> None:
    terminal = Terminal(shop, "run", saving(shop, f"asked_{key}"))
    terminal.read_until("Run these steps?")
    assert f"path: asked_{key}.txt" in terminal.seen
    assert re.search(rf"✓ before_asked_{key} +━+ +\d\.\d s", terminal.seen)
    assert re.search(r"… save +waits for approval", terminal.seen)
    terminal.write(key)
    assert terminal.end() == code
    assert (shop.project / "outputs" / f"asked_{key}.txt").exists() == (code == 0)
    if code == 0:
        assert re.search(r"✓ run +━+ +\d\.\d s succeeded", terminal.seen)
        assert shop.naps().count(f"before_asked_{key}") == 1
    else:
        assert "still waits; without a question: brain approve" in " ".join(terminal.seen.split())
