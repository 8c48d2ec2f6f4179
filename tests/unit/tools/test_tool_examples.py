"""Every example of tools.json fits its schemas and runs, on real data and a real server."""

import copy
import inspect
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.config_secrets import load_settings
from brain.egress import Egress, EgressPolicy
from brain.tool_registry.context import SharedResources, ToolContext
from brain.tool_registry.registry import Registry, built_in_tools_file, load

REGISTRY = Registry.from_file(built_in_tools_file())
EXAMPLES = [
    pytest.param(tool, example, id=f"{tool.name}: {example.description}")
    for tool in REGISTRY
    for example in tool.examples
]
PAGE = f"<html><title>Rain</title><body>{'<p>It rains, and then it stops raining for a while.</p>' * 9}</body></html>"


FORM = "<form action=/><label>Search <input name=q></label><button>Go</button></form>"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write((FORM if self.path == "/form" else PAGE).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared():
    """One browser for all examples."""
    resources = SharedResources()
    yield resources
    await resources.aclose()


@pytest.fixture
def call(folder, model, address, shared):
    """Run a tool as a step would: references resolved, arguments and result as JSON that fits the schemas."""
    codec = ArtifactCodec(MemoryStore())
    egress = Egress(EgressPolicy(allow=("127.0.0.1",)))
    context = ToolContext(
        folder, egress, model, secret=lambda name: name, report=lambda *_: None, shared=shared,
        chromium=load_settings(folder).brain_chromium,
    )  # fmt: skip

    async def run(name: str, arguments: dict[str, object]) -> object:
        tool = REGISTRY.get(name)
        Draft202012Validator(tool.input_schema).validate(arguments)
        function = load(tool)
        given = codec.unpack(copy.deepcopy(arguments))
        extra = {"context": context} if "context" in inspect.signature(function).parameters else {}
        result = function(**given, **extra)
        packed = codec.pack(await result if inspect.isawaitable(result) else result)
        Draft202012Validator(tool.output_schema).validate(packed)
        assert packed.get("format") == tool.output_schema.get("format")
        return packed

    return run


@pytest_asyncio.fixture(loop_scope="module")
async def values(call, address):
    """What the references in the examples stand for."""
    weather = await call("table.read", {"path": "notebooks/data/seattle-weather.csv"})
    by = {"column": "date", "part": "month"}
    arguments = {"table": weather, "column": "precipitation", "function": "mean", "by": by}
    return {
        "https://example.org/": address,
        "https://example.org/form": f"{address}form",
        "${weather}": weather,
        "${monthly}": await call("table.aggregate", arguments),
        "${page.text}": PAGE,
        "${article.text}": "It rains. Then it stops.",
    }


def resolved(value, values):
    match value:
        case str():
            return values.get(value, value)
        case dict():
            return {key: resolved(item, values) for key, item in value.items()}
        case list():
            return [resolved(item, values) for item in value]
        case _:
            return value


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("tool", "example"), EXAMPLES)
async def test_an_example_runs_and_its_result_fits_the_schema(call, values, tool, example):
    arguments = resolved(example.arguments, values)
    assert "${" not in str(arguments)
    assert await call(tool.name, arguments)


@pytest.mark.parametrize("tool", REGISTRY, ids=lambda tool: tool.name)
def test_each_definition_tells_what_a_planner_needs(tool):
    assert tool.input_schema["additionalProperties"] is False
    assert tool.annotations.title
    assert tool.description.split(". ")[0]
    for name, schema in tool.parameters.items():
        assert schema.get("description") or "default" in schema, name


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("http.get", {}),
        ("http.get", {"url": 3}),
        ("browser.scrape", {"url": "https://example.org/", "timeout": 0}),
        ("browser.screenshot", {"url": "https://example.org/", "width": 10}),
        ("browser.fill_and_submit", {"url": "https://example.org/", "fields": {}}),
        ("browser.fill_and_submit", {"url": "https://example.org/", "fields": {"a": None}}),
        ("table.read", {"path": ""}),
        ("table.filter", {"table": {}, "where": []}),
        ("table.filter", {"table": {}, "where": [{"column": "a", "operator": "like"}]}),
        ("table.aggregate", {"table": {}, "column": "a", "function": "average"}),
        ("table.aggregate", {"table": {}, "column": "a", "function": "mean", "by": {"column": "d", "part": "decade"}}),
        ("table.sort", {"table": {}, "by": "a", "limit": 0}),
        ("table.query", {"tables": {"a b": {}}, "sql": "SELECT 1"}),
        ("table.plot", {"table": {}, "kind": "pie"}),
        ("files.write", {"path": "a.txt"}),
        ("files.write", {"path": "a.txt", "content": 1, "mode": "w"}),
    ],
)
def test_a_schema_refuses_what_the_tool_would(tool, arguments):
    assert not Draft202012Validator(REGISTRY.get(tool).input_schema).is_valid(arguments)


def test_column_and_table_arguments_are_marked_for_planners():
    aggregate = REGISTRY.get("table.aggregate").parameters
    assert aggregate["table"]["format"] == "table"
    assert aggregate["column"]["format"] == "column"
    assert REGISTRY.get("table.read").parameters["path"]["format"] == "path"
    assert REGISTRY.get("http.get").parameters["url"]["format"] == "uri"
