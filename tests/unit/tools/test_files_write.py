import csv
import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from brain.artifacts import File, notes_of
from brain.errors import ToolError
from brain.tools import files, table_files

TABLE = pa.table({"d": [dt.date(2020, 1, 2)], "n": [float("nan")], "s": ["ž"]})


@pytest.mark.parametrize(
    ("path", "content", "written"),
    [
        ("note.txt", "žluť\n", "žluť\n".encode()),
        ("data.json", {"a": [1, "ž"]}, '{\n  "a": [\n    1,\n    "ž"\n  ]\n}\n'.encode()),
        ("number.json", 3, b"3\n"),
        ("chart.png", File(b"\x89PNG", "image/png", "x.png"), b"\x89PNG"),
        ("table.csv", TABLE, '"d","n","s"\n2020-01-02,nan,"ž"\n'.encode()),
        ("table.jsonl", TABLE, '{"d": "2020-01-02", "n": null, "s": "ž"}\n'.encode()),
        ("outputs/deep/er/note.txt", "x", b"x"),
    ],
)
def test_each_kind_of_content_is_written_below_outputs(context, folder, path, content, written):
    result = files.write(path, content, context=context)
    place = f"outputs/{path.removeprefix('outputs/')}"
    assert result == {"path": place, "size": len(written)}
    assert (folder / place).read_bytes() == written


def test_a_table_as_parquet_keeps_its_types(context, folder):
    files.write("t.parquet", TABLE.drop_columns("n"), context=context)
    assert pq.read_table(folder / "outputs" / "t.parquet").equals(TABLE.drop_columns("n"))


def test_a_table_as_json_can_be_read_back(context, folder):
    files.write("t.json", TABLE, context=context)
    rows = json.loads((folder / "outputs" / "t.json").read_text(), parse_constant=pytest.fail)
    assert rows == [{"d": "2020-01-02", "n": None, "s": "ž"}]


@pytest.mark.parametrize("path", ["table.txt", "table", "table.xls"])
def test_a_table_goes_only_where_it_can_be_written(context, path):
    with pytest.raises(ToolError, match=r"A table is written to a path that ends in \.csv, \.tsv, \.xlsx, \.parquet, "):
        files.write(path, TABLE, context=context)


def test_a_table_with_lists_is_sent_to_json(context, folder):
    nested = pa.table({"l": [[1, 2]]})
    with pytest.raises(ToolError, match=r"cannot be written to t\.csv: .*Try a path that ends in \.json"):
        files.write("t.csv", nested, context=context)
    assert not (folder / "outputs" / "t.csv").exists()
    files.write("t.json", nested, context=context)


FORMULAS = pa.table(
    {
        "text": ["=1+1", "+x", "-y", "@z", "\t=1", "plain", "a=b", None],
        "sign": ["-5", "+3.2", "-1,200.5", "+5%", "-1e5", "", "'=1", None],
        "number": [-1, -2, -3, -4, -5, -6, -7, -8],
        "=name": pa.array(["=a", "b"] * 4).dictionary_encode(),
    }
)


