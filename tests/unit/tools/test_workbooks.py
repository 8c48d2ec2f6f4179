"""Excel workbooks: what is read and written, and what hostile or broken ones do."""

import datetime as dt
import io
import struct
import time
import zipfile
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pytest

from brain.artifacts import notes_of
from brain.errors import ToolError
from brain.tools import table_files, workbooks
from brain.tools.workbook_writing import workbook_bytes


@pytest.fixture
def read(context, folder):
    """Write a workbook of these sheets, rows of cells, and read one."""

    def call(sheets, **how):
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for title, rows in sheets.items():
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        workbook.save(folder / "book.xlsx")
        return table_files.read("book.xlsx", **how, context=context)

    return call


@pytest.fixture
def packed(context, folder):
    """Read a file with these bytes, or parts of an archive."""

    def call(content, name="book.xlsx"):
        if isinstance(content, dict):
            with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
                for part, text in content.items():
                    archive.writestr(part, text)
        else:
            (folder / name).write_bytes(content)
        return table_files.read(name, context=context)

    return call


def test_a_sheet_becomes_a_table_with_the_types_of_its_cells(read):
    moment, day = dt.datetime(2020, 1, 2, 3, 4), dt.date(2020, 1, 2)  # noqa: DTZ001 - Excel knows no zone
    table = read(
        {
            "S": [
                ["n", "x", "s", "day", "moment", "flag", "at", 2020, "na"],
                [1, 1, "ž", day, moment, True, dt.time(3, 4), 1, "NA"],
                [None, 0.5, " pad ", None, day, False, None, 2, 3],
            ]
        }
    )
    assert [str(field.type) for field in table.schema] == [
        "int64", "double", "string", "date32[day]", "timestamp[us]", "bool", "time64[us]", "int64", "int64"
    ]  # fmt: skip
    assert table.column_names[-2:] == ["2020", "na"]
    midnight = dt.datetime(2020, 1, 2)  # noqa: DTZ001 - as above
    assert list(table.to_pylist()[1].values()) == [None, 0.5, " pad ", None, midnight, False, None, 2, 3]
    assert notes_of(table) == []


def test_a_sheet_is_chosen_by_name_and_the_others_are_told(read):
    sheets = {"First": [["a"], [1]], "Zweites Blatt": [["b"], [2]]}
    first = read(sheets)
    assert first.to_pylist() == [{"a": 1}]
    assert notes_of(first) == ["This is the sheet First. The workbook has others: Zweites Blatt."]
    second = read(sheets, sheet="Zweites Blatt")
    assert (second.to_pylist(), notes_of(second)) == ([{"b": 2}], [])
    with pytest.raises(ToolError) as refusal:
        read(sheets, sheet="Second")
    assert str(refusal.value) == "book.xlsx has no sheet 'Second'. Its sheets are: First, Zweites Blatt."
    with pytest.raises(ToolError, match=r"no sheet 'Frist'\. Did you mean First\?"):
        read(sheets, sheet="Frist")


def test_empty_edges_odd_headings_and_gaps_are_put_right(read):
    table = read(
        {
            "S": [
                [],
                [None, "a", None, "a", None, " b ", None, True],
                [None, 1, None, 2, 3, None, None, None],
                [],
                [None, 4, None, 5, 6, None],
                [None, None],
            ]
        }
    )
    assert table.column_names == ["a", "a_1", "column_5", "b", "true"]
    assert table.column("a").to_pylist() == [1, None, 4]
    assert table.column("column_5").to_pylist() == [3, None, 6]
    assert str(table.schema.field("b").type) == "string"


def test_mixed_columns_become_text_and_errors_missing_and_both_are_told(read):
    table = read({"S": [["code", "rate"], ["A1", 1.5], [7, "#DIV/0!"], [2.0, "#N/A"], [dt.date(2020, 1, 2), None]]})
    assert table.column("code").to_pylist() == ["A1", "7", "2", "2020-01-02"]
    assert table.column("rate").to_pylist() == [1.5, None, None, None]
    assert notes_of(table) == [
        "code mixes dates and numbers and text and was read as text.",
        "rate: 2 cells hold errors and are missing.",
    ]


def test_formulas_that_were_never_calculated_are_told(read):
    table = read({"S": [["n", "double", "empty"], [1, "=A2*2", None], [2, "=A3*2", None]]})
    assert table.column("double").to_pylist() == [None, None]
    assert notes_of(table) == [
        "double holds formulas whose results were never saved: open the workbook in Excel and save it."
    ]


