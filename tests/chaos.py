"""Random kills over random pipelines, with every side effect counted: what a run promises, held against what happened.

`python tests/chaos.py --kills 200` prints the figures. A seed gives the same pipelines and the same choice of kills;
the moment within a step is the machine's.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from command_line import BRAIN, CommandLine, Ended, Running, eventually, remove_project

from brain.owners import Owner

__all__ = ["Figures", "storm"]

STEPS = (20, 60)
MILLISECONDS = (5, 120)
KILLS_A_RUN = 6
LOCAL = {"runner": 6, "redis": 2, "postgres": 2}
ON_DASK = {"runner": 4, "worker": 4, "redis": 1, "postgres": 1}
"""What is killed, and how often beside the others."""
LONGEST_LIFE = 0.8
"""Seconds after which a process that is to be killed is killed at the latest, counted from where its run is running."""
MOST_LIVES = 60
"""Of one run: it must have ended by then."""
LONGEST_END = 60.0
"""Seconds that a cluster has to end its workers."""
DOUBTFUL = "Nobody knows whether"

TOOLS = r"""
import hashlib
import json
import os
import time
from pathlib import Path

LEDGER = Path(__file__).with_name("ledger")


def work(step, seconds=0, given=None, item=None):
    time.sleep(seconds)
    return value(step, item, given)


def send(step, seconds=0, given=None, item=None):
    time.sleep(seconds / 2)
    line = json.dumps([step, item]) + "\n"
    file = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)
    time.sleep(seconds / 2)
    return value(step, item, given)


def value(step, item, given):
    return hashlib.sha256(json.dumps([step, item, given]).encode()).hexdigest()[:12]
