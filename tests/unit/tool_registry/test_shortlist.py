"""The tools for a request of several parts: found as a whole and clause by clause."""

import pytest

from brain.language_models import WordLlamaEmbedder
from brain.tool_registry.registry import Registry, built_in_tools_file
from brain.tool_registry.search import ToolSearch
from brain.tool_registry.shortlist import clauses, shortlist


@pytest.fixture(scope="module")
def search() -> ToolSearch:
    return ToolSearch(Registry.from_file(built_in_tools_file()), WordLlamaEmbedder())


def test_a_request_is_taken_apart_at_its_stops_and_joining_words() -> None:
    request = "Read the feed, keep the newest posts, then translate them into German and save the file. Thanks!"
    assert clauses(request) == [
        "Read the feed", "keep the newest posts", "translate them into German", "save the file",
    ]  # fmt: skip
    assert clauses("Average rain by month") == []
    assert clauses("") == []


@pytest.mark.parametrize(
    ("request_text", "wanted"),
    [
        (
            "Fetch the news feed, translate the text into German, draw a bar chart of the counts and save it as a file",
            {"feed.read", "text.translate", "table.plot", "files.write"},
        ),
        (
            "Read the PDF, extract the prices, join them with the customers table, then take a screenshot of the page",
            {"pdf.extract_text", "text.extract", "table.join", "browser.screenshot"},
        ),
    ],
)
def test_each_clause_brings_its_tool(search: ToolSearch, request_text: str, wanted: set[str]) -> None:
    assert wanted <= {tool.name for tool in shortlist(search, request_text, 8, 6)}


def test_no_more_than_are_wanted_and_none_for_no_words(search: ToolSearch) -> None:
    request = "Fetch, parse, join, filter, sort, group, pivot, plot, translate, summarize, classify and save the tables"
    assert len(shortlist(search, request, 5)) == 5
    assert 5 < len(shortlist(search, request, 5, 4)) <= 9
    assert [tool.name for tool in shortlist(search, request, 5, 4)][:5] == [
        found.definition.name for found in search.search(request, 5)
    ]
    assert shortlist(search, "?!", 5, 4) == []
