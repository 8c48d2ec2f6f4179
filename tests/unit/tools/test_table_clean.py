import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.artifacts import notes_of
from brain.errors import ToolError
from brain.tools.table_clean import _readers, _Told, clean
from brain.tools.written_numbers import read_numbers
from brain.tools.written_values import NotRead, Read


@pytest.fixture
def cleaned(context):
    """Clean one column of texts; gives its values, its type and what is said."""

    def call(texts, **told):
        table = clean(pa.table({"v": pa.array(texts, pa.string())}), **told, context=context)
        return table.column("v").to_pylist(), str(table.schema.field("v").type), notes_of(table)

    return call


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", " 2 ", "-3", "−4", "+5"], [1, 2, -3, -4, 5]),
        (["1,234,567", "999"], [1234567, 999]),
        (["1,234.50", "0.5", ".5"], [1234.5, 0.5, 0.5]),
        (["1.234,50", "0,5"], [1234.5, 0.5]),
        (["1 234 567,8", "2\u00a0000"], [1234567.8, 2000.0]),
        (["1'234.5", "1’000"], [1234.5, 1000.0]),
        (["$1,200.00", "-$5", "$ 7", "0.25"], [1200.0, -5.0, 7.0, 0.25]),
        (["1.200,00 €", "5 €"], [1200.0, 5.0]),
        (["USD 5", "6 USD"], [5, 6]),
        (["100 kr", "2,5 kr"], [100.0, 2.5]),
        (["(1,200.5)", "3"], [-1200.5, 3.0]),
        (["12%", "7.5 %", "-0.1%"], [0.12, 0.075, -0.001]),
        (["1.5e-7", "1E+05"], [1.5e-7, 100000.0]),
        (["9223372036854775807", "-9223372036854775808"], [2**63 - 1, -(2**63)]),
        (["0", "10", None, "n/a", ""], [0, 10, None, None, None]),
    ],
)
def test_numbers_are_read_as_people_write_them(cleaned, texts, values):
    found, kind, _ = cleaned(texts)
    assert found == values
    assert kind == ("int64" if all(isinstance(value, int | None) for value in values) else "double")


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["1,234", "5,678"], "'1,234' may be 1234 or 1.234; set decimal to . or ,"),
        (["1.234 €"], "'1.234 €' may be 1.234 or 1234; set decimal to . or ,"),
        (["01234", "99999"], "'01234' begins with a zero, as codes do"),
        (["12345678901234567890"], "'12345678901234567890' has more digits than a number keeps"),
        (["€5", "$5"], "it mixes currencies ($, €)"),
        (["12%", "7"], "it mixes '12%' with '7'"),
        (["5", "6", "six"], "'six' is no number"),
        (["1,5", "1.5", "2,5"], "'1.5' is no number in the manner of the others"),
        (["01/02/2020", "03/04/2020"], "'01/02/2020' may be 2020-02-01 or 2020-01-02; set day_first"),
        (["31/12/2020", "12/31/2020"], "'12/31/2020' is no date in the order of the others"),
        (["2020-01-31T10:00Z", "2020-02-01T10:00"], "some times have a zone and others have none"),
        (["2020-01-31", "2020-01-31", "soon"], "'soon' is no date"),
    ],
)
def test_a_column_that_cannot_be_read_as_a_whole_or_in_one_way_is_left_and_told(cleaned, texts, reason):
    assert cleaned(texts) == (texts, "string", [f"Left as text: v, because {reason}."])


@pytest.mark.parametrize(
    "texts",
    [
        ["Oslo", "Bergen"],
        ["+4712345678"],
        ["12E5", "13E7"],
        ["10.0.0.1", "x", "y"],
        ["1 apple"],
        ["Y"],
        ["5-"],
        ["1" * 100],
    ],
)
def test_words_codes_and_telephone_numbers_stay_text_without_a_word(cleaned, texts):
    assert cleaned(texts) == (texts, "string", [])


