"""How tables, files and values that are too large for a row travel as JSON."""

import datetime as dt
import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
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
    is_set_aside,
    is_table,
    key_of,
    notes_of,
    with_notes,
)
from brain.artifacts import codec as codec_module
from brain.artifacts.store import Write
from brain.artifacts.tables import HEAD_ROWS, LONGEST_CELL, describe_table
from brain.errors import ArtifactError

KEY = key_of(b"some bytes", "bin")
TABLE = pa.table({"city": ["Oslo", "Bergen"], "rain": [1.5, None]})


@pytest.fixture(params=["memory", "folder", "url"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    match request.param:
        case "memory":
            return MemoryStore()
        case "folder":
            return FsspecStore(str(tmp_path))
        case _:
            return FsspecStore(f"memory://{uuid4().hex}")


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


class TestValuesSetAside:
    def test_a_value_comes_back_as_it_was_and_its_reference_shows_how_it_begins(self, codec: ArtifactCodec) -> None:
        value = {"text": "Žluť 🌧" * 1000, "numbers": [1, 2.5, None, True], "nested": {"a": []}}
        text = json.dumps(value, ensure_ascii=False)
        reference = plain(codec.set_aside(text))
        assert is_set_aside(reference)
        assert reference == {
            "format": "json",
            "artifact": key_of(text.encode(), "json"),
            "size": len(text.encode()),
            "head": text[:200],
        }
        assert codec.restore(reference) == value
        assert Path(codec.address(reference["artifact"])).suffix == ".json"

    def test_tables_in_it_are_references_still(self, codec: ArtifactCodec) -> None:
        value = {"tables": [codec.pack(TABLE)] * 3}
        restored = codec.restore(codec.set_aside(json.dumps(value)))
        assert restored == value
        assert codec.unpack(restored)["tables"][2].equals(TABLE)

    def test_of_a_list_put_together_from_rows_each_item_comes_back(self, codec: ArtifactCodec) -> None:
        rows = [1, codec.set_aside('["large"]'), {"error": "no"}, codec.set_aside('"text"')]
        assert codec.restore(rows) == [1, ["large"], {"error": "no"}, "text"]

    @pytest.mark.parametrize("value", [None, 5, "text", [1, 2], {"a": 1}, {"format": "json"}])
    def test_what_stands_in_a_row_is_the_value_itself(self, value: Any, codec: ArtifactCodec) -> None:
        assert codec.restore(value) is value

    def test_what_a_tool_is_given_is_never_read_as_a_value_set_aside(self, codec: ArtifactCodec) -> None:
        reference = codec.set_aside('"of somebody else"')
        assert codec.unpack({"page": reference}) == {"page": reference}

    @pytest.mark.parametrize(
        "changed",
        [
            {"format": "file"},
            {"artifact": KEY},
            {"artifact": "../../etc/passwd"},
            {"artifact": 5},
            {"size": "9"},
            {"head": None},
            {"more": 1},
        ],
    )
    def test_what_only_resembles_a_reference_is_a_value(self, changed: dict[str, Any], codec: ArtifactCodec) -> None:
        value = {**codec.set_aside("[]"), **changed}
        assert not is_set_aside(value)
        assert codec.restore(value) is value

    def test_something_else_under_its_name_is_told(self, codec: ArtifactCodec) -> None:
        kept = codec.pack(File(b"\xffno", "application/json", "a.json"))
        reference = {"format": "json", "artifact": kept["artifact"], "size": 3, "head": ""}
        with pytest.raises(ArtifactError, match="is no JSON"):
            codec.restore(reference)


class TestWhetherArtifactsAreThere:
    """In a folder, out of which files are taken."""

    @pytest.fixture
    def codec(self, tmp_path: Path) -> ArtifactCodec:
        return ArtifactCodec(FsspecStore(str(tmp_path)))

    @pytest.fixture
    def value(self, codec: ArtifactCodec) -> Any:
        return {"deep": [1, {"table": codec.pack(TABLE)}], "file": codec.pack(File(b"a" * 9, "text/plain", "a.txt"))}

    @pytest.mark.parametrize("value", [None, 5, "sha256-", [], {"format": "table", "artifact": "not one of ours"}])
    def test_what_refers_to_none_has_all(self, value: Any, codec: ArtifactCodec) -> None:
        assert codec.is_there(value)
        codec.verify(value)

    def test_tables_and_files_are_looked_for_at_any_depth(
        self, value: Any, codec: ArtifactCodec, tmp_path: Path
    ) -> None:
        assert codec.is_there(value)
        codec.verify(value)
        for suffix in ("parquet", "txt"):
            (gone,) = tmp_path.glob(f"*/*.{suffix}")
            moved = gone.rename(tmp_path / suffix)
            assert not codec.is_there(value)
            with pytest.raises(ArtifactError, match="is missing"):
                codec.verify(value)
            moved.rename(gone)
        assert codec.is_there(value)

    def test_values_set_aside_are_looked_for_where_rows_hold_them(self, codec: ArtifactCodec) -> None:
        reference = codec.set_aside('"some text"')
        rows: list[Any] = [reference, [1, reference]]
        assert all(map(codec.is_there, rows))
        Path(codec.address(reference["artifact"])).unlink()
        assert not any(map(codec.is_there, rows))

    def test_a_file_that_was_cut_off_is_not_there_and_one_that_was_changed_is_found_out(
        self, value: Any, codec: ArtifactCodec
    ) -> None:
        path = Path(codec.address(value["file"]["artifact"]))
        path.write_bytes(b"a" * 8)
        assert not codec.is_there(value)
        path.write_bytes(b"b" * 9)
        assert codec.is_there(value)
        with pytest.raises(ArtifactError, match="was damaged"):
            codec.verify(value)
        assert not codec.is_there(value)

    def test_a_table_in_memory_does_not_hide_that_its_file_is_gone(self, codec: ArtifactCodec) -> None:
        packed = codec.pack(TABLE)
        assert codec.table(packed["artifact"]).equals(TABLE)
        Path(codec.address(packed["artifact"])).unlink()
        assert not codec.is_there(packed)
        with pytest.raises(ArtifactError, match="is missing"):
            codec.verify(packed)


class Counting(MemoryStore):
    """Counts the times that content is read, and the pieces that it is written in."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched = 0
        self.largest_piece = 0
        self.pieces = 0

    def fetch(self, key: str) -> AbstractContextManager[Path]:
        self.fetched += 1
        return super().fetch(key)

    def put(self, suffix: str, write: Write) -> str:
        return super().put(suffix, lambda file: write(self._watched(file)))

    def _watched(self, file: io.RawIOBase) -> io.RawIOBase:
        counting = self

        class Watched(io.RawIOBase):
            def writable(self) -> bool:
                return True

            def write(self, piece: Any, /) -> int | None:
                counting.pieces += 1
                counting.largest_piece = max(counting.largest_piece, len(piece))
                return file.write(piece)

        return Watched()


def test_a_table_that_was_just_made_is_not_read_again() -> None:
    store = Counting()
    codec = ArtifactCodec(store)
    packed = codec.pack(TABLE)
    codec.unpack(packed)
    codec.verify(packed)
    assert store.fetched == 0


def test_a_large_table_is_written_in_pieces_that_are_small_beside_it() -> None:
    store = Counting()
    table = pa.table({f"c{number}": np.random.default_rng(number).random(500_000) for number in range(8)})
    key = ArtifactCodec(store).pack(table)["artifact"]
    assert ArtifactCodec(store).table(key).equals(table)
    assert store.pieces > 20
    assert store.largest_piece < table.nbytes / 20


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
