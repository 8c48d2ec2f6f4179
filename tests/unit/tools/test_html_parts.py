"""Links and other parts of a page."""

import pytest

from brain.errors import ToolError
from brain.tools.html import extract_links, select

PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<html><head><title>T</title></head><body>
<a href="/news/1">First  <b>news</b></a> <a href="/news/1#more"></a> <a href="?page=2">Next</a>
<a href=" https://www.other.example/x ">Elsewhere</a> <a href="//cdn.example.org/y">Žluť</a>
<a href="mailto:a@b.example">Mail</a> <a href="javascript:alert(1)">Script</a> <a href="#top">Top</a> <a>None</a>
<a href="">Empty</a> <a href="http://[broken">Broken</a> <a href="file:///etc/passwd">File</a>
<a href="https://sub.example.org/z"><img src="a.png" alt="A picture"></a> <a href="/t" title="By title"></a>
<p class="note">One <i>note</i></p><p class="note" id="n2">Two</p>
</body></html>"""
BASE = "https://www.example.org/dir/page.html"


def test_links_are_absolute_each_once_in_order_with_what_they_say():
    found = extract_links(PAGE, BASE)
    assert [(link["url"], link["text"]) for link in found["links"]] == [
        ("https://www.example.org/news/1", "First news"),
        ("https://www.example.org/dir/page.html?page=2", "Next"),
        ("https://www.other.example/x", "Elsewhere"),
        ("https://cdn.example.org/y", "Žluť"),
        ("https://sub.example.org/z", "A picture"),
        ("https://www.example.org/t", "By title"),
    ]
    assert found["urls"] == [link["url"] for link in found["links"]]
    assert (found["count"], found["left_out"]) == (6, 0)


def test_without_the_pages_address_relative_links_are_left_out_and_counted():
    found = extract_links(PAGE)
    assert found["urls"] == ["https://www.other.example/x", "https://sub.example.org/z"]
    assert found["left_out"] == 5


def test_a_page_may_say_what_its_links_start_from():
    page = '<base href="/b/"><base href="/c/"><a href="x">x</a>'
    assert extract_links(page, BASE)["urls"] == ["https://www.example.org/b/x"]
    assert extract_links('<base href="http://b.example/"><a href="x">x</a>')["urls"] == ["http://b.example/x"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"text": "NEWS"}, 1),
        ({"text": "žluť"}, 1),
        ({"text": "nothing"}, 0),
        ({"pattern": "*/news/*"}, 1),
        ({"pattern": "https://*.example.org/?"}, 3),
        ({"pattern": "news"}, 0),
        ({"same_site": True}, 5),
        ({"same_site": True, "text": "next", "pattern": "*page=*"}, 1),
    ],
)
def test_links_are_kept_by_text_by_pattern_and_by_site(wanted, count):
    assert extract_links(PAGE, BASE, **wanted)["count"] == count


def test_a_site_is_a_host_and_those_below_it():
    page = "".join(
        f'<a href="https://{host}/">x</a>'
        for host in ("example.org", "www.example.org", "a.example.org", "badexample.org", "example.org.evil")
    )
    same = ["https://example.org/", "https://www.example.org/", "https://a.example.org/"]
    assert extract_links(page, "https://example.org/", same_site=True)["urls"] == same
    assert extract_links(page, "https://www.example.org/", same_site=True)["urls"] == same
    assert extract_links(page, "https://a.example.org/", same_site=True)["urls"] == same
    with pytest.raises(ToolError, match="same_site needs base_url"):
        extract_links(page, same_site=True)


@pytest.mark.parametrize(
    ("arguments", "matches"),
    [
        ({"selector": "p.note"}, ["One note", "Two"]),
        ({"selector": "#n2", "give": "html"}, ['<p class="note" id="n2">Two</p>']),
        ({"selector": ".note", "attribute": "ID"}, ["n2"]),
        ({"selector": "img", "attribute": "src"}, ["a.png"]),
        ({"selector": "img", "attribute": "src", "base_url": BASE}, ["https://www.example.org/dir/a.png"]),
        ({"selector": "a[href^=mailto]", "attribute": "href", "base_url": BASE}, ["mailto:a@b.example"]),
        ({"selector": "p:nth-of-type(2), title"}, ["T", "Two"]),
        ({"selector": "table"}, []),
    ],
)  # fmt: skip
def test_parts_are_selected_as_text_html_or_attribute(arguments, matches):
    assert select(PAGE, **arguments)["matches"] == matches


def test_of_many_matches_the_first_are_given_and_all_counted():
    assert select("<p>x</p>" * 5, "p", limit=2) == {"matches": ["x", "x"], "count": 5, "limited": True}
    assert not select("<p>x</p>" * 2, "p", limit=2)["limited"]


@pytest.mark.parametrize("selector", ["", "a[", "p::before", "a:nothing()", "//p", "a" + " a" * 5000])
def test_what_is_no_selector_is_told(selector):
    with pytest.raises(ToolError, match="is no CSS selector that is understood: ") as refusal:
        select(PAGE, selector)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("html", ["", "  ", "<!-- nothing -->", "<?xml?>"])
def test_an_empty_page_is_told(html):
    for look in (lambda: extract_links(html), lambda: select(html, "p")):
        with pytest.raises(ToolError, match="The page is empty"):
            look()


@pytest.mark.parametrize("html", ["\0", "\ud800<p>x", "<" * 10_000, "<div>" * 20_000, "<a href=x" * 5000, "plain text"])
def test_a_broken_page_does_not_break_the_tools(html):
    assert extract_links(html, BASE)["count"] >= 0
    assert select(html, "p")["count"] >= 0
