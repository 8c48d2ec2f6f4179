import time
from functools import cache

import pytest

from brain.language_models import WordLlamaEmbedder
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry, built_in_tools_file
from brain.tool_registry.search import ToolSearch


@cache
def built_in() -> ToolSearch:
    return ToolSearch(Registry.from_file(built_in_tools_file()), WordLlamaEmbedder())


def names(request: str, limit: int) -> list[str]:
    return [found.definition.name for found in built_in().search(request, limit)]


@pytest.mark.parametrize(
    ("request_", "tool"),
    [
        ("Average daily rainfall by month in Seattle", "table.aggregate"),
        ("the ten hottest days, highest first", "table.sort"),
        ("only days of 2012", "table.filter"),
        ("join the two tables with SQL", "table.query"),
        ("draw a bar chart", "table.plot"),
        ("download https://example.org", "http.get"),
        ("open the CSV file", "table.read"),
        ("sum up the article in two sentences", "text.summarize"),
        ("save the result to a file", "files.write"),
        ("what does this page say", "html.extract_text"),
        ("all links of a page", "html.extract_links"),
        ("the table on that page", "html.extract_tables"),
        ("pick elements by CSS selector", "html.select"),
        ("post JSON to an API", "http.post"),
        ("all pages of an API", "http.paginate"),
        ("news from an RSS feed", "feed.read"),
        ("what does the PDF say", "pdf.extract_text"),
        ("scrape through ScraperAPI", "scraperapi.get"),
    ],
)
def test_each_kind_of_request_finds_its_tool_among_the_first_three(request_, tool):
    assert tool in names(request_, 3)


def test_a_tool_is_found_by_its_meaning_where_no_word_is_shared():
    assert "table.plot" in names("visualize it", 3)


def test_the_best_comes_first_and_no_more_than_asked():
    found = built_in().search("average by month as a chart", 4)
    assert len(found) == 4
    assert [tool.score for tool in found] == sorted((tool.score for tool in found), reverse=True)


@pytest.mark.parametrize("request_", ["", "   ", "?!", "the of and"])
def test_a_request_without_words_fits_nothing(request_):
    assert built_in().search(request_) == []


def test_no_tools_fit_where_there_are_none():
    assert ToolSearch([], WordLlamaEmbedder()).search("anything") == []


def test_five_thousand_tools_are_searched_in_a_moment():
    tools = [
        ToolDefinition.model_validate(
            {
                "name": f"family{number}.verb",
                "description": f"Does thing {number} with subject {number % 71} for object {number % 13}.",
                "inputSchema": {"type": "object"},
            }
        )
        for number in range(5000)
    ]
    search = ToolSearch(tools, WordLlamaEmbedder())
    assert search.search("thing 4321", 1)[0].definition.name == "family4321.verb"
    started = time.process_time()
    search.search("thing 77", 10)
    assert time.process_time() - started < 2  # building the index anew takes several


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
def test_each_clause_brings_its_tool(request_text: str, wanted: set[str]) -> None:
    assert wanted <= {found.definition.name for found in built_in().search(request_text, 12)}


def test_no_more_than_are_wanted_and_none_for_no_words() -> None:
    request = "Fetch, parse, join, filter, sort, group, pivot, plot, translate, summarize, classify and save the tables"
    assert len(built_in().search(request, 5)) == 5
    assert built_in().search("?!", 5) == []
