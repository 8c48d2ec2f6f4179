"""The Python in the pages runs as it stands, in a project with the shipped data."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/pipelines.md", "docs/evaluation.md", "docs/artifacts.md", "docs/durability.md")
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_programs_in_the_pages_run(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "notebooks", project / "notebooks")
    monkeypatch.chdir(project)
    programs = [code for page in PAGES for code in PYTHON.findall((ROOT / page).read_text()) if "Brain()" in code]
    assert len(programs) == 6
    for code in programs:
        exec(compile(code, "a page", "exec"), {})
    printed = capsys.readouterr().out
    for seen in (
        "mean_precipitation by month",
        "similarity",
        "Oslo",
        "sum_precipitation",
        "mean_wind by month",
        "4 of 4",
        "1461 rows are kept in",
        "days again its arguments changed: where",
    ):
        assert seen in printed
