"""Every example of tools.json fits its schemas and runs, on real data and a real server."""

import copy
import inspect
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from notebook_files import write_notebook
from web_site import Site, SiteEgress, Visit, certificate, plain

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.executor.ports import ToolCall
from brain.session.examples import Examples, ExampleStatus
from brain.tool_registry.context import ToolContext
from brain.tool_registry.registry import Registry, built_in_tools_file, load
from brain.tools.workbook_writing import workbook_bytes

REGISTRY = Registry.from_file(built_in_tools_file())
EXAMPLES = [
    pytest.param(tool, example, id=f"{tool.name}: {example.description}")
    for tool in REGISTRY
    for example in tool.examples
    if tool.family != "browser"  # tests/integration/test_browser_examples.py runs those, in a browser
]
PAGE = f"""<html><title>Rain</title><body><h1>Rain</h1><a href="/news/1">News</a><img src="rain.png">
{"<p>It rains, and then it stops raining for a while.</p>" * 9}
<table><caption>Rain by month</caption><tr><th>Month<th>mm<tr><td>2012-01<td>173.3</table></body></html>"""
FEED = """<rss version="2.0"><channel><title>News</title><item><title>It rains</title>
<link>https://example.org/news/1</link><pubDate>Wed, 21 Oct 2015 07:28:00 GMT</pubDate></item></channel></rss>"""

STATIONS = pa.table({"station": ["Sand Point", "Boeing Field"], "elevation": [18.3, 6.1], "since": [1986, 1948]})
CUSTOMERS = pa.table({"id": [1, 2], "name": ["Ann", "Bo"]})
ORDERS = pa.table(
    {"Customer": [1, 1, 3], "Order Date": ["01/02/2020", "31/12/2020", None], "Price": ["$1,200", "$5", "-"]}
)


def items(visit: Visit, query: str) -> None:
    """Two pages, which can be found by counting and by their `next`."""
    number = int(query.partition("page=")[2] or 1)
    following = f"/items?page={number + 1}" if number < 2 else None
    results = [{"name": f"item {number}"}] if number <= 2 else []
    visit.answer(json.dumps({"results": results, "next": following}).encode(), content_type="application/json")


@pytest.fixture(scope="module")
def report() -> bytes:
    """A PDF of two pages."""
    written = io.BytesIO()
    with PdfPages(written) as pages:
        for number in (1, 2):
            figure = Figure()
            figure.text(0.1, 0.5, f"Page {number} is about rain.")
            pages.savefig(figure)
    return written.getvalue()


@pytest.fixture(scope="module")
def internet(report, tmp_path_factory) -> Iterator[SiteEgress]:
    """The hosts that the examples name, all of them one server on this machine."""
    pages = {
        "/": plain(PAGE, "text/html"),
        "/feed.xml": plain(FEED, "application/rss+xml"),
        "/report.pdf": plain(report, "application/pdf"),
        "/items": items,
        "/orders": plain('{"id": 7}', "application/json"),
    }
    pem = certificate(tmp_path_factory.mktemp("tls"), "example.org", "api.scraperapi.com")
    with pytest.MonkeyPatch.context() as patch, Site(pages) as site:
        site.encrypt(pem)
        patch.setenv("SSL_CERT_FILE", str(pem))
        yield SiteEgress(site)


@pytest.fixture
def secret(request):
    """The value of a secret; a database is started only for the tool that asks for it."""

    def value(name: str) -> str:
        return request.getfixturevalue("database_url") if name == "POSTGRES_QUERY_URL" else name

    return value


class Caller:
    """Calls a tool as a step would, and sees that arguments and result fit the schemas, also by the letter."""

    def __init__(self, context: ToolContext, codec: ArtifactCodec) -> None:
        self._context = context
        self._codec = codec

    def slot(self):
        return nullcontext()

    async def call(self, call: ToolCall) -> object:
        tool = call.tool
        Draft202012Validator(tool.input_schema).validate(call.arguments)
        function = load(tool)
        given = self._codec.unpack(copy.deepcopy(call.arguments))
        extra = {"context": self._context} if "context" in inspect.signature(function).parameters else {}
        result = function(**given, **extra)
        packed = self._codec.pack(await result if inspect.isawaitable(result) else result)
        Draft202012Validator(tool.output_schema).validate(packed)
        assert packed.get("format") == tool.output_schema.get("format")
        return packed


