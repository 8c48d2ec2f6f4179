"""Sets of parameters, however they are written."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from brain.errors import UsageError
from brain.notebook_runs.parameter_sets import from_text, sets_of

SCHEMAS: dict[str, Any] = {
    "month": {"type": "integer"}, "city": {"type": "string"}, "share": {"type": "number"},
    "is_final": {"type": "boolean"}, "tags": {"type": "array"}, "since": {},
}  # fmt: skip


def test_a_list_is_a_set_each() -> None:
    assert sets_of([{"month": 1}, {"month": 2, "city": "Oslo"}], {}) == ({"month": 1}, {"month": 2, "city": "Oslo"})


def test_a_grid_is_every_combination_and_the_last_name_changes_first() -> None:
    grid = {"city": ["Oslo", "Rome"], "month": ["1..3", 12], "year": 2026}
    sets = sets_of(grid, {})
    assert len(sets) == 8
    assert sets[:5] == (
        {"city": "Oslo", "month": 1, "year": 2026},
        {"city": "Oslo", "month": 2, "year": 2026},
        {"city": "Oslo", "month": 3, "year": 2026},
        {"city": "Oslo", "month": 12, "year": 2026},
        {"city": "Rome", "month": 1, "year": 2026},
    )


def test_a_frame_is_a_row_each_and_leaves_out_what_is_missing() -> None:
    frame = pd.DataFrame({
        "month": [np.int64(1), 2], "city": ["Oslo", None], "share": [0.5, np.nan],
        "since": [pd.Timestamp("2026-11-01"), pd.NaT],
    })  # fmt: skip
    first = {"month": 1, "city": "Oslo", "share": 0.5, "since": "2026-11-01T00:00:00"}
    assert sets_of(frame, {}) == (first, {"month": 2})
    table = pa.table({"month": [1, None], "day": [dt.date(2026, 11, 1), None]})
    assert sets_of(table, {}) == ({"month": 1, "day": "2026-11-01"}, {})


def test_texts_of_a_csv_file_mean_what_their_parameters_take(tmp_path: Path) -> None:
    path = tmp_path / "sets.csv"
    path.write_text(
        '\ufeffmonth, city,share,is_final,tags,since\n7,"Oslo, N",1,yes,"[""a""]",2026-11-01\n,007,.5,0,x,3\n',
        encoding="utf-8",
    )
    assert sets_of(path, SCHEMAS) == (
        {"month": 7, "city": "Oslo, N", "share": 1, "is_final": True, "tags": ["a"], "since": "2026-11-01"},
        {"city": "007", "share": ".5", "is_final": False, "tags": "x", "since": 3},
    )


@pytest.mark.parametrize("name", ["sets.json", "sets.yaml", "sets.yml", "sets.parquet"])
def test_other_files_hold_the_same(tmp_path: Path, name: str) -> None:
    sets = [{"month": 1, "city": "Oslo"}, {"month": 2, "city": "Rome"}]
    path = tmp_path / name
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(sets), path)
    else:
        path.write_text(json.dumps(sets))
    assert list(sets_of(str(path), {})) == sets


def test_a_grid_may_stand_in_the_line() -> None:
    assert sets_of("{month: [1..2], city: Oslo}", {}) == ({"month": 1, "city": "Oslo"}, {"month": 2, "city": "Oslo"})
    assert sets_of('[{"month": 1}]', {}) == ({"month": 1},)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "There is no set of parameters"),
        ({"month": []}, "There is no set of parameters"),
        ([1, 2], "a list of mappings"),
        (7, "a list of mappings"),
        ("sets.txt", "Parameters are read from .csv, .parquet"),
        ("missing.csv", "file of parameters missing.csv cannot be read: No such file"),
        ("missing.parquet", "file of parameters missing.parquet cannot be read"),
        ("{month: [1", "The text of parameters is neither YAML nor JSON"),
        ({"month": ["12..1"]}, "month: 12..1 is no range"),
        ({"a": ["1..1000"], "b": ["1..1000"]}, "more than 100,000 sets"),
        ([{"a": object()}], "set 1, a is a object"),
    ],
)
def test_what_is_no_sets_is_refused_in_a_sentence(
    given: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words):
        sets_of(given, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2,3\n", "Line 2 of the file of parameters .* has more values than there are columns"),
        ("a,a\n1,2\n", "two columns 'a'"),
        ('a\n"1"x\n', "is no CSV in line 2"),
        ("a,b\n", "There is no set of parameters"),
    ],
)
def test_a_csv_file_that_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "sets.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        sets_of(path, {})


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("7", {"type": "integer"}, 7),
        ("7.5", {"type": "integer"}, 7.5),
        ("July", {"type": "integer"}, "July"),
        ("7", {"type": "string"}, "7"),
        ("True", {"type": "boolean"}, True),
        ("maybe", {"type": "boolean"}, "maybe"),
        ('{"a": 1}', {"type": "object"}, {"a": 1}),
        ("7", {}, 7),
        ("true", {}, "true"),
        ("[1]", {}, "[1]"),
    ],
)
def test_a_text_means_what_its_parameter_takes(text: str, schema: dict[str, Any], value: Any) -> None:
    assert from_text(text, schema) == value
