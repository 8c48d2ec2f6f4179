import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.pipeline_builder.expressions import Chain, Unresolved, compile_expression


@pytest.mark.parametrize(
    ("text", "chains"),
    [
        ("links", ["links"]),
        ("links.urls[0].href", ["links.urls[0].href"]),
        ("links.urls | length(@)", ["links.urls"]),
        ("length(links.urls)", ["links.urls"]),
        ("pages[*].links.href", ["pages"]),
        ("site.pages[?size > `1`].name", ["site.pages"]),
        ("left.x || right", ["left.x", "right"]),
        ("{a: left, b: right.y[0]}", ["left", "right.y[0]"]),
        ("sort_by(rows, &name)", ["rows"]),
        ("(left || right).x", ["left", "right"]),
        ('"a b".c', ["a b.c"]),
        ("x && x.y && !x", ["x", "x.y"]),
    ],
)
def test_an_expression_tells_what_it_reads(text: str, chains: list[str]) -> None:
    assert [str(chain) for chain in compile_expression(text).chains] == chains


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,3}", fullmatch=True)


@given(NAMES, st.lists(NAMES.map(lambda name: f".{name}") | st.integers(-99, 99).map(lambda index: f"[{index}]")))
def test_a_plain_expression_is_read_as_jmespath_reads_it(head: str, keys: list[str]) -> None:
    plain = compile_expression("".join([head, *keys]))
    parsed = compile_expression("".join([f'"{head}"', *keys]))
    assert (plain.chains, plain.leading, plain.is_plain, plain.gives) == (
        parsed.chains, parsed.leading, parsed.is_plain, parsed.gives,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("links.", "'' is not expected at character 7"),
        ("a-b", "Unknown token '-' at character 2"),
        ("rows > 0", "0 is not expected at character 8; numbers stand in backticks"),
        ("rows[?x", "ends too early"),
        ("lenght(a)", "calls lenght(), which JMESPath has not. Did you mean length?"),
        ("length(a, b)", "calls length() with 2 arguments; it takes 1"),
        ("not_null()", "it takes 1 or more"),
        ("@", "names nothing"),
        ("*", "names nothing"),
        ("[0]", "names nothing"),
        ("length(@)", "names nothing"),
        ("!a.b", "write !(name.key), with parentheses"),
        ("x || !a.b[0]", "write !(name.key), with parentheses"),
        ("&a", "& stands in the arguments of a function only"),
        ("!" * 50_000 + "a", "nested too deeply"),
        ("a[" + "9" * 5000 + "]", "is no JMESPath"),
    ],
)
def test_a_bad_expression_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        compile_expression(text)
    assert "\n" not in str(caught.value)


def test_old_text_literals_are_read_without_a_warning() -> None:
    assert compile_expression("a == `x`").evaluate({"a": "x"}) is True


SCOPE = {"links": {"urls": [{"href": "x"}], "count": 2, "none": None}, "skipped": None, "text": "abc"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("links.urls[0].href", "x"),
        ("links.urls[-1].href", "x"),
        ("links.none", None),
        ("links.none.deeper[3]", None),
        ("skipped.anything", None),
        ("links.urls | length(@)", 1),
        ("links.urls[*].missing", []),
        ("links.missing || links.count", 2),
        ("max_by(links.urls[?href == 'y'], &href)", None),
    ],
)
def test_null_stays_null_and_alternatives_may_be_missing(text: str, value: object) -> None:
    assert compile_expression(text).evaluate(SCOPE) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("links.hrefs", "is not there: links holds count, none, urls"),
        ("links.url", "Did you mean urls?"),
        ("links.url | length(@)", "is not there: links holds count, none, urls. Did you mean urls?"),
        ("links.urls[1]", "links.urls has 1 items"),
        ("links.urls.href", "links.urls is a list (take an item with [0], or all with [*])"),
        ("links.count.x", "links.count is a single value"),
        ("links[0]", "links is no list"),
        ("text[0]", "text is no list"),
        ("length(links.count)", "cannot be worked out (In function length(), invalid type"),
        ("`[1]`[0] < text || links", "cannot be worked out"),
        ("links.urls[::0]", "cannot be worked out"),
    ],
)
def test_what_is_missing_is_told_with_what_is_there(text: str, message: str) -> None:
    with pytest.raises(Unresolved) as caught:
        compile_expression(text).evaluate(SCOPE)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("a", None),
        ("a[*].b", "array"),
        ("x.a[*].b", "array"),
        ("a > b", "boolean"),
        ("{x: a}", "object"),
        ("a[]", "array"),
    ],
)
def test_the_form_of_an_expression_may_tell_the_type(text: str, gives: str | None) -> None:
    assert compile_expression(text).gives == gives


def test_a_chain_reads_as_it_is_written() -> None:
    assert str(Chain("links", ("urls", 0, "href"))) == "links.urls[0].href"