@pytest.fixture
async def examples(folder, model, internet, report, secret) -> AsyncIterator[Examples]:
    (folder / "notebooks" / "data" / "report.pdf").write_bytes(report)
    (folder / "stations.xlsx").write_bytes(workbook_bytes({"Orders": ORDERS, "Stations": STATIONS}))
    pq.write_table(CUSTOMERS, folder / "customers.parquet")
    codec = ArtifactCodec(MemoryStore())
    (folder / "notebooks" / "batch").mkdir()
    write_notebook(folder / "notebooks" / "batch" / "monthly_report.ipynb", ("month = 1", "parameters"), "print(month)")
    context = ToolContext(folder, internet, model, secret=secret, report=lambda *_: None)
    yield Examples(REGISTRY, Caller(context, codec), codec)
    await context.shared.aclose()


@pytest.mark.parametrize(("tool", "example"), EXAMPLES)
async def test_an_example_runs_and_its_result_fits_the_schema(examples, tool, example):
    (result,) = await examples.run(tool.model_copy(update={"examples": (example,)}), yes=True)
    assert (result.status, result.detail) == (ExampleStatus.PASSED, result.detail)
    assert result.result


def test_every_tool_has_an_example():
    assert [tool.name for tool in REGISTRY if not tool.examples] == []


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
        ("http.get", {"url": "https://example.org/", "params": {"a": {}}}),
        ("http.post", {"url": "https://example.org/", "form": {"a": 1}}),
        ("http.paginate", {"url": "https://example.org/", "max_pages": 0}),
        ("scraperapi.get", {"url": "https://example.org/", "country": "US&render=true"}),
        ("feed.read", {}),
        ("pdf.extract_text", {"first_page": 1}),
        ("pdf.extract_text", {"path": "a.pdf", "first_page": 0}),
        ("html.extract_links", {"html": "<p>", "pattern": ""}),
        ("html.extract_tables", {"html": "<p>", "number": 0}),
        ("html.select", {"html": "<p>", "selector": "p", "give": "json"}),
        ("table.read", {"path": ""}),
        ("table.filter", {"table": {}, "where": []}),
        ("table.filter", {"table": {}, "where": [{"column": "a", "operator": "like"}]}),
        ("table.aggregate", {"table": {}, "column": "a", "function": "average"}),
        ("table.aggregate", {"table": {}, "column": "a", "function": "mean", "by": {"column": "d", "part": "decade"}}),
        ("table.sort", {"table": {}, "by": "a", "limit": 0}),
        ("table.query", {"tables": {"a b": {}}, "sql": "SELECT 1"}),
        ("table.plot", {"table": {}, "kind": "pie"}),
        ("table.read", {"path": "a.csv", "delimiter": "||"}),
        ("table.join", {"left": {}, "right": {}, "on": {"left": "a"}}),
        ("table.join", {"left": {}, "right": {}, "on": "a", "how": "cross"}),
        ("table.group", {"table": {}, "aggregates": [{"column": "a"}]}),
        ("table.pivot", {"table": {}, "rows": "a", "columns": "b"}),
        ("table.unpivot", {"table": {}}),
        ("table.select", {"table": {}, "columns": ["a"], "drop": ["b"]}),
        ("table.sample", {"table": {}, "n": 3, "fraction": 0.1}),
        ("table.sample", {"table": {}}),
        ("table.validate", {"table": {}}),
        ("table.clean", {"table": {}, "decimal": ";"}),
        ("table.compute", {"table": {}, "columns": {"a": "b"}}),
        ("postgres.query", {"sql": "SELECT 1", "max_rows": 0}),
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
