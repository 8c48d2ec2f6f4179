"""Messages between this process and its worker processes: one after the other, over a socket."""

import pickle
import socket
import struct
import sys
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from brain.errors import ToolError
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Done", "Failed", "Work", "receive", "send"]

COUNT = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Work:
    """One call, with tables and files as the tool gets them."""

    tool: ToolDefinition
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What the tool gave: JSON values, Arrow tables and files, at any depth."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """Why it gave nothing; what the tool itself raised stands in a note of it."""

    error: ToolError


def send(connection: socket.socket, message: Work | Done | Failed) -> None:
    """Send a message; where it has no pickled form nothing has been sent. Raises OSError where the other side is gone.

    The pickled text goes first, then the buffers of the tables in it as they lie in memory (PEP 574).
    """
    text, beside = BytesIO(), list[pickle.PickleBuffer]()
    _Pickler(text, protocol=5, buffer_callback=beside.append).dump(message)
    parts = [text.getbuffer(), *(buffer.raw() for buffer in beside)]
    connection.sendall(COUNT.pack(len(parts)) + _sizes(len(parts)).pack(*(part.nbytes for part in parts)))
    for part in parts:
        connection.sendall(part)


def receive(connection: socket.socket) -> Any:
    """The next message; raises EOFError where there is none, and never will be."""
    (count,) = COUNT.unpack(_read(connection, COUNT.size))
    layout = _sizes(count)
    text, *beside = [_read(connection, size) for size in layout.unpack(_read(connection, layout.size))]
    return pickle.loads(text, buffers=beside)  # noqa: S301 - the other side runs the same tools as this one


def _sizes(count: int) -> struct.Struct:
    return struct.Struct(f"!{count}Q")


def _read(connection: socket.socket, size: int) -> bytearray:
    content = bytearray(size)
    rest = memoryview(content)
    while rest:
        if not (read := connection.recv_into(rest)):
            raise EOFError
        rest = rest[read:]
    return content


class _Pickler(pickle.Pickler):
    """Arrow pickles all that a slice was cut from; as a stream a table travels with what is in it alone."""

    def reducer_override(self, value: Any) -> Any:
        pyarrow = sys.modules.get("pyarrow")
        if pyarrow is None or not isinstance(value, pyarrow.Table):
            return NotImplemented
        return _from_stream, (pickle.PickleBuffer(_as_stream(value)),)


def _as_stream(table: Any) -> Any:
    import pyarrow as pa

    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def _from_stream(content: Any) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(pa.py_buffer(content)).read_all()
