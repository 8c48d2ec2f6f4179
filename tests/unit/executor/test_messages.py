"""Messages to and from worker processes: what is sent arrives as it was, whole, and in order."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from strategies import json_values, tool

from brain.artifacts import File
from brain.errors import StepTimeout, ToolError
from brain.executor.messages import Done, Failed, Work, receive, send

ROWS = 200_000


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def sent(ends: tuple[socket.socket, socket.socket], message: Any) -> Any:
    with ThreadPoolExecutor(1) as there:
        arrived = there.submit(receive, ends[1])
        send(ends[0], message)
        return arrived.result(30)


@given(json_values())
def test_json_arrives_as_it_was(value: Any) -> None:
    one, other = socket.socketpair()
    with one, other:
        assert sent((one, other), Done(value)) == Done(value)


def test_tables_arrive_with_types_names_and_metadata(ends: tuple[socket.socket, socket.socket]) -> None:
    table = pa.table(
        {
            "a": pa.chunked_array([[1, None], [3]]),
            "b": pa.array(["x", "y", "x"]).dictionary_encode(),
            "c": pa.array([[{"d": 1.5}], [], None]),
        }
    ).replace_schema_metadata({b"brain.notes": b'["cut"]'})
    twins = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["same", "same"])
    arrived = sent(ends, Done({"tables": [table, twins, table.slice(1, 0)]})).value["tables"]
    for before, after in zip([table, twins, table.slice(1, 0)], arrived, strict=True):
        assert after.equals(before, check_metadata=True)


def test_a_part_of_a_table_travels_without_the_rest(ends: tuple[socket.socket, socket.socket]) -> None:
    whole = pa.table({"a": pa.array(range(ROWS)), "b": pa.array(["wet"] * ROWS)})
    part = sent(ends, Done(whole.slice(1000, 2))).value
    assert part.to_pylist() == [{"a": 1000, "b": "wet"}, {"a": 1001, "b": "wet"}]
    assert part.get_total_buffer_size() < 1000


def test_calls_and_files_of_any_size_arrive(ends: tuple[socket.socket, socket.socket]) -> None:
    content = bytes(range(256)) * 20_000
    work = Work(tool("a.b", {"file": {}}), {"file": File(content, "image/png", "a.png"), "empty": pa.table({})})
    arrived = sent(ends, work)
    assert (arrived.tool, arrived.arguments["file"]) == (work.tool, work.arguments["file"])
    assert arrived.arguments["empty"].equals(pa.table({}))


def test_failures_arrive_with_their_kind_and_notes(ends: tuple[socket.socket, socket.socket]) -> None:
    failure = StepTimeout("too long", transient=True)
    failure.add_note("Traceback")
    error = sent(ends, Failed(failure)).error
    assert (type(error), str(error), error.transient, error.__notes__) == (
        StepTimeout, "too long", True, ["Traceback"],
    )  # fmt: skip
    assert not sent(ends, Failed(ToolError("no"))).error.transient


def test_what_cannot_be_pickled_is_not_sent_in_part(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises((AttributeError, TypeError)):
        send(ends[0], Done([pa.table({"a": [1]}), lambda: None]))
    assert sent(ends, Done("whole")) == Done("whole")


def test_the_end_of_the_other_side_is_an_error(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].sendall(b"\0\0")
    ends[0].close()
    with pytest.raises(EOFError):
        receive(ends[1])
    with pytest.raises(OSError, match="Broken pipe"):
        send(ends[1], Done(None))
