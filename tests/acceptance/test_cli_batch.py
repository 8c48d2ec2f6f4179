"""`brain batch` at a shell: many notebooks, some that fail, ends that nobody wanted, and going on."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from command_line import CommandLine, Terminal, eventually, new_project, remove_project
from notebook_files import write_notebook

PARAMETERS = ("city = 'Oslo'  # where\nnumber: int = 1", "parameters")
REPORT = (
    PARAMETERS,
    "import brain",
    "if number % 15 == 0:\n    raise ValueError(f'no data for {city}')",
    "brain.record('double', 2 * number)",
)
SLOW = (
    PARAMETERS,
    "import os, time\nfrom pathlib import Path\nPath(f'begun-{number}-{os.getpid()}').touch()",
    "while number > 4 and not Path('go').exists():\n    time.sleep(0.02)",
    "with Path('ran.txt').open('a') as ran:\n    ran.write(f'{number}\\n')",
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("batch") / "office")
    write_notebook(made.project / "report.ipynb", *REPORT)
    write_notebook(made.project / "slow.ipynb", *SLOW)
    yield made
    remove_project(made.project)


def write_sets(path: Path, count: int) -> str:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["city", "number"])
        writer.writerows([["Oslo", "Rome", "Bern"][number % 3], number] for number in range(1, count + 1))
    return path.name


def begun(project: Path) -> list[int]:
    return [int(path.name.split("-")[1]) for path in project.glob("begun-*")]


def ran(project: Path) -> Counter[int]:
    file = project / "ran.txt"
    return Counter(map(int, file.read_text().split())) if file.exists() else Counter()


def clean(project: Path) -> None:
    for path in (*project.glob("begun-*"), project / "ran.txt", project / "go"):
        path.unlink(missing_ok=True)


def test_three_hundred_sets_of_which_twenty_fail(office: CommandLine) -> None:
    sets = write_sets(office.project / "sets.csv", 300)
    ended = office.start("batch", "report.ipynb", "--params", sets, "--out", "made", "--table", "table.csv").end(400)

    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0].split() == ["set", "status", "city", "number", "double", "time", "error"]
    assert lines[1].startswith("15   failed")
    assert "cell 4 of 5: ValueError: no data for Oslo" in lines[1]
    assert lines[-2].startswith("280 succeeded · 20 failed · in ")
    batch_id = lines[-2].rpartition(" ")[2]
    assert lines[-1] == f"To run the 20 without a result again: brain batch {batch_id} --resume"

    rows = list(csv.DictReader((office.project / "table.csv").read_text().splitlines()))
    assert Counter(row["status"] for row in rows) == {"succeeded": 280, "failed": 20}
    assert all(float(row["double"]) == 2 * int(row["number"]) for row in rows if row["status"] == "succeeded")
    made = sorted((office.project / "made").iterdir())
    assert [path.name for path in made] == [f"report-{number:03}.ipynb" for number in range(1, 301)]
    kinds = Counter(
        any(output.output_type == "error" for cell in notebook.cells for output in cell.get("outputs", ()))
        for notebook in (nbformat.read(path, as_version=4) for path in made)
    )
    assert kinds == {False: 280, True: 20}

    shown = office("batch", "show", batch_id, "--json").json
    assert (shown["status"], shown["counts"]) == ("failed", {"succeeded": 280, "failed": 20})
    assert len({one["run_id"] for one in shown["sets"]}) == 300
    listed = office("batch", "list", "--json").json[0]
    assert (listed["id"], listed["succeeded"], listed["failed"], listed["unfinished"]) == (batch_id, 280, 20, 0)


def test_a_killed_batch_is_gone_on_with_and_nothing_is_run_twice(office: CommandLine) -> None:
    project = office.project
    clean(project)
    sets = write_sets(project / "twelve.csv", 12)
    running = office.start("batch", "slow.ipynb", "--params", sets, "--jobs", "3")
    eventually(lambda: len(begun(project)) == 7)  # four have ended, three wait for `go`
    eventually(lambda: len(ran(project)) == 4)
    batch_id = office("batch", "list", "--json").json[0]["id"]
    eventually(lambda: office("batch", "show", batch_id, "--json").json["counts"].get("succeeded") == 4)
    pids = [int(path.name.split("-")[2]) for path in project.glob("begun-*")]
    running.kill()
    running.end()
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids))

    left = office("batch", "show", batch_id, "--json").json
    assert left["status"] == "interrupted"
    assert left["counts"] == {"succeeded": 4, "interrupted": 3, "queued": 5}
    (project / "go").touch()
    ended = office("batch", "slow.ipynb", "--params", sets, "--jobs", "3", "--resume", "--json")

    assert (ended.code, ended.json["id"]) == (0, batch_id)
    assert ended.json["counts"] == {"succeeded": 12}
    assert ran(project) == dict.fromkeys(range(1, 13), 1)
    assert Counter(begun(project)) == {**dict.fromkeys(range(1, 13), 1), 5: 2, 6: 2, 7: 2}
    runs = office(
        "sql", f"SELECT count(*) AS runs FROM runs WHERE batch_id = '{ended.json['batch_id']}'", "--json"
    ).json
    assert runs == [{"runs": 12}]


def test_ctrl_c_ends_what_runs_and_says_how_to_go_on(office: CommandLine) -> None:
    project = office.project
    clean(project)
    write_sets(project / "six.csv", 6)
    running = office.start("batch", "slow.ipynb", "--params", "six.csv", "--jobs", "1", "--fresh")
    running.wait_for("5 Bern 5  running")
    watching = office.start("watch", office("batch", "list", "--json").json[0]["id"])
    watching.wait_for("5 Bern 5  running")
    running.interrupt()
    ended = running.end()

    assert ended.code == 130
    said = ended.err.splitlines()
    assert said[-1].startswith("Cancelled. What was done is kept; to go on: brain batch ")
    assert "Traceback" not in ended.err
    batch_id = said[-1].split()[-2]
    watched = watching.end()
    assert watched.code == 130
    assert watched.out.splitlines()[-2].startswith("4 succeeded · 1 cancelled · 1 not begun")
    (project / "go").touch()
    gone_on = office("resume", batch_id)
    assert gone_on.code == 0
    assert "6 succeeded" in gone_on.out
    assert ran(project) == dict.fromkeys(range(1, 7), 1)


def test_it_is_ended_from_another_shell(office: CommandLine) -> None:
    clean(office.project)
    running = office.start("batch", "slow.ipynb", "-p", "number=9", "--fresh")
    running.wait_for("running")
    eventually(lambda: begun(office.project))
    batch_id = office("batch", "list", "--json").json[0]["id"]
    refused = office("batch", batch_id, "--resume")
    assert refused.code == 2
    assert "is being run already" in refused.err
    assert office("cancel", batch_id, "--json").json["status"] == "cancelled"
    assert running.end().code == 130


def test_at_a_terminal_bars_move_and_the_table_stays(office: CommandLine) -> None:
    terminal = Terminal(office, "batch", "report.ipynb", "--params", "{city: Oslo, number: [1..3]}", "--fresh")
    terminal.read_until("batch ", seconds=60)
    assert terminal.end() == 0
    assert "✓ 1 1" in terminal.seen
    assert "3 succeeded" in terminal.seen


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report.ipynb"], "Which parameters? Give a table, a file or a grid of them: --params FILE."),
        (["--resume", "nothing.ipynb"], "There is no notebook nothing.ipynb."),
        (["repot.ipynb", "--params", "sets.csv"], "There is no notebook repot.ipynb. Did you mean report?"),
        (["report.ipynb", "--params", "none.csv"], "none.csv cannot be read: No such file or directory."),
        (["report.ipynb", "--params", "{number: [x]}"], 'set 1: number: takes a whole number, not "x"'),
        (["report.ipynb", "-p", "number"], "--parameter takes name=value and got 'number'."),
        (["report.ipynb", "-p", "number=1", "--table", "t.txt"], "--table takes a file that ends in .csv or .json"),
        (["report.ipynb", "-p", "number=1", "--resume", "--fresh"], "leave one of them out"),
        (["show", "ffffffff"], "No batch's id begins or ends with 'ffffffff'"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_run(office: CommandLine, arguments: list[str], says: str) -> None:
    ended = office("batch", *arguments)
    assert ended.code == 2, ended.err
    assert says in ended.err
    assert "Traceback" not in ended.err
    assert json.loads(office("batch", "list", "--json").out or "[]") is not None
