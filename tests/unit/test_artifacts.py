"""Where tables and files are kept, and how they travel as JSON."""

import datetime as dt
import json
import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from brain.artifacts import (
    ArtifactCodec,
    ArtifactStore,
    File,
    FsspecStore,
    MemoryStore,
    is_file,
    is_table,
    key_of,
    notes_of,
    with_notes,
)
from brain.artifacts import codec as codec_module
from brain.artifacts.codec import HEAD_ROWS, LONGEST_CELL, describe_table
from brain.errors import ArtifactError, SettingsError

CONTENT = b"some bytes"
KEY = key_of(CONTENT, "bin")
TABLE = pa.table({"city": ["Oslo", "Bergen"], "rain": [1.5, None]})


@pytest.fixture(params=["memory", "folder", "url"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    match request.param:
        case "memory":
            return MemoryStore()
        case "folder":
            return FsspecStore(str(tmp_path / "not" / "there yet"))
        case _:
            return FsspecStore(f"memory://{uuid4().hex}")


class TestEveryStore:
    def test_gives_back_what_it_was_given(self, store: ArtifactStore) -> None:
        store.put(KEY, CONTENT)
        assert store.get(KEY) == CONTENT

    def test_takes_the_same_content_twice(self, store: ArtifactStore) -> None:
        store.put(KEY, CONTENT)
        store.put(KEY, CONTENT)
        assert store.get(KEY) == CONTENT

    def test_takes_nothing_and_much(self, store: ArtifactStore) -> None:
        for content in (b"", os.urandom(3_000_000)):
            store.put(key_of(content, "bin"), content)
            assert store.get(key_of(content, "bin")) == content

    def test_says_what_is_missing_and_what_to_do(self, store: ArtifactStore) -> None:
        with pytest.raises(ArtifactError, match=rf"The artifact {KEY[:15]} is missing; run its step again\."):
            store.get(KEY)

    def test_has_an_address_for_people(self, store: ArtifactStore) -> None:
        store.put(KEY, CONTENT)
        assert store.address(KEY).endswith(KEY)

    def test_serves_many_threads(self, store: ArtifactStore) -> None:
        contents = [bytes([number]) * 10_000 for number in range(40)] * 2
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda content: store.put(key_of(content, "bin"), content), contents))
        assert all(store.get(key_of(content, "bin")) == content for content in contents)


