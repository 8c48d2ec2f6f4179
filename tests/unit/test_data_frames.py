"""DataFrames of Arrow tables, used as pandas' own are."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.data_frames import to_frame
from brain.errors import NoSuchOutput
from brain.session.run import Results

DAYS = [dt.date(2023, 12, 31), dt.date(2024, 1, 5), dt.date(2024, 2, 1), None]
MOMENT = dt.datetime(2024, 1, 5, 3, tzinfo=dt.UTC)
ORDERS = pa.table({"day": DAYS, "amount": [1.0, 2.0, 3.0, 4.0], "city": ["Oslo", "Rome", None, "Oslo"]})


@pytest.mark.parametrize("since", ["2024-01-01", pd.Timestamp("2024-01-01"), dt.datetime(2024, 1, 1)])  # noqa: DTZ001 - days have no zone
def test_dates_are_compared_as_pandas_does(since: object) -> None:
    frame = to_frame(ORDERS)
    assert list(frame[frame.day > since].amount) == [2.0, 3.0]
    assert list(map(str, frame.dtypes))[1:] == ["double[pyarrow]", "string[pyarrow]"]


def test_dates_are_resampled() -> None:
    monthly = to_frame(ORDERS.slice(0, 3)).set_index("day").amount.resample("ME").sum()
    assert monthly.to_dict() == {
        pd.Timestamp("2023-12-31"): 1.0, pd.Timestamp("2024-01-31"): 2.0, pd.Timestamp("2024-02-29"): 3.0,
    }  # fmt: skip


def test_moments_keep_their_zone() -> None:
    table = pa.table({
        "plain": pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("us")),
        "utc": pa.array([MOMENT], pa.timestamp("us", "UTC")),
        "berlin": pa.array([MOMENT], pa.timestamp("ns", "Europe/Berlin")),
        "offset": pa.array([MOMENT], pa.timestamp("s", "+02:00")),
    })  # fmt: skip
    frame = to_frame(table)
    assert all(pd.api.types.is_datetime64_any_dtype(kind) for kind in frame.dtypes)
    assert list(frame.loc[0].drop("plain")) == [MOMENT] * 3
    assert (frame.berlin.dt.hour[0], frame.offset.dt.hour[0], frame.plain[0].hour) == (4, 5, 3)


def test_dates_beyond_nanoseconds_and_zones_that_nobody_knows_are_no_error() -> None:
    table = pa.table({
        "first": [dt.date(1, 1, 1), dt.date(9999, 12, 31)],
        "far": pa.array([2**31 - 1, -(2**31)], pa.int32()).cast(pa.date32()),
        "seconds": pa.array([2**62, -(2**62)], pa.timestamp("s")),
        "infinity": pa.array([2**63 - 1, -(2**63) + 1], pa.timestamp("us", "UTC")),
        "nowhere": pa.array([None, None], pa.timestamp("us", "Nowhere/City")),
    })  # fmt: skip
    frame = to_frame(table)
    assert [timestamp.year for timestamp in frame["first"]] == [1, 9999]
    assert frame.far.is_monotonic_decreasing
    assert frame[["first", "far", "seconds", "infinity"]].to_string()


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (
            "the status of run 1234abcd is failed: No plan was found.",
            "because the status of run 1234abcd is failed: No plan was found.",
        ),
        ("", "Nothing is called 'tabel' here. Did you mean table? There are: table."),
    ],
)
def test_a_result_that_is_not_there_is_told_with_the_reason(ending: str, said: str) -> None:
    results = Results({"table": 1}, ArtifactCodec(MemoryStore()), ending=ending)
    with pytest.raises(NoSuchOutput, match="Nothing is called 'tabel' here") as refusal:
        results["tabel"]
    assert str(refusal.value).endswith(said)
    assert isinstance(refusal.value, KeyError)
    assert ("tabel" in results, results.get("tabel")) == (False, None)


def test_results_hold_such_frames_at_any_depth() -> None:
    codec = ArtifactCodec(MemoryStore())
    packed = codec.pack({"table": ORDERS, "list": [{"inner": ORDERS}]})
    results = Results(packed, codec)
    for frame in (results["table"], results["list"][0]["inner"]):
        assert frame.day.dtype.kind == "M"
        assert list(frame[frame.day == "2024-02-01"].amount) == [3.0]
