"""Every example of a browser tool fits its schemas and runs in a real Chromium, on a real server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator
from web_site import Site, SiteEgress, plain

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.config_secrets import load_settings
from brain.language_models import ChatModel
from brain.tool_registry.context import SharedResources, ToolContext
from brain.tool_registry.registry import Registry, built_in_tools_file, load

REGISTRY = Registry.from_file(built_in_tools_file())
EXAMPLES = [
    pytest.param(tool, example, id=f"{tool.name}: {example.description}")
    for tool in REGISTRY
    if tool.name.startswith("browser.")
    for example in tool.examples
]
PAGES = {
    "/": plain(
        f"<title>Rain</title><body>{'<p>It rains, and then it stops raining for a while.</p>' * 9}", "text/html"
    ),
    "/form": plain("<form action=/><label>Search <input name=q></label><button>Go</button></form>", "text/html"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def context(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ToolContext]:
    """One browser for all examples; the hosts that they name are one server on this machine."""
    folder: Path = tmp_path_factory.mktemp("project")
    shared = SharedResources()
    with Site(PAGES) as site:
        model: ChatModel | None = None
        yield ToolContext(
            folder, SiteEgress(site), model, secret=lambda name: name, report=lambda *_: None, shared=shared,
            chromium=load_settings(folder).brain_chromium,
        )  # fmt: skip
        await shared.aclose()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("tool", "example"), EXAMPLES)
async def test_an_example_runs_and_its_result_fits_the_schema(context, tool, example):
    arguments = {**example.arguments, "url": example.arguments["url"].replace("https://", "http://")}
    Draft202012Validator(tool.input_schema).validate(arguments)
    packed = ArtifactCodec(MemoryStore()).pack(await load(tool)(**arguments, context=context))
    Draft202012Validator(tool.output_schema).validate(packed)
    assert packed.get("format") == tool.output_schema.get("format")
    assert packed.get("text", "It rains").startswith(("It rains", "Rain"))
