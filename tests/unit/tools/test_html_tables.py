"""Tables of pages."""

import time
from datetime import date, datetime

import pytest

from brain.errors import ToolError
from brain.tools.html_tables import extract_tables

NOON = datetime(2024, 1, 2, 12)  # noqa: DTZ001 - a page says no time zone
MENU = "<table><tr><td>Home<td>News</table>"
CITIES = """<table><caption>Cities and <b>rain</b></caption>
<thead><tr><th rowspan=2>City<th colspan=2>Rain</tr><tr><th>days<th>mm</tr></thead>
<tbody><tr><td rowspan=2>Oslo<td>1,204<td>2.5</tr><tr><td>−3<td>–</tr><tr><td>Rome<td>80<td>n/a</tr></tbody>
<tfoot><tr><td>all<td>1281<td></tr></tfoot></table>"""
PAGE = f"<html><body>{MENU}<p>text</p>{CITIES}<table><tr><th>a<th>b<tr><td>x<td>y</table></body></html>"


def typed(rows: str) -> tuple[str, list[object]]:
    written = "".join(f"<tr><td>{row}<td>x" for row in rows.split("|"))
    table = extract_tables(f"<table><tr><th>v<th>w{written}</table>")
    return str(table.schema.field(0).type), table.column(0).to_pylist()


def test_the_largest_table_is_taken_with_its_spans_and_headings_spread_out():
    table = extract_tables(PAGE)
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("City", "string"),
        ("Rain days", "int64"),
        ("Rain mm", "double"),
    ]
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("Oslo", 1204, 2.5),
        ("Oslo", -3, None),
        ("Rome", 80, None),
        ("all", 1281, None),
    ]


def test_a_table_is_chosen_by_number_or_by_a_text_in_it():
    assert extract_tables(PAGE, number=1).column_names == ["column_1", "column_2"]
    assert extract_tables(PAGE, number=3).to_pylist() == [{"a": "x", "b": "y"}]
    assert extract_tables(PAGE, containing="cities  AND rain").column_names[0] == "City"
    assert extract_tables(PAGE, number=1, containing="News").num_rows == 1


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"number": 4}, "number 4"),
        ({"containing": "Paris"}, "the text 'Paris' in it"),
        ({"number": 1, "containing": "Rome"}, "number 1 and the text 'Rome' in it"),
    ],
)
def test_where_none_fits_the_tables_are_listed(choice, wanted):
    with pytest.raises(ToolError) as failure:
        extract_tables(PAGE, **choice)
    assert str(failure.value) == (
        f"The page has no table with {wanted}. Its tables are: 1 (1 rows, 2 columns: Home, News); "
        "2 (6 rows, 3 columns: City, Rain); 3 (2 rows, 2 columns: a, b)."
    )


@pytest.mark.parametrize(
    ("rows", "kind", "values"),
    [
        ("1|-2|+3", "int64", [1, -2, 3]),
        ("1,234|12,345,678", "int64", [1234, 12345678]),
        ("1|2.5|.5", "double", [1.0, 2.5, 0.5]),
        ("1e3|2", "double", [1000.0, 2.0]),
        ("2024-01-02|", "date32[day]", [date(2024, 1, 2), None]),
        ("2024-01-02 12:00|2024-01-02T12:00:05", "timestamp[us]", [NOON, NOON.replace(second=5)]),
        ("007|12", "string", ["007", "12"]),
        ("1,5|2", "string", ["1,5", "2"]),
        ("12%|3%", "string", ["12%", "3%"]),
        ("1|two", "string", ["1", "two"]),
        ("2024-13-45|", "string", ["2024-13-45", None]),
        ("99999999999999999999|1", "string", ["99999999999999999999", "1"]),
        ("-|n/a|", "string", [None, None, None]),
        ("true|false", "string", ["true", "false"]),
        ("'a'|\"b", "string", ["'a'", '"b']),
    ],
)  # fmt: skip
def test_a_column_has_the_type_that_all_its_values_fit(rows, kind, values):
    assert typed(rows) == (kind, values)


def test_every_column_has_a_name_of_its_own():
    table = extract_tables("<table><tr><th>x<th>x<th><th>x<tr><td>1<td>2<td>3<td>4</table>")
    assert len(set(table.column_names)) == 4
    assert table.column_names[0] == "x"
    assert table.column_names[2] == "column_3"


def test_the_first_row_may_be_the_heading_without_saying_so():
    page = "<table><tr><td>day<td>mm<tr><td>2024-01-02<td>3</table>"
    assert extract_tables(page).column_names == ["column_1", "column_2"]
    assert extract_tables(page, header_in_first_row=True).to_pylist() == [{"day": date(2024, 1, 2), "mm": 3}]


def test_a_table_inside_a_table_is_what_it_says_and_a_table_of_its_own():
    page = "<table><tr><td>a<table><tr><td>in<td>side</table><td>b<tr><td>c<td>d</table>"
    assert extract_tables(page).column("column_1").to_pylist() == ["a in side", "c"]
    assert extract_tables(page, number=2).to_pylist() == [{"column_1": "in", "column_2": "side"}]


def test_rows_of_different_lengths_are_filled_up():
    table = extract_tables("<table><tr><th>a<tr><td>1<td>2<td>3<tr><td>4</table>")
    assert [tuple(row.values()) for row in table.to_pylist()] == [(1, 2, 3), (4, None, None)]


def test_what_is_hidden_is_left_out():
    assert typed("<span style='display:none'>9</span>7|8") == ("int64", [7, 8])


@pytest.mark.parametrize("html", ["<p>none</p>", "<table></table>", "<table><tr></tr></table>"])
def test_a_page_without_a_table_is_told(html):
    with pytest.raises(ToolError, match="There is no table in the page"):
        extract_tables(html)


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<table><tr><th>only</table>", "has headings but no rows"),
        ("<table><tr><td></table>", "cannot be read"),
        ("<table><tr>" + "<td colspan=1000>x" * 600 + "</table>", "has more than 500,000 cells"),
    ],
)
def test_a_table_that_cannot_be_taken_is_told(html, complaint):
    with pytest.raises(ToolError, match=rf"Table 1 \(1 rows, \d+ columns: .*\) {complaint}"):
        extract_tables(html)


def test_spans_beyond_all_reason_are_cut_as_browsers_do():
    started = time.monotonic()
    table = extract_tables(
        "<table><tr><td colspan=100000000>a<tr><td rowspan=99999999>b<td colspan=x rowspan=-3>c<tr><td>d</table>"
    )
    assert (table.num_columns, table.num_rows) == (1000, 3)
    assert table.column(0).to_pylist() == ["a", "b", "b"]
    assert time.monotonic() - started < 30
