"""The notebook as a person has it: JupyterLab in Chromium."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import new_project, remove_project
from jupyterlab import Lab, Notebook, chromium, lab
from notebook_files import write_notebook
from playwright.sync_api import Browser
from scripted_openai import Asked, ScriptedOpenAI, says, says_json

SCREENSHOTS = Path(__file__).parents[2] / "outputs" / "screenshots"
"""Where nothing is committed."""
SLOW = """%%brain run
name: slow
steps:
  - {id: first, tool: shop.nap, arguments: {seconds: 2, label: a}}
  - {id: each, tool: shop.nap, foreach: [1, 2, 3, 4], max_parallel: 1, arguments: {seconds: 1, label: "n${item}"}}
  - {id: last, tool: shop.nap, needs: [first, each], arguments: {seconds: 60, label: z}}"""
SENDING = """%%brain run
name: sending
steps:
  - {id: save, tool: files.write, arguments: {path: outputs/sent.txt, content: from a cell}}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    project = new_project(folder / "shop").project
    with lab(project, folder) as started:
        yield started
    remove_project(project)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def opened(browser: Browser, server: Lab, name: str, *cells: str) -> Notebook:
    server.write(name, *cells)
    notebook = Notebook(browser.new_page(viewport={"width": 1200, "height": 1000}), server, name)
    notebook.open()
    return notebook


def photographed(notebook: Notebook, name: str) -> None:
    """Pictures in both themes, to be looked at."""
    for theme in ("Light", "Dark"):
        notebook.show_in(f"JupyterLab {theme}")
        notebook.page.screenshot(path=SCREENSHOTS / f"{name}-{theme.lower()}.png")
    notebook.show_in("JupyterLab Light")


@pytest.mark.timeout(240)
def test_a_run_moves_is_cancelled_while_the_cell_runs_and_is_seen_again_after_all(
    browser: Browser, server: Lab
) -> None:
    notebook = opened(browser, server, "slow.ipynb", "%load_ext brain", SLOW, "%brain watch last")
    assert notebook.finish(0) == ""
    notebook.run(1)
    seen = [
        notebook.wait_for(1, r"▸\s+first shop\.nap\s+[\d.]+ s\s+napping a"),
        notebook.wait_for(1, r"✓\s+first shop\.nap[^▸]*▸\s+each shop\.nap\s+[\d.]+ s\s+\d: napping n\d"),
        notebook.wait_for(1, r"✓\s+each shop\.nap\s+[\d.]+ s\s+4 of 4[^▸]*▸\s+last shop\.nap"),
    ]
    assert len(set(seen)) == 3
    photographed(notebook, "running")
    notebook.click("Cancel")
    ended = notebook.wait_for(1, r"RunUnfinished: The run \w{8} was cancelled")
    assert re.search(r"^cancelled$", ended, re.MULTILINE), ended
    photographed(notebook, "cancelled")

    notebook.restart_kernel()
    assert notebook.finish(0) == ""
    watched = notebook.finish(2)
    assert re.search(r"✓\s+first shop\.nap", watched), "from its first step"
    assert "cancelled" in watched

    notebook.save()
    notebook.open()
    assert re.search(r"■\s+last shop\.nap", notebook.text(1))
    assert "model not found" not in notebook.text(1) + notebook.text(2)
    photographed(notebook, "loaded-again")


@pytest.mark.timeout(240)
def test_a_batch_moves_notebook_by_notebook_and_its_table_stays(browser: Browser, server: Lab) -> None:
    gate = server.project / "go"
    gate.unlink(missing_ok=True)
    write_notebook(
        server.project / "report.ipynb", ("city = 'Oslo'", "parameters"),
        "import brain, time\nfrom pathlib import Path",
        "while city == 'Rome' and not Path('go').exists():\n    time.sleep(0.02)",
        "brain.record('letters', len(city))",
    )  # fmt: skip
    notebook = opened(
        browser, server, "batch.ipynb", "%load_ext brain",
        "%%brain batch report.ipynb --jobs 1\ncity: [Oslo, Rome, Bern]",
    )  # fmt: skip
    notebook.finish(0)
    notebook.run(1)
    notebook.wait_for(1, r"✓\s+1 Oslo notebook\.run[^▸]*▸\s+2 Rome notebook\.run\s+[\d.]+ s\s+cell \d of \d")
    photographed(notebook, "batch")
    gate.touch()
    ended = notebook.wait_for(1, r"3 succeeded · in [\d.]+ s · batch \w{8}")
    assert re.search(r"^2\s+succeeded\s+Rome\s+4", ended, re.MULTILINE), ended
    photographed(notebook, "batch-ended")


