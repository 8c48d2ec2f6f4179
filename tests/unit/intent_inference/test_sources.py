"""Which data a request is about, and what a planner is told of it."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from brain.artifacts import with_notes
from brain.errors import PlanningError, ToolError
from brain.intent_inference.mentions import Request
from brain.intent_inference.sources import Column, Source, find_sources, table_reader
from brain.tool_registry.registry import Registry

TABLE = pa.table({"n": [1]})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        "data/orders.csv",
        "data/seattle-weather.csv",
        "old/orders_2023.parquet",
        "settings.json",
        "outputs/mine.csv",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("n\n1\n")
    return tmp_path


async def sources(request: str, project: Path, **inputs: pa.Table) -> tuple[Source, ...]:
    async def open_table(_path: str) -> pa.Table:
        return TABLE

    return await find_sources(Request(request), project, inputs, open_table)


@pytest.mark.parametrize(
    ("request_text", "path"),
    [
        ("Sum of n in data/orders.csv", "data/orders.csv"),
        ("Sum of n in orders_2023.parquet", "old/orders_2023.parquet"),
        ("How was the weather in Seattle?", "data/seattle-weather.csv"),
        ("Show settings.json", "settings.json"),
        ("Sum of n in 'data/orders.csv'", "data/orders.csv"),
        ("Sum of n in DATA/Orders.CSV", "data/orders.csv"),
        ("Save the weather of Seattle as orders.csv", "data/seattle-weather.csv"),
    ],
)
async def test_a_file_is_found_by_its_path_or_by_its_name(request_text: str, path: str, project: Path) -> None:
    (source,) = await sources(request_text, project)
    assert (source.path, source.is_named) == (path, True)


@pytest.mark.parametrize(
    "request_text", ["How many orders?", "Anything", "Summarise https://example.org/orders.csv", "mine"]
)
async def test_what_could_be_several_files_or_none_is_none(request_text: str, project: Path) -> None:
    assert await sources(request_text, project) == ()


async def test_the_only_file_of_a_project_need_not_be_named(tmp_path: Path) -> None:
    (tmp_path / "numbers.csv").write_text("n\n1\n")
    (source,) = await sources("What is the average?", tmp_path)
    assert (source.path, source.is_named) == ("numbers.csv", False)


@pytest.mark.parametrize(
    ("request_text", "path"),
    [
        ("Average n in staff", "staff.xlsx"),
        ("Average n in people/staff.xlsx", "people/staff.xlsx"),
        ("Average n in costs.XLSM", "costs.xlsm"),
        ("Average n in prices", "prices.csv"),
    ],
)
async def test_workbooks_are_found_and_what_was_saved_from_one_comes_first(
    request_text: str, path: str, tmp_path: Path
) -> None:
    (tmp_path / "people").mkdir()
    for name in ("staff.xlsx", "~$staff.xlsx", "people/staff.xlsx", "costs.xlsm", "prices.csv", "prices.xlsx"):
        (tmp_path / name).touch()
    if path == "staff.xlsx":
        (tmp_path / "people" / "staff.xlsx").unlink()
    (source,) = await sources(request_text, tmp_path)
    assert source.path == path


async def test_what_was_noted_while_a_file_was_opened_stands_beside_its_path(tmp_path: Path) -> None:
    (tmp_path / "staff.xlsx").touch()

    async def open_table(_path: str) -> pa.Table:
        return with_notes(TABLE, ["This is the sheet A. The workbook has others: B."])

    (source,) = await find_sources(Request("Sum of n in staff"), tmp_path, {}, open_table)
    assert source.why == "its name stands in the request. This is the sheet A. The workbook has others: B."


@pytest.mark.parametrize(
    ("request_text", "opened"),
    [("Average n in staff", ["staff.xlsx"]), ("Extract the text of report.pdf", ["sales.csv"])],
)
async def test_a_file_that_cannot_be_read_blocks_no_question_about_another(
    request_text: str, opened: list[str], tmp_path: Path
) -> None:
    for name in {"sales.csv", *opened}:
        (tmp_path / name).touch()
    seen = []

    async def open_table(path: str) -> pa.Table:
        seen.append(path)
        if path == "sales.csv":
            raise ToolError("sales.csv is empty.")
        return TABLE

    await find_sources(Request(request_text), tmp_path, {}, open_table)
    assert seen == opened
    (tmp_path / "staff.xlsx").unlink(missing_ok=True)
    with pytest.raises(ToolError, match=r"sales\.csv is empty"):
        await find_sources(Request("Average n"), tmp_path, {}, open_table)


@pytest.mark.parametrize(
    "path",
    [
        "data/missing.csv",
        "ordres.csv",
        "../orders.parquet",
        "old/orders.csv",
        "/home/me/orders.csv",
        "~/orders.csv",
        "C:\\data\\orders.csv",
    ],
)
async def test_a_file_that_is_not_there_is_told_with_the_nearest(path: str, project: Path) -> None:
    with pytest.raises(PlanningError, match=r"There is no file .* in the project\..*Name one that is there\."):
        await sources(f"Open {path}", project)


async def test_a_file_may_be_named_from_the_root_of_the_machine(project: Path) -> None:
    (source,) = await sources(f"Sum of n in {project}/data/orders.csv", project)
    assert source.path == "data/orders.csv"


async def test_tables_that_are_handed_over_come_before_files(project: Path) -> None:
    (source,) = await sources("Sum of n in the orders", project, things=TABLE)
    assert (source.input, source.path, source.name) == ("things", None, "things")


async def test_a_table_is_described_by_its_columns_types_and_few_values(project: Path) -> None:
    frame = pd.DataFrame(
        {
            "kind": pd.Categorical(["b", "a", None]),
            "name": ["x", "y", "x"],
            "many": ["m1", "m2", "m3"],
            "amount_usd": [1.5, 2.5, 3.5],
            "order_id": [1, 2, 3],
            "year": [2001, 2002, 2003],
            "at": pd.to_datetime(["2024-01-01"] * 3),
            "ok": [True, False, True],
        }
    )
    table = pa.table(frame).append_column("text", pa.array([f"t{n}" for n in range(3)]))
    (source,) = await sources("", project, things=table)
    columns = {column.name: column for column in source.columns}
    assert columns["kind"].values == ("a", "b")
    assert columns["kind"].is_text
    assert columns["name"].values == ("x", "y")
    assert [name for name, column in columns.items() if column.is_measure] == ["amount_usd"]
    assert [name for name, column in columns.items() if column.is_calendar] == ["year"]
    assert [name for name, column in columns.items() if column.is_time] == ["at"]
    assert [name for name, column in columns.items() if column.is_flag] == ["ok"]
    assert source.describe().startswith("input ${inputs.things}, 3 rows, columns:\n- kind (large_string): a, b\n- name")


async def test_an_input_is_described_as_a_plan_refers_to_it(project: Path) -> None:
    (source,) = await sources("", project, **{"my things": TABLE})
    assert source.describe().startswith('input ${inputs."my things"}, 1 rows')


async def test_a_table_with_two_columns_of_one_name_is_refused(project: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["v", "v"])
    with pytest.raises(PlanningError, match="The table things has 2 columns called v: give each a name of its own"):
        await sources("Sum of v", project, things=table)


async def test_a_column_of_many_texts_is_not_described_by_them(project: Path) -> None:
    table = pa.table({"text": [f"value {number}" for number in range(21)]})
    (source,) = await sources("", project, things=table)
    assert source.columns == (Column("text", "string"),)


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("temp_max", "temperature maximum"),
        ("flipperLengthMm", "flipper length mm"),
        ("CO2 (ppm)", "co2 ppm"),
        ("Q1", "q1"),
        ("数", "数"),
        ("--", "--"),
    ],
)
def test_a_columns_name_is_read_as_people_say_it(name: str, spoken: str) -> None:
    assert Column(name, "double").spoken == spoken


def test_a_registry_without_a_tool_that_opens_files_is_told() -> None:
    with pytest.raises(PlanningError, match=r"No tool of the registry opens a file as a table; add table\.read"):
        table_reader(Registry([]))