@pytest.mark.parametrize("key", ["../../etc/passwd", "sha256-00.bin", "", f"{KEY}/..", KEY.upper(), f"x{KEY}"])
def test_nothing_but_the_name_of_an_artifact_leads_to_a_file(key: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is not the name of an artifact"):
        FsspecStore(str(tmp_path)).get(key)


@pytest.mark.parametrize("damage", [b"other byte", b"cut", b""], ids=["changed", "cut off", "emptied"])
def test_a_damaged_file_is_noticed_and_the_step_can_make_it_again(damage: bytes, tmp_path: Path) -> None:
    store = FsspecStore(str(tmp_path))
    store.put(KEY, CONTENT)
    Path(store.address(KEY)).write_bytes(damage)
    with pytest.raises(ArtifactError, match=r"is damaged; run its step again\."):
        store.get(KEY)
    store.put(KEY, CONTENT)
    assert store.get(KEY) == CONTENT


def test_a_file_that_was_cut_off_is_replaced_even_if_nobody_read_it(tmp_path: Path) -> None:
    store = FsspecStore(str(tmp_path))
    store.put(KEY, CONTENT)
    Path(store.address(KEY)).write_bytes(CONTENT[:3])
    store.put(KEY, CONTENT)
    assert store.get(KEY) == CONTENT


def test_nobody_ever_sees_half_a_file(tmp_path: Path) -> None:
    """One thread writes while another looks at every file that there is."""
    contents = [os.urandom(200_000) for _ in range(40)]
    seen: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.extend(path.stat().st_size for path in tmp_path.glob("*/sha256-*"))

    watcher = threading.Thread(target=look)
    watcher.start()
    store = FsspecStore(str(tmp_path))
    for content in contents:
        store.put(key_of(content, "bin"), content)
    done.set()
    watcher.join()
    assert set(seen) == {200_000}
    assert not list(tmp_path.glob("*/.*")), "nothing temporary stays"


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 64 kB."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_with_the_size_the_place_and_the_way_out(full_disk: Path) -> None:
    content = os.urandom(200_000)
    with pytest.raises(ArtifactError) as caught:
        FsspecStore(str(full_disk)).put(key_of(content, "bin"), content)
    message = str(caught.value)
    assert "(200,000 bytes) could not be written to" in message
    assert f"{full_disk}: No space left on device. Make room there or set BRAIN_ARTIFACTS_URL" in message
    assert not [path for path in full_disk.rglob("*") if path.is_file()], "what could be written is taken away again"


def test_a_write_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on the size of files stands for every other reason why a write can fail in the middle."""
    content = os.urandom(200_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(ArtifactError, match=r"could not be written to .*: File too large"):
            FsspecStore(str(tmp_path)).put(key_of(content, "bin"), content)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match=r"could not be written to .*file.*BRAIN_ARTIFACTS_URL"):
        FsspecStore(str(tmp_path / "file")).put(KEY, CONTENT)


@pytest.mark.parametrize("url", ["nowhere://bucket", "s3://bucket"])
def test_a_place_of_a_kind_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(SettingsError, match=rf"Artifacts cannot be kept in {url}: .*Set BRAIN_ARTIFACTS_URL"):
        FsspecStore(url)


@pytest.fixture
def codec(store: ArtifactStore) -> ArtifactCodec:
    return ArtifactCodec(store)


def plain(value: Any) -> Any:
    """The value, which must be JSON that PostgreSQL takes."""
    text = json.dumps(value, allow_nan=False)
    assert "\\u0000" not in text
    return json.loads(text)


def test_a_table_travels_as_a_reference_that_shows_what_it_holds(codec: ArtifactCodec) -> None:
    packed = plain(codec.pack(TABLE))
    assert is_table(packed)
    assert not is_file(packed)
    assert packed["columns"] == ["city", "rain"]
    assert packed["types"] == {"city": "string", "rain": "double"}
    assert (packed["row_count"], packed["head"]) == (
        2,
        [{"city": "Oslo", "rain": 1.5}, {"city": "Bergen", "rain": None}],
    )
    assert codec.unpack(packed).equals(TABLE)


def test_what_a_tool_says_about_a_table_travels_with_its_reference_and_no_further(codec: ArtifactCodec) -> None:
    made = with_notes(TABLE.replace_schema_metadata({"own": "kept"}), ["1 of 3 rows found no partner.", "Žluť"])
    packed = plain(codec.pack(made))
    assert packed["notes"] == ["1 of 3 rows found no partner.", "Žluť"]
    assert notes_of(codec.table(packed["artifact"])) == packed["notes"]
    given = codec.unpack(packed)
    assert given.schema.metadata == {b"own": b"kept"}
    assert "notes" not in plain(codec.pack(given.slice(0, 1)))
    assert notes_of(with_notes(made, ["another"])) == ["another"]


def test_text_in_views_is_kept_as_plain_text_that_arrow_can_work_with(codec: ArtifactCodec) -> None:
    views = pa.table(
        {"s": pa.array(["ž", None], pa.string_view()), "b": pa.array([b"x", b""], pa.binary_view()), "n": [1, 2]}
    )
    kept = codec.unpack(codec.pack(views))
    assert [str(field.type) for field in kept.schema] == ["large_string", "large_binary", "int64"]
    assert kept.take([1, 0]).to_pylist() == views.to_pylist()[::-1]


def test_a_file_travels_as_a_reference_with_its_name_and_type(codec: ArtifactCodec) -> None:
    chart = File(b"\x89PNG", "image/png", "Rain by Month.PNG")
    packed = plain(codec.pack(chart))
    assert is_file(packed)
    assert packed == {
        "format": "file", "artifact": key_of(b"\x89PNG", "png"), "media_type": "image/png", "name": "Rain by Month.PNG",
        "size": 4,
    }  # fmt: skip
    assert codec.unpack(packed) == chart
    assert codec.content(packed["artifact"]) == b"\x89PNG"
    assert codec.address(packed["artifact"]).endswith(".png")
    assert codec.pack(File(b"", "x/y", "noname"))["artifact"].endswith(".bin")
    assert codec.pack(File(b"", "x/y", "odd.suffix too long"))["artifact"].endswith(".bin")


def test_tables_and_files_are_found_at_any_depth(codec: ArtifactCodec) -> None:
    value = {
        "parts": [{"table": TABLE}, None, 1, "text", True, 2.5],
        "file": File(b"a", "text/plain", "a.txt"),
        "none": [],
    }
    packed = plain(codec.pack(value))
    assert is_table(packed["parts"][0]["table"])
    unpacked = codec.unpack(packed)
    assert unpacked["parts"][0]["table"].equals(TABLE)
    assert unpacked["parts"][1:] == [None, 1, "text", True, 2.5]
    assert unpacked["file"] == value["file"]


def test_the_same_table_is_the_same_artifact(codec: ArtifactCodec) -> None:
    assert codec.pack(TABLE) == codec.pack(pa.table(TABLE.to_pydict()))


def test_a_table_is_read_back_by_another_process(tmp_path: Path) -> None:
    packed = ArtifactCodec(FsspecStore(str(tmp_path))).pack(TABLE)
    assert ArtifactCodec(FsspecStore(str(tmp_path))).unpack(packed).equals(TABLE)


def test_only_the_newest_tables_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = pa.table({"n": [0]})
    monkeypatch.setattr(codec_module, "KEPT_BYTES", 3 * one.get_total_buffer_size())
    codec = ArtifactCodec(FsspecStore(str(tmp_path)))
    keys = [codec.pack(pa.table({"n": [number]}))["artifact"] for number in range(5)]
    large = codec.pack(pa.table({"n": [*range(9)]}))["artifact"]
    for path in tmp_path.glob("*/*"):
        path.unlink()
    assert [codec.table(key)["n"][0].as_py() for key in keys[2:]] == [2, 3, 4]
    for key in (*keys[:2], large):
        with pytest.raises(ArtifactError, match="is missing"):
            codec.table(key)


def test_a_table_has_the_same_types_in_the_process_that_made_it_and_in_others(codec: ArtifactCodec) -> None:
    table = pa.table({"at": pa.array([0, 1], pa.timestamp("s"))})
    assert codec.unpack(codec.pack(table)).schema.field("at").type == pa.timestamp("ms")


def test_a_number_that_json_cannot_hold_is_refused(codec: ArtifactCodec) -> None:
    assert json.loads(json.dumps(codec.pack(10**4200))) == 10**4200
    for number in (10**4300, -(10**5000)):
        with pytest.raises(ArtifactError, match="whole number of more than"):
            codec.pack({"n": [number]})


def test_many_threads_read_and_write_tables_at_once(codec: ArtifactCodec) -> None:
    packed = [codec.pack(pa.table({"n": [number]})) for number in range(50)]
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda each: codec.unpack(each)["n"][0].as_py(), packed * 10))
    assert read == list(range(50)) * 10


def test_something_else_under_a_tables_name_is_told(codec: ArtifactCodec) -> None:
    key = codec.pack(File(b"no parquet", "x/y", "a.parquet"))["artifact"]
    with pytest.raises(ArtifactError, match="is no table"):
        codec.table(key)


@pytest.mark.parametrize(
    "value",
    [
        {"format": "file", "artifact": KEY},
        {"format": "table"},
        {"format": "file", "artifact": 5, "media_type": "", "name": ""},
    ],
)
def test_what_only_looks_like_a_reference_is_left_alone(value: dict[str, Any], codec: ArtifactCodec) -> None:
    assert codec.unpack(value) == value


FRAMES = {
    "dates": pd.DataFrame({"day": pd.to_datetime(["2014-08-11", None])}),
    "times with a zone": pd.DataFrame({"at": pd.to_datetime(["2014-08-11 05:30", None], utc=True)}),
    "decimals": pd.DataFrame({"price": [Decimal("12.50"), None]}),
    "categories": pd.DataFrame({"kind": pd.Categorical(["rain", "sun", "rain"])}),
    "odd names": pd.DataFrame({"a b": [1], "": [2], "ä/ö": [3], "${x}": [4], "sélect;--": [5], " ": [6]}),
    "names that are no text": pd.DataFrame({1: [1], 2: [2]}),
    "an index with a name": pd.DataFrame({"n": [1, 2]}, index=pd.Index(["x", "y"], name="key")),
    "rows picked out": pd.DataFrame({"n": [1, 2, 3]}).query("n > 1"),
    "lists and mappings": pd.DataFrame({"tags": [["a", "b"], None], "place": [{"lat": 59.9}, {"lat": 60.4}]}),
    "not a number": pd.DataFrame({"n": [float("nan"), float("inf"), 1.5]}),
    "bytes": pd.DataFrame({"raw": [b"\x00\xff"]}),
    "no rows": pd.DataFrame({"n": pd.Series([], dtype="int64")}),
    "no columns": pd.DataFrame(),
    "true and false": pd.DataFrame({"is": [True, None]}),
    "spans of time": pd.DataFrame({"took": pd.to_timedelta(["1h", "2h"])}),
}  # fmt: skip


@pytest.mark.parametrize("what", FRAMES)
def test_a_data_frame_is_kept_whole_and_described_in_json(what: str, codec: ArtifactCodec) -> None:
    frame = FRAMES[what]
    packed = plain(codec.pack(frame))
    table = codec.unpack(packed)
    assert table.num_rows == len(frame) == packed["row_count"]
    assert packed["columns"] == table.column_names == list(packed["types"])
    assert table.equals(pa.table(frame).cast(table.schema))


def test_values_are_shown_as_people_write_them(codec: ArtifactCodec) -> None:
    row = {
        "day": dt.date(2014, 8, 11), "at": dt.datetime(2014, 8, 11, 5, 30, tzinfo=dt.UTC), "price": Decimal("12.50"),
        "n": float("nan"), "list": [1.5, float("inf")], "of": {"day": dt.date(2014, 8, 11)},
    }  # fmt: skip
    (head,) = codec.pack(pa.Table.from_pylist([row]))["head"]
    assert head == {
        "day": "2014-08-11", "at": "2014-08-11T05:30:00+00:00", "price": "12.50", "n": None, "list": [1.5, None],
        "of": {"day": "2014-08-11"},
    }  # fmt: skip


def test_times_beyond_the_calendar_are_shown_as_text(codec: ArtifactCodec) -> None:
    table = pa.table({"at": pa.array([253_402_300_800, 0], pa.timestamp("s"))})
    head = codec.pack(table)["head"]
    assert [row["at"] for row in head] == ["10000-01-01 00:00:00.000", "1970-01-01 00:00:00.000"]


def test_a_nul_is_seen_in_the_description_and_kept_in_the_table(codec: ArtifactCodec) -> None:
    table = pa.table({"a\0b": ["x\0y"], "list": [["\0"]]})
    packed = plain(codec.pack(table))
    assert packed["columns"] == ["a\u2400b", "list"]
    assert packed["head"] == [{"a\u2400b": "x\u2400y", "list": ["\u2400"]}]
    assert codec.unpack(packed).equals(table)


def test_the_description_stays_small_whatever_the_table_holds() -> None:
    table = pa.table({"text": ["x" * 100_000] * 20})
    described = describe_table(table)
    assert len(described["head"]) == HEAD_ROWS
    assert all(len(row["text"]) == LONGEST_CELL and row["text"].endswith("x…") for row in described["head"])
    assert describe_table(table, rows=0)["head"] == []


REFUSED = {
    "two columns of one name": (pd.DataFrame([[1, 2]], columns=["n", "n"]), r"several columns of one name \(n\)"),
    "the same from Arrow": (pa.table([[1], [2]], names=["n", "n"]), r"several columns of one name \(n\)"),
    "names alike as text": (pd.DataFrame([[1, 2]], columns=[1, "1"]), r"several columns of one name \(1\)"),
    "values of several kinds": (
        pd.DataFrame({"x": [1, "a", {}]}),
        "The DataFrame cannot be stored as a table: .*column x",
    ),
    "an object": (object(), "A value of type object cannot be stored: return JSON values, tables or"),
    "a set": ({"x": {1, 2}}, "A value of type set cannot be stored"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_kept_is_refused_in_one_sentence(what: str, codec: ArtifactCodec) -> None:
    value, told = REFUSED[what]
    with pytest.raises(ArtifactError, match=told) as caught:
        codec.pack(value)
    assert "\n" not in str(caught.value)


def test_scalars_of_numpy_are_plain_numbers(codec: ArtifactCodec) -> None:
    assert plain(codec.pack([np.int64(3), np.float32(0.5), np.bool_(True), np.str_("a")])) == [3, 0.5, True, "a"]