@pytest.mark.parametrize(
    ("texts", "told", "values"),
    [
        (["1,234", "5,678"], {"decimal": "."}, [1234, 5678]),
        (["1,234", "5,678"], {"decimal": ","}, [1.234, 5.678]),
        (["01/02/2020"], {"day_first": True}, [dt.date(2020, 2, 1)]),
        (["01/02/2020"], {"day_first": False}, [dt.date(2020, 1, 2)]),
        (["20200131"], {"date_format": "%Y%m%d"}, [dt.date(2020, 1, 31)]),
        (["31.12.99"], {"date_format": "%d.%m.%y"}, [dt.date(1999, 12, 31)]),
        (["31.12.99 18h"], {"date_format": "%d.%m.%y %Hh"}, [dt.datetime(1999, 12, 31, 18)]),  # noqa: DTZ001
        (["unknown", "3"], {"missing": ["Unknown"]}, [None, 3]),
        (["none", "-"], {"missing": []}, ["none", "-"]),
    ],
)
def test_what_the_texts_leave_open_can_be_told(cleaned, texts, told, values):
    assert cleaned(texts, **told)[0] == values


JANUARY_31, FEBRUARY_1 = dt.date(2020, 1, 31), dt.date(2020, 2, 1)
EVENING, MIDNIGHT = dt.datetime(2020, 1, 31, 18, 30), dt.datetime(2020, 2, 1)  # noqa: DTZ001 - they have no zone
IN_UTC = dt.datetime(2020, 1, 31, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("texts", "values", "kind"),
    [
        (["2020-01-31", "2020-2-1"], [JANUARY_31, FEBRUARY_1], "date32[day]"),
        (["31/01/2020", "01/02/2020"], [JANUARY_31, FEBRUARY_1], "date32[day]"),
        (["01/31/2020", "02-01-2020"], [JANUARY_31, FEBRUARY_1], "date32[day]"),
        (["1.2.2020"], [FEBRUARY_1], "date32[day]"),
        (["03/03/2020"], [dt.date(2020, 3, 3)], "date32[day]"),
        (["1 Feb 2020", "January 31st, 2020", "1. Feb 2020"], [FEBRUARY_1, JANUARY_31, FEBRUARY_1], "date32[day]"),
        (["2020-01-31 18:30", "2020-02-01"], [EVENING, MIDNIGHT], "timestamp[us]"),
        (["01/31/2020 6:30 PM", "2/1/2020 12:00 am"], [EVENING, MIDNIGHT], "timestamp[us]"),
        (["2020-01-31T10:00:00+02:00", "Fri, 31 Jan 2020 08:00:00 GMT"], [IN_UTC] * 2, "timestamp[us, tz=UTC]"),
        (["2020-01-31T08:00:00.000001000Z"], [IN_UTC.replace(microsecond=1)], "timestamp[us, tz=UTC]"),
    ],
)
def test_dates_are_read_as_people_write_them(cleaned, texts, values, kind):
    assert cleaned(texts)[:2] == (values, kind)


@pytest.mark.parametrize(
    "text",
    [
        "2020-02-30",
        "2020-13-01",
        "31.02.2020",
        "2020-01-01 25:00",
        "2020-01-01 13:00 PM",
        "2020-01-01T00:00:00.123456789",
        "0001-01-01T00:00+14:00",
        "1 Foo 2020",
    ],
)
def test_what_is_no_date_stays_text(cleaned, text):
    assert cleaned([text])[:2] == ([text], "string")


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["yes", "No", "YES"], [True, False, True]),
        (["true"], [True]),
        (["on", "off", None], [True, False, None]),
        (["y", "n"], [True, False]),
        (["T", "T"], ["T", "T"]),
        (["yes", "false"], ["yes", "false"]),
        (["yes", "maybe"], ["yes", "maybe"]),
    ],
)
def test_words_for_true_and_false_are_read_in_pairs(cleaned, texts, values):
    assert cleaned(texts)[0] == values


