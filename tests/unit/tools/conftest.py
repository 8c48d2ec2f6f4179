import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from brain.egress import Egress
from brain.language_models import Completion
from brain.tool_registry.context import ToolContext
from brain.tools import table_files

WEATHER = Path(__file__).parents[3] / "notebooks" / "data" / "seattle-weather.csv"


class FirstWords:
    """A chat model that answers with the first words of the text it was given, and keeps what it was asked."""

    name = "first-words"

    def __init__(self, context_tokens: int = 4096) -> None:
        self.context_tokens = context_tokens
        self.asked: list[tuple[str, int]] = []

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:
        self.asked.append((system + prompt, max_tokens))
        text = prompt.partition("Text:\n")[2].rpartition("\n\nSummary")[0]
        return Completion(" ".join(text.split()[:10]), len(prompt) // 4, 10)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A project folder with real data in it."""
    home = tmp_path / "project"
    (home / "notebooks" / "data").mkdir(parents=True)
    shutil.copy(WEATHER, home / "notebooks" / "data" / WEATHER.name)
    return home


@pytest.fixture
def model() -> FirstWords:
    return FirstWords()


@pytest.fixture
def context(folder, model) -> ToolContext:
    return ToolContext(folder, Egress(), model, secret=lambda name: name, report=lambda *_: None)


@pytest.fixture
def weather(context) -> pa.Table:
    return table_files.read("notebooks/data/seattle-weather.csv", context=context)