@pytest.mark.timeout(240)
def test_a_request_is_answered_below_the_cell(browser: Browser, server: Lab) -> None:
    notebook = opened(
        browser, server, "ask.ipynb", "%load_ext brain", "%%brain\naverage price by shop in sales.csv",
        "%brain plan average price by shop in sales.csv",
    )  # fmt: skip
    notebook.finish(0)
    answered = notebook.finish(1)
    assert re.search(r"^succeeded", answered, re.MULTILINE)
    assert re.search(r"^south\s+30", answered, re.MULTILINE)
    planned = notebook.finish(2)
    assert "table.aggregate" in planned
    photographed(notebook, "answered")


@pytest.mark.timeout(240)
def test_a_change_is_approved_by_a_click(browser: Browser, server: Lab) -> None:
    notebook = opened(browser, server, "approve.ipynb", "%load_ext brain", SENDING)
    notebook.finish(0)
    waiting = notebook.finish(1)
    assert "changes something" in waiting
    assert not (server.project / "outputs" / "sent.txt").exists()
    photographed(notebook, "waiting")
    notebook.click("Approve")
    notebook.wait_for(1, r"^succeeded in [\d.]+ s · 1 step")
    assert (server.project / "outputs" / "sent.txt").read_text().strip() == "from a cell"
    photographed(notebook, "approved")


@pytest.mark.timeout(240)
def test_the_stop_button_cancels_the_run(browser: Browser, server: Lab) -> None:
    notebook = opened(browser, server, "stop.ipynb", "%load_ext brain", SLOW, "%brain show last")
    notebook.finish(0)
    notebook.run(1)
    notebook.wait_for(1, r"▸\s+first shop\.nap\s+[\d.]+ s")
    notebook.execute("notebook:interrupt-kernel")
    stopped = notebook.wait_for(1, r"^KeyboardInterrupt$")
    assert "Traceback" not in stopped
    assert re.search(r"^cancelled$", stopped, re.MULTILINE), stopped
    assert re.search(r"^cancelled in", notebook.finish(2), re.MULTILINE)


@pytest.mark.timeout(240)
def test_bars_go_on_moving_beside_the_cells_that_follow(browser: Browser, server: Lab) -> None:
    begun = SLOW.replace("run\n", "run --background --out h\n").replace("seconds: 2", "seconds: 60")
    notebook = opened(browser, server, "beside.ipynb", "%load_ext brain", begun, "1 + 1", "h.wait().status")
    notebook.finish(0)
    notebook.finish(1)
    assert notebook.finish(2).strip().endswith("2")
    first = notebook.wait_for(1, r"▸\s+first shop\.nap\s+[\d.]+ s\s+napping a")
    assert first != notebook.wait_for(1, r"▸\s+last shop\.nap|✓\s+each shop\.nap|▸\s+each shop\.nap\s+[\d.]+ s\s+4")
    (server.project / "wake").touch()
    try:
        assert "succeeded" in notebook.finish(3)
        notebook.wait_for(1, r"^succeeded$")
    finally:
        (server.project / "wake").unlink()


@pytest.mark.timeout(240)
def test_a_change_is_edited_before_it_is_made(browser: Browser, server: Lab) -> None:
    notebook = opened(browser, server, "edit.ipynb", "%load_ext brain", SENDING.replace("sent", "edited"))
    notebook.finish(0)
    notebook.finish(1)
    notebook.click("Edit")
    editor = notebook.page.locator(".jp-OutputArea textarea")
    written = editor.input_value()
    assert "path: outputs/edited.txt" in written
    editor.fill(written.replace("files.write", "files.wirte"))
    notebook.click("Run the edited pipeline")
    notebook.wait_for(1, "there is no tool .*Did you mean files.write")
    editor.fill(written.replace("from a cell", "something else"))
    photographed(notebook, "edited")
    notebook.click("Run the edited pipeline")
    notebook.wait_for(1, "something else")
    notebook.click("Approve")
    notebook.wait_for(1, r"^succeeded in [\d.]+ s · 1 step")
    assert (server.project / "outputs" / "edited.txt").read_text().strip() == "something else"