def test_the_saved_result_of_a_formula_is_read_and_nothing_is_calculated(packed):
    assert packed(parts(f'{ONE_CELL}<row r="2"><c r="A2"><f>1+1</f><v>42</v></c></row>')).to_pylist() == [{"a": 42}]


def test_only_some_columns_can_be_taken(read):
    sheets = {"S": [["a", "b", "c"], [1, 2, 3]]}
    assert read(sheets, columns=["c", "a"]).to_pylist() == [{"c": 3, "a": 1}]
    with pytest.raises(ToolError, match=r"no column 'd'\. Its columns are: a, b, c"):
        read(sheets, columns=["d"])


@pytest.mark.parametrize("rows", [[], [[]], [[None, None]]])
def test_an_empty_sheet_is_told(read, rows):
    with pytest.raises(ToolError, match=r"The sheet S of book\.xlsx is empty\. The workbook has others: T\."):
        read({"S": rows, "T": [["a"]]})
    assert read({"S": rows, "T": [["a"]]}, sheet="T").num_rows == 0


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def parts(cells, before=""):
    """The parts of a workbook with one sheet, of these cells."""
    override = f'<Override PartName="/xl/workbook.xml" ContentType="{WORKBOOK}"/>'
    relation = f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    sheet = '<sheet name="S" sheetId="1" r:id="r1"/>'
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{override}</Types>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relation}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"/>',
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>',
    }


ONE_CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 50}">' for before, name in zip("abcdefg", "bcdefgh", strict=True)
) + "]>"  # fmt: skip
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def test_the_parts_of_these_tests_are_a_workbook(packed):
    assert packed(parts(ONE_CELL)).column_names == ["a"]


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 not an archive",
        b"plain text",
        {"readme.txt": "an archive, but no workbook"},
        {**parts(ONE_CELL), "xl/workbook.xml": "<workbook"},
        {**parts(ONE_CELL), "[Content_Types].xml": "<Types/>"},
        parts("<row r='1'><c r='A1' t='s'><v>99</v></c></row>"),
        parts("<row r='x'><c r='A1'><v>1</v></c></row>"),
        parts("<row r='1'><c r='1A'><v>1</v></c></row>"),
        parts("<row r='1'><c r='A1'><v>one</v></c></row>"),
        parts(ONE_CELL.replace("<t>a</t>", "<t>&h;</t>"), before=LAUGHS),
        parts(ONE_CELL.replace("<t>a</t>", "<t>&a;</t>"), before=OUTSIDE),
    ],
)
def test_a_broken_or_hostile_workbook_is_told_in_one_line_and_soon(packed, content):
    begin = time.perf_counter()
    with pytest.raises(ToolError) as refusal:
        packed(content)
    assert str(refusal.value) == "book.xlsx cannot be read as an Excel workbook: the file is damaged or something else."
    assert time.perf_counter() - begin < 60


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "book.xlsx",
            "book.xlsx is protected by a password, or an .xls",
        ),
        (b"x", "old.xls", "old.xls is a workbook that cannot be read; open it and save it as .xlsx or .csv"),
        (b"x", "other.ODS", "other.ODS is a workbook that cannot be read"),
        (b"", "book.xlsx", "book.xlsx is empty"),
    ],
)
def test_other_workbooks_are_refused_with_what_to_do(packed, content, name, complaint):
    with pytest.raises(ToolError, match=complaint):
        packed(content, name)


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_opened(packed, monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 3_000_000)
    bomb = {**parts(ONE_CELL), "xl/media/image1.bmp": bytes(4_000_000)}
    with pytest.raises(ToolError, match=r"book\.xlsx is larger than 3 MB when it is unpacked; save the sheet as \.csv"):
        packed(bomb)
    monkeypatch.setattr(workbooks, "MAX_PARTS", 4)
    with pytest.raises(ToolError, match="is larger than"):
        packed(parts(ONE_CELL))


