"""Values of notebooks as tools take them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from brain.artifacts import File
from brain.errors import UsageError
from brain.notebook_runs.plain_values import holds_more_than_json, plain

FRAME = pd.DataFrame({"a": [1]})


@dataclass
class Own:
    x: int


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.int64(3), 3), (np.float32(0.5), 0.5), (np.bool_(True), True), (np.datetime64("2026-01-02"), "2026-01-02"),
        (np.datetime64("2026-01-02T03:04:05.123456789"), "2026-01-02T03:04:05.123456789"), (np.array([1, 2]), [1, 2]),
        (pd.Series(["a", None]), ["a", None]), (pd.Series([1, 2], index=[5, 6]), [1, 2]), (pd.NA, None),
        (pd.NaT, None), (pd.Timestamp("2026-01-02"), "2026-01-02T00:00:00"), (pd.Period("2026-01"), "2026-01"),
        (pd.Index([3]), [3]), (pd.Series([1, pd.NA], dtype="Int64"), [1, None]),
        (date(2026, 1, 2), "2026-01-02"), (Decimal("1.5"), 1.5), (Path("a") / "b", "a/b"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"), (timedelta(days=1), "1 day, 0:00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"), ({"b", "a"}, ["a", "b"]), ((1, (2,)), [1, [2]]),
        (pd.Series(["x", "y", "x"], dtype="category").unique(), ["x", "y"]),
        ({"a": {1: date(2026, 1, 2)}}, {"a": {"1": "2026-01-02"}}),
    ],
    ids=lambda each: type(each).__name__,  # a set is written in another order in each process
)  # fmt: skip
def test_what_json_has_no_form_for_is_told_in_one_that_it_has(value: Any, told: Any) -> None:
    assert plain(value, "value") == told
    assert not holds_more_than_json(plain(value, "value"))


def test_tables_and_files_stay_what_they_are() -> None:
    file = File(b"x", "image/png", "a.png")
    value = plain({"table": FRAME, "files": (file,)}, "value")
    assert value["table"] is FRAME
    assert value["files"] == [file]
    assert holds_more_than_json(value)


@pytest.mark.parametrize("value", [object(), Own(1), b"bytes", np.zeros((2, 2)), lambda: 1])
def test_anything_else_is_named_with_its_place(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^where\[0\]\.value is a \w+: tools take text, numbers"):
        plain({"where": [{"value": value}]}["where"], "where")