def asks_how_many(asked: Asked) -> Any:
    """Plans with a limit that a person has to say, and answers in prose."""
    if "response_format" not in asked.body:
        return says("Here they are [top].")
    sort = {"table": "${sales}", "by": "price", "descending": True, "limit": {"ask_person": "How many rows?"}}
    steps = [
        {"id": "sales", "tool": "table.read", "arguments": {"path": "sales.csv"}},
        {"id": "top", "tool": "table.sort", "arguments": sort},
    ]
    return says_json({"name": "top", "steps": steps, "outputs": {"top": "${top}"}})


@pytest.mark.timeout(240)
def test_a_question_is_answered_in_a_form(browser: Browser, server: Lab) -> None:
    with ScriptedOpenAI() as model:
        model.script(asks_how_many)
        settings = f"%env OPENAI_BASE_URL={model.base_url}\n%env BRAIN_CHAT_MODEL=imaginary\n%load_ext brain"
        asked = "%%brain\nThe most expensive rows of sales.csv by price"
        notebook = opened(browser, server, "question.ipynb", settings, asked)
        notebook.finish(0)
        assert "How many rows?" in notebook.finish(1)
        photographed(notebook, "question")
        field = notebook.page.locator(".jp-OutputArea input[type=text]")
        field.fill("many")
        notebook.click("Answer")
        notebook.wait_for(1, "takes a whole number")
        field.fill("2")
        field.press("Tab")
        notebook.click("Answer")
        answered = notebook.wait_for(1, r"^succeeded in [\d.]+ s · 2 steps")
        assert re.search(r"^south\s+40", answered, re.MULTILINE), answered


@pytest.mark.timeout(240)
def test_without_widgets_the_page_below_the_cell_is_redrawn(browser: Browser, server: Lab) -> None:
    slow = SLOW.replace("seconds: 2", "seconds: 60")
    notebook = opened(browser, server, "html.ipynb", "%env BRAIN_PROGRESS=html\n%load_ext brain", slow)
    notebook.finish(0)
    notebook.run(1)
    notebook.wait_for(1, r"▸\s+first shop\.nap\s+[\d.]+ s\s+napping a")
    assert notebook.page.locator("button.jupyter-button").count() == 0
    notebook.wait_for(1, r"▸\s+each shop\.nap\s+[\d.]+ s\s+\d: napping")
    (server.project / "wake").touch()
    try:
        notebook.wait_for(1, r"^succeeded in [\d.]+ s · 3 steps")
    finally:
        (server.project / "wake").unlink()
    photographed(notebook, "html")


@pytest.mark.timeout(240)
def test_an_untrusted_notebook_looks_the_same(browser: Browser, server: Lab) -> None:
    plotted = "%%brain\naverage price by shop in sales.csv, and a chart"
    notebook = opened(browser, server, "trusted.ipynb", "%load_ext brain", plotted)
    notebook.finish(0)
    trusted = notebook.finish(1)
    notebook.save()
    notebook.wait_until_saved()
    read = server.saved("trusted.ipynb")
    read["cells"][0]["source"] = "# sent by somebody else\n%load_ext brain"
    read["cells"][1]["outputs"][0]["data"]["text/plain"] = "another signature"
    (server.project / "sent.ipynb").write_text(json.dumps(read))
    sent = Notebook(notebook.page, server, "sent.ipynb")
    sent.open()
    assert not sent.is_trusted()
    assert sent.text(1) == trusted
    pictures = sent.page.locator(".jp-OutputArea img")
    assert pictures.count() == 2, "the graph and the chart"
    assert all(pictures.nth(number).evaluate("image => image.naturalWidth > 50") for number in range(2))
    photographed(sent, "untrusted")


@pytest.mark.timeout(240)
def test_a_run_is_watched_and_cancelled_from_another_notebook(browser: Browser, server: Lab) -> None:
    first = opened(browser, server, "one.ipynb", "%load_ext brain", SLOW.replace("seconds: 2", "seconds: 60"))
    other = opened(browser, server, "other.ipynb", "%load_ext brain", "%brain watch last", "%brain show last")
    other.finish(0)
    first.finish(0)
    first.run(1)
    first.wait_for(1, r"▸\s+first shop\.nap\s+[\d.]+ s")
    other.run(1)
    other.wait_for(1, r"▸\s+first shop\.nap\s+[\d.]+ s\s+napping a")
    other.click("Cancel")
    first.wait_for(1, r"RunUnfinished: The run \w{8} was cancelled")
    other.wait_for(1, r"^cancelled$")
    assert re.search(r"^cancelled in", other.finish(2), re.MULTILINE)
