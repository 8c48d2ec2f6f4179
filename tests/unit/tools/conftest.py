import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from scripted_openai import marked_in

from brain.egress import Egress
from brain.language_models import Completion, StructuredCompletion
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
        return Completion(self._first_words(prompt, system, max_tokens), len(prompt) // 4, 10)

    async def structured(
        self, prompt: str, schema: dict[str, Any], *, system: str = "", max_tokens: int = 1500, **_: Any
    ) -> StructuredCompletion:
        words = self._first_words(prompt, system, max_tokens)
        return StructuredCompletion(_example(schema, words), len(prompt) // 4, 10)

    def _first_words(self, prompt: str, system: str, max_tokens: int) -> str:
        self.asked.append((system + prompt, max_tokens))
        return " ".join(marked_in(prompt)[0][1].split()[:10])


def _example(schema: dict[str, Any], words: str) -> Any:
    """A value that fits a schema, with the words as every text."""
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if "enum" in schema:
        return schema["enum"][0]
    match kind:
        case "object":
            return {name: _example(inner, words) for name, inner in schema["properties"].items()}
        case "array":
            return [_example(schema["items"], words)]
        case "string":
            return "2026-05-03" if schema.get("format") == "date" else words
        case _:
            return schema.get("minimum", 1)


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