def test_an_archive_that_lies_about_its_sizes_is_refused(packed):
    """The sheet says that it unpacks to 100 bytes and holds 10 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in parts(ONE_CELL + " " * 10_000_000).items():
            archive.writestr(part, text)
    true_size = struct.pack("<I", len(parts(ONE_CELL)["xl/worksheets/sheet1.xml"]) + 10_000_000)
    content = buffer.getvalue().replace(true_size, struct.pack("<I", 100))
    assert content != buffer.getvalue()
    with pytest.raises(ToolError, match="the file is damaged or something else"):
        packed(content)


def test_a_cell_far_away_does_not_fill_the_memory(packed, monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_ROWS", 10_000)
    with pytest.raises(ToolError, match="has more cells than can be read"):
        packed(parts(f'{ONE_CELL}<row r="999999999"><c r="A999999999"><v>1</v></c></row>'))
    with pytest.raises(ToolError, match="has more cells than can be read"):
        packed(
            parts(f'{ONE_CELL}<row r="2"><c r="XFD2"><v>1</v></c></row><row r="5000"><c r="A5000"><v>1</v></c></row>')
        )


def test_macros_come_along_unread(packed):
    assert packed({**parts(ONE_CELL), "xl/vbaProject.bin": b"Sub Auto_Open"}, "macro.xlsm").column_names == ["a"]


TEXTS = ["=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "#N/A", "\t=1", "'x", " pad ", "ž\nline"]


def test_text_is_written_as_text_whatever_it_begins_with():
    table = pa.table({"=name": TEXTS, "c": pa.array(TEXTS).dictionary_encode()})
    sheet = openpyxl.load_workbook(io.BytesIO(workbook_bytes({"S": table}))).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in sheet["A"]] == ["=name", *TEXTS]


def test_every_value_comes_back_as_far_as_excel_can_hold_it(context, folder):
    moment = dt.datetime(2020, 1, 2, 3, 4, 5)  # noqa: DTZ001 - Excel knows no zone
    table = pa.table(
        {
            "n": [1, None],
            "x": [0.1, float("nan")],
            "s": ["ž", None],
            "flag": [True, None],
            "day": [dt.date(2020, 1, 2), None],
            "moment": [moment, None],
            "at": [dt.time(3, 4), None],
            "money": [Decimal("1.25"), None],
            "span": [dt.timedelta(hours=30), None],
            "zoned": pa.array([0, None], pa.timestamp("us", "Europe/Oslo")),
            "long": [12345678901234567, None],
            "early": [dt.date(1850, 1, 1), None],
            "digits": [Decimal("1234567890.1234567890"), None],
            "endless": [float("inf"), None],
        }
    )
    (folder / "a.xlsx").write_bytes(workbook_bytes({"S": table}))
    (first,) = table_files.read("a.xlsx", context=context).to_pylist()
    assert list(first.values()) == [
        1, 0.1, "ž", True, dt.date(2020, 1, 2), moment, dt.time(3, 4), 1.25, dt.timedelta(hours=30),
        "1970-01-01 01:00:00+01:00", "12345678901234567", "1850-01-01", "1234567890.1234567890", "inf",
    ]  # fmt: skip


def test_the_same_table_is_the_same_file_because_no_time_is_in_it():
    table = pa.table({"n": [1], "s": ["x"]})
    content = workbook_bytes({"S": table})
    assert workbook_bytes({"S": table}) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        said = archive.read("docProps/core.xml").decode()
    assert said.count("1980-01-01T00:00:00") == 2
    assert str(dt.datetime.now(dt.UTC).year) not in said


@pytest.mark.parametrize(
    ("sheets", "complaint"),
    [
        (
            {"S": pa.table({"l": [[1]]})},
            "The column l holds list<item: int64>, which a sheet cannot; write it to .json",
        ),
        ({"S": pa.table({"b": [b"x"]})}, "The column b holds binary, which a sheet cannot"),
        (
            {"S": pa.table({"t": ["x" * 32_768]})},
            "A text in the column t has more than 32,767 characters, or one that a",
        ),
        (
            {"S": pa.table({"t": ["bell \x07"]})},
            "A text in the column t has more than 32,767 characters, or one that a",
        ),
        ({"S": pa.table({"\x00": [1]})}, "The name of a column has more than 32,767 characters, or one that a sheet"),
        (
            {"S": pa.table({"n": pa.nulls(1_048_576, pa.int8())})},
            "A sheet holds 1,048,575 rows and 16,384 columns, and the",
        ),
        ({"S" * 32: pa.table({"n": [1]})}, "cannot be the name of a sheet: it takes 1 to 31 characters without"),
        ({"a/b": pa.table({"n": [1]})}, "'a/b' cannot be the name of a sheet"),
        ({"A": pa.table({"n": [1]}), "a": pa.table({"n": [1]})}, "Two sheets of a workbook have one name"),
    ],
)
def test_what_no_sheet_can_hold_is_refused(sheets, complaint):
    with pytest.raises(ToolError, match=complaint):
        workbook_bytes(sheets)
