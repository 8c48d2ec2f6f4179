"""What README, CONTRIBUTING and docs/ say is there: commands, options, settings, pipelines, code, files, links."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from brain.cli import EXIT_CODES
from brain.cli.app import app
from brain.config_secrets import Settings
from brain.evaluator import Suite
from brain.pipeline_builder.build import build
from brain.pipeline_builder.spec import PipelineSpec
from brain.session.tool_words import tools_page
from brain.tool_registry.from_function import entry_of
from brain.tool_registry.registry import Registry, find_function, load

ROOT = Path(__file__).parents[2]
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")), *(ROOT / "docs").rglob("*.md")]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
PATH_OF_OURS = re.compile(r"(?:brain|tests|migrations|docs|notebooks|benchmarks)/[\w./-]*")
MOST_BYTES_OF_PICTURES = 300_000


def blocks(language: str) -> list[Any]:
    """Every fenced block in a language, as parameters that are named by their page."""
    return [
        pytest.param(match[2], id=f"{page.relative_to(ROOT)}:{number}")
        for page in PAGES
        for number, match in enumerate(BLOCK.finditer(page.read_text()))
        if match[1] == language
    ]


def spans(page: Path) -> list[str]:
    return SPAN.findall(BLOCK.sub("", page.read_text()))


def shell_lines() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.values[0].splitlines()]
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words lead to, and the words behind it; fails where there is none."""
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands and hasattr(command, "default"):
            words = [command.default, *words]
        assert words[0] in command.commands, f"there is no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def verbs() -> Iterator[str]:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        yield from [f"{name} {inner}" for inner in getattr(command, "commands", {})] or [name]


def test_there_are_pages_to_look_at() -> None:
    assert len(PAGES) > 10
    assert len(blocks("python")) >= 4
    assert len(blocks("yaml")) >= 3
    assert len([line for line in shell_lines() if line.startswith("brain ")]) >= 5


@pytest.mark.parametrize("code", blocks("python"))
def test_python_in_the_pages_compiles(code: str) -> None:
    compile(code, "a page", "exec")


@pytest.mark.parametrize("text", blocks("yaml"))
def test_a_pipeline_or_a_suite_in_the_pages_can_be_used(text: str) -> None:
    registry = Registry.from_file(ROOT / "tools.json")
    if re.search("^cases:", text, re.MULTILINE):
        Suite.from_text(text).check_tools([tool.name for tool in registry])
    else:
        build(PipelineSpec.from_text(text), registry)


def test_the_tool_that_the_docs_add_has_the_entry_that_they_show_and_can_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = dict(BLOCK.findall((ROOT / "docs/tools.md").read_text()))
    (tmp_path / "my_tools.py").write_text(found["python"])
    (tmp_path / "tools.json").write_text(json.dumps({"tools": [json.loads(found["json"])]}))
    monkeypatch.syspath_prepend(tmp_path)
    [tool] = Registry.from_file(tmp_path / "tools.json")
    assert entry_of(find_function("my_tools:change")) == json.loads(found["json"])
    assert callable(load(tool))


def test_the_page_of_all_tools_is_as_tools_json_is() -> None:
    page = tools_page(Registry.from_file(ROOT / "tools.json"))
    assert (ROOT / "docs/tools-reference.md").read_text() == page, "it is stale: make docs"


@pytest.mark.parametrize("line", [line for line in shell_lines() if line.startswith("brain ")])
def test_a_command_line_in_the_pages_is_understood(line: str) -> None:
    command, arguments = resolve(shlex.split(line)[1:])
    assert command.make_context("brain", arguments).params


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_that_a_page_names_exist(page: Path) -> None:
    for span in spans(page):
        if span.startswith("brain ") and not span.startswith("brain --"):
            command, rest = resolve(shlex.split(span)[1:])
            known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
            assert {word for word in rest if word.startswith("-")} <= known, span


def test_the_readme_names_every_command() -> None:
    named = {" ".join(span.split()[1:]).partition(" -")[0] for span in spans(ROOT / "README.md") if "brain " in span}
    assert set(verbs()) - named == set()


def test_the_readme_lists_the_exit_codes() -> None:
    listed = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert listed == [line.split()[0] for line in EXIT_CODES.splitlines()]


def test_the_settings_page_explains_every_setting_and_no_other() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert set(listed) == {name.upper() for name in Settings.model_fields} - {"PROJECT"}


def test_the_tools_page_explains_every_annotation_of_the_registry() -> None:
    registry = (ROOT / "tools.json").read_text()
    used = {*re.findall(r'"(x-[a-z-]+)":', registry), *re.findall(r'"x-(?:role|column)": "(\w+)"', registry)}
    assert used
    assert used - set(spans(ROOT / "docs/tools.md")) == set()


def test_lines_for_env_files_are_ones_that_settings_take() -> None:
    lines = [line for line in shell_lines() if re.match(r"[A-Z_]+=", line)]
    assert lines
    for line in lines:
        name, _, value = line.partition("=")
        assert Settings.model_validate({"project": ROOT, name.lower(): value}).model_fields_set == {
            "project",
            name.lower(),
        }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for picture, text, target in LINK.findall(BLOCK.sub("", page.read_text())):
        assert text.strip(), f"{target} has no text"
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} does not exist"
        assert not picture or there.suffix in (".svg", ".png")
        assert not anchor or anchor in anchors(there), f"{target} has no such heading"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = {span for span in spans(page) if PATH_OF_OURS.fullmatch(span) and "NNNN" not in span}
    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_that_a_page_names_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {span.split()[1] for span in spans(page) if re.match(r"make [a-z]", span)}
    assert named - targets == set()


def test_contributing_shows_the_layers_that_are_enforced() -> None:
    [contract, *_] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    shown = dict(BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text()))["text"]
    rows = [re.split(r" {3,}", line)[0] for line in shown.splitlines()]
    assert rows == contract["layers"]


def test_pictures_are_small_and_fetch_nothing() -> None:
    pictures = [path for path in (ROOT / "docs/images").iterdir() if path.suffix in (".svg", ".png")]
    assert sum(path.stat().st_size for path in pictures) < MOST_BYTES_OF_PICTURES
    for path in pictures:
        if path.suffix == ".svg":
            addresses = set(re.findall(r"https?://[^\s\"')]+", path.read_text()))
            assert addresses <= {"http://www.w3.org/2000/svg"}, path


def test_every_decision_is_in_the_list() -> None:
    folder = ROOT / "docs/decisions"
    listed = {target for _, _, target in LINK.findall((folder / "README.md").read_text())}
    assert listed == {path.name for path in folder.glob("*.md")} - {"README.md"}
