"""Approval of real runs: what a person saw is what is done, although the world changes before they answer."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import CommandLine, new_project, remove_project

from brain import Brain
from brain.runs import RunStatus

PRICES = "shop,price\nnorth,10\nsouth,20\n"
SPEC = {
    "name": "kept prices",
    "steps": [
        {"id": "read", "tool": "table.read", "arguments": {"path": "prices.csv"}},
        {"id": "save", "tool": "files.write", "arguments": {"path": "kept.csv", "content": "${read}"}},
    ],
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("approval") / "shop")
    yield made
    remove_project(made.project)


def another_price(project: Path) -> None:
    (project / "prices.csv").write_text(PRICES.replace("20", "2000000"))


def another_version(project: Path) -> None:
    tools = json.loads((project / "tools.json").read_text())
    [write] = [tool for tool in tools["tools"] if tool["name"] == "files.write"]
    write["version"] = f"{write['version']}.1"
    (project / "tools.json").write_text(json.dumps(tools))


def waiting_run(shop: CommandLine) -> str:
    (shop.project / "prices.csv").write_text(PRICES)
    kept(shop).unlink(missing_ok=True)
    with Brain(shop.project) as brain:
        waiting = brain.run(SPEC)
    assert waiting.status is RunStatus.WAITING
    return str(waiting.run_id)


def kept(shop: CommandLine) -> Path:
    return shop.project / "outputs" / "kept.csv"


def rows(file: Path) -> list[list[str]]:
    return list(csv.reader(file.read_text().splitlines()))


@pytest.mark.parametrize("change", [another_price, another_version])
def test_what_has_changed_since_it_was_shown_is_not_done(shop: CommandLine, change: Callable[[Path], None]) -> None:
    run_id = waiting_run(shop)
    change(shop.project)
    with Brain(shop.project) as brain:
        again = brain.approve(run_id)
        assert again.status is RunStatus.WAITING
        assert not kept(shop).exists()
        done = brain.approve(again)
    assert done.status is RunStatus.SUCCEEDED
    assert rows(kept(shop)) == rows(shop.project / "prices.csv")


def test_what_has_not_changed_is_done_by_another_process(shop: CommandLine) -> None:
    run_id = waiting_run(shop)
    assert shop("approve", run_id, "--yes").code == 0
    assert rows(kept(shop)) == rows(shop.project / "prices.csv")


def test_only_what_a_run_shows_is_approved_by_it(shop: CommandLine) -> None:
    run_id = waiting_run(shop)
    with Brain(shop.project) as brain:
        shown = brain.show(run_id)
        another_price(shop.project)
        assert brain.approve(run_id).status is RunStatus.WAITING
        assert brain.approve(shown).status is RunStatus.WAITING
        assert not kept(shop).exists()
        assert brain.approve(brain.show(run_id)).status is RunStatus.SUCCEEDED
