"""`brain secrets` as a process: a value comes unseen from a terminal or from a pipe, and is never shown."""

import os
import pty
import select
import subprocess
import time

from command_line import BRAIN, CommandLine

from brain.vault import new_key

VALUE = "kept-in-the-table-5521"


def test_a_value_is_typed_unseen_or_piped_and_only_its_whereabouts_are_listed(shop: CommandLine) -> None:
    keeping = shop.having(BRAIN_SECRETS_KEY=new_key())
    ours, theirs = pty.openpty()
    command = [str(BRAIN), "secrets", "set", "SHOP_TOKEN"]
    at_terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "start_new_session": True}
    process = subprocess.Popen(command, cwd=shop.project, env=keeping.variables, **at_terminal)
    os.close(theirs)
    screen = until(ours, "(not shown): ")
    os.write(ours, f"{VALUE}\n".encode())
    screen += until(ours, "is kept")
    assert process.wait(timeout=30) == 0
    os.close(ours)
    assert "Value of SHOP_TOKEN (not shown): " in screen
    assert VALUE not in screen

    piped = subprocess.run(
        [*command[:-1], "OTHER_TOKEN"], cwd=shop.project, env=keeping.variables, input=f"{VALUE}\n".encode(),
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    listed = keeping("secrets", "list", "--json")
    sources = {info["name"]: info["source"] for info in listed.json}
    assert (sources["SHOP_TOKEN"], sources["OTHER_TOKEN"]) == ("table", "table")
    assert VALUE not in piped.stdout.decode() + piped.stderr.decode() + listed.out + listed.err
    for name in ("SHOP_TOKEN", "OTHER_TOKEN"):
        keeping("secrets", "remove", name)


def until(terminal: int, words: str, seconds: float = 30) -> str:
    seen, deadline = "", time.monotonic() + seconds
    while words not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 4096).decode(errors="replace")
    assert words in seen
    return seen