@pytest.mark.parametrize(("path", "delimiter"), [("t.csv", ","), ("t.tsv", "\t")])
def test_text_in_csv_and_tsv_never_becomes_a_formula(context, folder, path, delimiter):
    assert files.write(path, FORMULAS, context=context)["marked_as_text"] == 10
    with (folder / "outputs" / path).open(newline="") as lines:
        rows = list(csv.reader(lines, delimiter=delimiter))
    assert rows[0] == ["text", "sign", "number", "'=name"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+x", "'-y", "'@z", "'\t=1", "plain", "a=b", ""]
    assert [row[1] for row in rows[1:]] == ["-5", "+3.2", "-1,200.5", "+5%", "-1e5", "", "'=1", ""]
    assert [row[2] for row in rows[1:3]] == ["-1", "-2"]


def test_text_can_be_written_as_it_is_for_programs(context, folder):
    assert "marked_as_text" not in files.write("t.csv", FORMULAS, keep_formulas=True, context=context)
    assert (folder / "outputs" / "t.csv").read_text().splitlines()[1] == '"=1+1","-5",-1,"=a"'
    plain = FORMULAS.select(["sign", "number"])
    assert files.write("plain.csv", plain, context=context).keys() == {"path", "size"}
    files.write("t.json", FORMULAS, context=context)
    assert json.loads((folder / "outputs" / "t.json").read_text())[0]["text"] == "=1+1"


def test_tables_become_the_sheets_of_a_workbook(context, folder):
    files.write("one.xlsx", TABLE, context=context)
    again = files.write("one.xlsx", TABLE, context=context)
    assert again["size"] == (folder / "outputs" / "one.xlsx").stat().st_size
    files.write("two.xlsx", {"Ž": TABLE, "Formulas": FORMULAS}, context=context)
    read = table_files.read("outputs/two.xlsx", sheet="Formulas", context=context)
    assert read.column("text").to_pylist() == FORMULAS.column("text").to_pylist()
    first = table_files.read("outputs/two.xlsx", context=context)
    assert notes_of(first)[0] == "This is the sheet Formulas. The workbook has others: Ž."


@pytest.mark.parametrize(
    ("path", "content", "complaint"),
    [
        ("a.xlsx", "text", r"a\.xlsx takes a table, not str; choose a path such as \.json"),
        ("a.xlsx", {"a": TABLE, "b": 1}, r"a\.xlsx takes a table, not dict"),
        ("a.parquet", [{"a": 1}], r"a\.parquet takes a table, not list"),
        ("a.json", {"f": File(b"x", "text/plain", "x.txt")}, "A file cannot stand inside a JSON value"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(context, folder, path, content, complaint):
    with pytest.raises(ToolError, match=complaint):
        files.write(path, content, context=context)
    assert not (folder / "outputs" / path).exists()


def test_a_table_inside_a_json_value_is_written_by_its_rows(context, folder):
    files.write("check.json", {"valid": False, "failures": TABLE.select(["d", "s"])}, context=context)
    written = json.loads((folder / "outputs" / "check.json").read_text())
    assert written == {"valid": False, "failures": [{"d": "2020-01-02", "s": "ž"}]}


def test_another_content_is_written_over_only_when_asked(context, folder):
    files.write("a.txt", "old", context=context)
    with pytest.raises(
        ToolError, match=r"a\.txt exists already with other content; choose another path or set overwrite"
    ):
        files.write("a.txt", "new", context=context)
    assert (folder / "outputs" / "a.txt").read_text() == "old"
    files.write("a.txt", "new", overwrite=True, context=context)
    assert (folder / "outputs" / "a.txt").read_text() == "new"


def test_the_same_content_twice_is_fine_so_that_a_crashed_step_can_run_again(context, folder):
    first = files.write("a.txt", "same", context=context)
    before = (folder / "outputs" / "a.txt").stat()
    assert files.write("a.txt", "same", context=context) == first
    after = (folder / "outputs" / "a.txt").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_of_many_writers_at_once_one_wins_and_the_file_is_whole(context, folder):
    def write(number: int) -> bool:
        try:
            files.write("race.txt", str(number) * 100_000, context=context)
        except ToolError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    assert sum(won) == 1
    assert (folder / "outputs" / "race.txt").read_text() == str(won.index(True)) * 100_000
    assert [path.name for path in (folder / "outputs").iterdir()] == ["race.txt"]


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("../escape.txt", "may not start with a dot, and it may not lead upward"),
        ("outputs/../escape.txt", "may not lead upward"),
        ("a/../../escape.txt", "may not lead upward"),
        ("/tmp/escape.txt", "is not the path of a file in outputs/"),
        ("~/escape.txt", "is not the path of a file in outputs/"),
        ("..\\escape.txt", "is not the path of a file in outputs/"),
        ("C:\\escape.txt", "is not the path of a file in outputs/"),
        (".env", "may not start with a dot"),
        ("a/.hidden/x.txt", "may not start with a dot"),
        ("", "is not the path of a file in outputs/"),
        ("outputs", "is not the path of a file in outputs/"),
        ("folder/", "is not the path of a file in outputs/"),
        ("a\0b", "is not the path of a file in outputs/"),
        ("a\nb", "is not the path of a file in outputs/"),
        ("folder", "it is a folder already"),
        ("link.txt", "it is a link already"),
        ("linked/x.txt", "linked is a link, and files are not written through links"),
        ("file.txt/x.txt", "cannot be written: the folder file.txt cannot be made"),
        ("x" * 300, "cannot be written: File name too long"),
    ],
)
def test_nothing_is_written_anywhere_else(context, folder, path, complaint):
    outputs = folder / "outputs"
    (outputs / "folder").mkdir(parents=True)
    (outputs / "file.txt").write_text("x")
    (folder / "victim.txt").write_text("safe")
    (outputs / "link.txt").symlink_to(folder / "victim.txt")
    (outputs / "linked").symlink_to(folder.parent)
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(ToolError, match=complaint):
        files.write(path, "attack", overwrite=True, context=context)
    assert sorted(folder.parent.rglob("*")) == before
    assert (folder / "victim.txt").read_text() == "safe"


def test_an_outputs_folder_that_is_a_link_is_refused(context, folder):
    (folder / "outputs").symlink_to(folder.parent)
    with pytest.raises(ToolError, match="outputs is a link"):
        files.write("a.txt", "x", context=context)
    assert not (folder.parent / "a.txt").exists()