"""


def _tool(name: str, *, repeatable: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {"step": {"type": "string"}, "seconds": {"type": "number"}, "given": {}, "item": {}}
    return {
        "name": f"chaos.{name}",
        "description": "A tool of the chaos test.",
        "inputSchema": {"type": "object", "properties": properties, "required": ["step"]},
        "annotations": {"readOnlyHint": repeatable},
        "run": {"python": f"chaos_tools:{name}"},
    }


@dataclass
class Figures:
    """What happened, over all runs."""

    runs: int = 0
    steps: int = 0
    """Steps and items whose results were compared."""
    sends: int = 0
    """Side effects that may happen once only."""
    kills: Counter[str] = field(default_factory=Counter)
    lives: int = 0
    """Processes that worked at a run."""
    words: Counter[str] = field(default_factory=Counter)
    """What a person had to say of steps whose outcome nobody knew."""
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """Every promise that was not kept."""
        return [*self.lost, *self.repeated, *self.unfinished]

    def __str__(self) -> str:
        kills = ", ".join(f"{what} {times}" for what, times in self.kills.most_common())
        words = ", ".join(f"{what} {times}" for what, times in self.words.most_common()) or "none"
        return (
            f"{self.kills.total()} kills ({kills}) over {self.runs} runs and {self.lives} processes; "
            f"{self.steps} results compared, {len(self.lost)} lost; {self.sends} side effects counted, "
            f"{len(self.repeated)} repeated; {len(self.unfinished)} runs not ended; words of a person: {words}"
        )


def storm(folder: Path, *, seed: int, kills: int, dask: bool = False) -> Figures:
    """So many kills over as many pipelines as that takes."""
    dice, figures = random.Random(seed), Figures()
    line = _project(folder)
    try:
        with _cluster(line) if dask else nullcontext():
            while figures.kills.total() < kills:
                few = min(KILLS_A_RUN, kills - figures.kills.total())
                _Storm(line, dice, figures, ON_DASK if dask else LOCAL).over(_pipeline(dice, figures.runs), few)
    finally:
        remove_project(folder)
    return figures


def _project(folder: Path) -> CommandLine:
    folder.mkdir(parents=True, exist_ok=True)
    tools = [_tool("work", repeatable=True), _tool("send", repeatable=False)]
    (folder / "tools.json").write_text(json.dumps({"tools": tools}))
    (folder / "chaos_tools.py").write_text(TOOLS)
    return CommandLine(folder)


@contextmanager
def _cluster(line: CommandLine) -> Iterator[None]:
    """A cluster of the project; what Dask tells at length of dead workers goes to a file."""
    variables = {**line.variables, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "10"}
    with (line.project / "cluster.log").open("w") as told:
        process = subprocess.Popen(
            [BRAIN, "cluster", "--workers", "2"], cwd=line.project, env=variables, stdout=told, stderr=told,
            start_new_session=True,
        )  # fmt: skip
    try:
        eventually((line.project / ".brain" / "cluster.json").exists)
        yield
    finally:
        process.terminate()  # a shell without job control has it ignore SIGINT
        process.wait(LONGEST_END)


def _pipeline(dice: random.Random, number: int) -> dict[str, Any]:
    """Twenty to sixty steps, each after up to three of those before it; a third may be done once only."""
    steps: list[dict[str, Any]] = []
    for position in range(dice.randint(*STEPS)):
        name, before = f"s{position:02}", [step["id"] for step in steps]
        needs = dice.sample(before, k=min(len(before), dice.choice((0, 1, 1, 2, 3))))
        arguments = {"step": name, "seconds": dice.randint(*MILLISECONDS) / 1000}
        step: dict[str, Any] = {"id": name, "tool": dice.choice(("chaos.work", "chaos.work", "chaos.send"))}
        if dice.random() < 0.15:
            step |= {"foreach": list(range(dice.randint(3, 12))), "max_parallel": 4}
            arguments |= {"item": "${item}", "seconds": arguments["seconds"] / 4}
        step["arguments"] = arguments | {"given": [f"${{{need}}}" for need in sorted(needs)]}
        steps.append(step)
    outputs = {step["id"]: f"${{{step['id']}}}" for step in steps}
    return {"name": f"chaos-{number:03}", "steps": steps, "outputs": outputs}


class _Storm:
    """One pipeline, from its first process to its end."""

    def __init__(self, line: CommandLine, dice: random.Random, figures: Figures, targets: Mapping[str, int]) -> None:
        self._line = line
        self._dice = dice
        self._figures = figures
        self._targets = targets
        self._options = ("--yes", "--executor", "dask" if "worker" in targets else "local")
        self._ledger = line.project / "ledger"
        self._skipped: set[tuple[str, int | None]] = set()

    def over(self, pipeline: Mapping[str, Any], kills: int) -> None:
        """Kill until that was done often enough, go on after each, and look at what has become of it all."""
        self._ledger.unlink(missing_ok=True)
        name = str(pipeline["name"])
        (self._line.project / "chaos.json").write_text(json.dumps(pipeline))
        self._figures.runs += 1
        wanted = self._figures.kills.total() + kills
        for _ in range(MOST_LIVES):
            ended = self._life(self._command(name), wanted)
            if self._row(name).get("status") == "succeeded":
                break
            if ended.code == 2 and DOUBTFUL not in ended.err:
                raise AssertionError(f"{name} was refused: {ended.err}")
        self._judge(pipeline, self._row(name))

    def _command(self, name: str) -> list[str]:
        """What a person would type now."""
        row = self._row(name)
        if not row:
            return ["run", "chaos.json", *self._options]
        return ["resume", row["id"], *self._options, *self._words(row["id"])]

    def _row(self, name: str) -> dict[str, Any]:
        rows = self._line("runs", "--json", "--text", name).json
        return rows[0] if rows else {}

    def _words(self, run: str) -> list[str]:
        """What a person says of the steps of unknown outcome after a look at what they change."""
        done = self._sent()
        options: list[str] = []
        for step, places in self._doubtful(run).items():
            is_done = any((step, place) in done for place in places)
            word = "skip" if is_done else "retry"
            self._figures.words[word] += 1
            self._skipped |= {(step, place) for place in places} if is_done else set()
            options += [f"--{word}-step", step]
        return options

    def _doubtful(self, run: str) -> dict[str, list[int | None]]:
        """By step that needs a word the items of unknown outcome, None for a step that is one call."""
        told = self._line("resume", run, "--dry-run", "--json").json["steps"]
        found: dict[str, list[int | None]] = {each["id"]: [] for each in told if each["verdict"] == "doubtful"}
        rows = self._line("steps", run, "--items", "--json", "--limit", "10000").json if found else []
        for row in rows:
            if row["status"] == "interrupted" and row["step_id"] in found:
                found[row["step_id"]].append(row.get("item"))
        return {step: [item for item in items if item is not None] or items for step, items in found.items()}

    def _life(self, command: Sequence[str], wanted: int) -> Ended:
        """One process at the run, and what is killed meanwhile."""
        running = self._line.start(*command)
        self._figures.lives += 1
        said = ""
        try:
            running.wait_for("run running")
        except AssertionError as exc:  # it was refused
            said = str(exc)
        while self._figures.kills.total() < wanted and running.process.poll() is None:
            time.sleep(self._dice.uniform(0, LONGEST_LIFE))
            if running.process.poll() is None:
                self._kill(self._dice.choices(list(self._targets), list(self._targets.values()))[0], running)
        ended = running.end()
        return Ended(ended.code, ended.out, said + ended.err)

    def _kill(self, target: str, running: Running) -> None:
        match target:
            case "runner":
                running.kill()
                running.process.wait(10)
            case "worker":
                os.kill(self._dice.choice(self._workers()), signal.SIGKILL)
            case _:
                pids = [each["pid"] for each in self._line("status", "--json").json if each["name"] == target]
                if not pids or not pids[0]:
                    return
                with suppress(ProcessLookupError):
                    os.kill(pids[0], self._dice.choice((signal.SIGKILL, signal.SIGINT)))
        self._figures.kills[target] += 1

    def _workers(self) -> list[int]:
        while True:
            told = json.loads((self._line.project / ".brain" / "cluster.json").read_text())
            children = psutil.Process(Owner.parse(told["owner"]).pid).children(recursive=True)
            with suppress(psutil.Error):
                if workers := [each.pid for each in children if "spawn_main" in " ".join(each.cmdline())]:
                    return workers
            time.sleep(0.1)

    def _sent(self) -> Counter[tuple[str, int | None]]:
        lines = self._ledger.read_text().splitlines() if self._ledger.exists() else []
        return Counter((step, item) for step, item in map(json.loads, lines))

    def _judge(self, pipeline: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        name, sent = str(pipeline["name"]), self._sent()
        if row.get("status") != "succeeded":
            self._figures.unfinished.append(f"{name} is {row.get('status')}: {row.get('error')}")
            return
        shown = self._line("show", row["id"], "--json").json
        expected = _expected(pipeline, self._skipped)
        self._figures.lost += [
            f"{name}.{step} is {shown['outputs'].get(step)}, not {value}"
            for step, value in expected.items()
            if shown["outputs"].get(step) != value
        ]
        self._figures.repeated += [f"{name}.{key} was done {times} times" for key, times in sent.items() if times > 1]
        self._figures.sends += sent.total()
        self._figures.steps += sum(len(value) if isinstance(value, list) else 1 for value in expected.values())
        self._figures.lost += [
            f"{name}.{key} was never done" for key in _wanted(pipeline) - sent.keys() - self._skipped
        ]


def _wanted(pipeline: Mapping[str, Any]) -> set[tuple[str, int | None]]:
    """The side effects that a whole run has."""
    sends = [step for step in pipeline["steps"] if step["tool"] == "chaos.send"]
    return {(step["id"], item) for step in sends for item in step.get("foreach", [None])}


def _expected(pipeline: Mapping[str, Any], skipped: set[tuple[str, int | None]]) -> dict[str, Any]:
    """What each step gives, worked out here once more; null where a person said that it is not to be done again."""
    values: dict[str, Any] = {}
    for step in pipeline["steps"]:
        name = step["id"]
        given = [values[reference[2:-1]] for reference in step["arguments"]["given"]]
        made = [None if (name, item) in skipped else _value(name, item, given) for item in step.get("foreach", [None])]
        values[name] = made if "foreach" in step else made[0]
    return values


def _value(step: str, item: int | None, given: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps([step, item, given]).encode()).hexdigest()[:12]


def main() -> int:
    """0 = every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    broken = 0
    for name, kills, dask in (
        ("local", arguments.kills // 2, False),
        ("dask", arguments.kills - arguments.kills // 2, True),
    ):
        with tempfile.TemporaryDirectory(prefix="brain-chaos-") as folder:
            began = time.monotonic()
            figures = storm(Path(folder) / "project", seed=arguments.seed, kills=kills, dask=dask)
        print(f"{name}: {figures} ({time.monotonic() - began:.0f} s)")  # noqa: T201 - a program that prints
        print("\n".join(figures.broken))  # noqa: T201
        broken += len(figures.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
