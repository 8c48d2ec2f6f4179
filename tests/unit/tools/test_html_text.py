import pytest

from brain.errors import ToolError
from brain.tools.html import extract_text


def test_the_title_and_the_article_are_read_without_the_rest():
    paragraphs = "".join(f"<p>Sentence {number} of the article tells something about rain.</p>" for number in range(9))
    head = "<head><title>Rain &amp; sun</title><style>p {}</style></head>"
    page = f"<html>{head}<body><nav>Menu</nav>{paragraphs}</body></html>"
    read = extract_text(page)
    assert read["title"] == "Rain & sun"
    assert "Sentence 8 of the article" in read["text"]
    assert "Menu" not in read["text"]
    assert "<p>" not in read["text"]


def test_a_short_page_is_read_too():
    assert extract_text("<p>Hello <b>world</b></p>") == {"title": "", "text": "Hello world"}


def test_text_that_is_no_html_comes_back_as_it_is():
    assert extract_text(" 3 < 4 and 5 > 2 \n") == {"title": "", "text": "3 < 4 and 5 > 2"}


@pytest.mark.parametrize("html", ["", "   ", "<html></html>", "<script>var a = 1;</script>", "<!-- nothing -->"])
def test_a_page_without_text_is_told(html):
    with pytest.raises(ToolError, match="No readable text was found in the page; it may be empty"):
        extract_text(html)


@pytest.mark.parametrize("html", ["<p>" * 5000 + "deep", "<p>\x00\x01 odd \ud800</p>", "<a><b></a></b>text"])
def test_broken_html_does_not_break_the_tool(html):
    try:
        assert extract_text(html)["text"]
    except ToolError as exc:
        assert "No readable text" in str(exc)  # noqa: PT017 - either is an answer