def test_spaces_are_cut_and_words_for_nothing_are_missing_in_text_too(cleaned):
    texts = [" Oslo ", "Oslo", "\ufeffBergen\u00a0", "N/A", "", "-", None, "Null"]
    assert cleaned(texts) == (
        ["Oslo", "Oslo", "Bergen", None, None, None, None, None],
        "string",
        ["Words for nothing became missing values: v (4).", "Spaces around values were cut: v (2)."],
    )


def test_it_says_what_became_what(context):
    table = pa.table(
        {
            "price": ["$1,200.50", "$3"],
            "rate": ["1,5%", "2,5%"],
            "day": ["31/12/2020", "1/1/2021"],
            "seen": ["2020-01-01T00:00Z"] * 2,
            "is_new": ["yes", "no"],
            "n": [1, 2],
            "zip": ["01234", "56789"],
        }
    )
    assert notes_of(clean(table, context=context)) == [
        "Text became numbers in price.",
        "Text became numbers (with a decimal comma) (1% is 0.01) in rate.",
        "Text became dates (day first) in day.",
        "Text became times in UTC in seen.",
        "Text became true and false in is_new.",
        "Left as text: zip, because '01234' begins with a zero, as codes do.",
    ]


def test_only_text_of_the_named_columns_is_touched(context):
    table = pa.table({"a": ["1"], "b": ["2"], "c": pa.array(["3"]).dictionary_encode(), "n": [" "], "d": [4]})
    result = clean(table, ["a", "c", "d"], context=context)
    assert [str(field.type) for field in result.schema] == ["int64", "string", "int64", "string", "int64"]
    assert result.column("n").to_pylist() == [" "]
    with pytest.raises(ToolError, match=r"no column 'z'"):
        clean(table, ["z"], context=context)


def test_columns_can_get_plain_names(context):
    names = ["Order Date", "orderDate", "HTTPStatus", "Größe (cm)", "a.b-c", " ", "already_plain", "2020"]
    table = clean(pa.table([["x"]] * len(names), names=names), snake_case=True, context=context)
    plain = ["order_date", "order_date_2", "http_status", "größe_cm", "a_b_c", "column_6", "already_plain", "2020"]
    assert table.column_names == plain
    (said,) = notes_of(table)
    assert said.startswith("Columns were renamed: Order Date to order_date, orderDate to order_date_2, HTTPStatus to")


def test_empty_columns_and_tables_stay(context):
    table = pa.table({"a": pa.nulls(2, pa.string()), "b": ["", " "], "n": pa.nulls(2)})
    result = clean(table, context=context)
    assert result.column("b").to_pylist() == [None, None]
    assert [str(field.type) for field in result.schema] == ["string", "string", "null"]
    assert clean(table.slice(0, 0), context=context).num_rows == 0


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"decimal": ";"}, "decimal takes '.' or ',', not ';'"),
        ({"date_format": "%d.%m."}, "date_format needs a year, as in %d.%m.%Y, and '%d.%m.' has none"),
        ({"date_format": "%Q %Y"}, "'%Q %Y' is no date_format: write it as %d.%m.%Y"),
    ],
)
def test_what_is_told_wrongly_is_refused(cleaned, told, complaint):
    with pytest.raises(ToolError, match=complaint):
        cleaned(["1"], **told)


def written(number, point, group):
    whole, _, part = f"{abs(number):.2f}".partition(".")
    return f"{'-' if number < 0 else ''}{int(whole):,}".replace(",", group) + point + part


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=8),
    convention=st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'")]),
)
def test_every_number_is_read_back_in_the_convention_that_it_was_written_in(numbers, convention):
    point, group = convention
    texts = [written(number, point, group) for number in numbers]
    outcome = read_numbers(texts, point)
    assert isinstance(outcome, Read)
    assert outcome.values == [float(number) for number in numbers]


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(st.text("0123456789.,-+%$€ eE()/:TZ'", min_size=1, max_size=12), min_size=1, max_size=6))
def test_no_text_breaks_it(texts):
    for reader in _readers(_Told(date_format="%d.%m.%Y")):
        outcome = reader(texts)
        assert isinstance(outcome, NotRead) or len(outcome.values) == len(texts)
