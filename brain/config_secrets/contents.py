"""Values of secrets in what is kept outside the rows: the contents of files and the cells of tables."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from brain.config_secrets.redaction import Redactor
from brain.errors import ToolError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ContentRedactor"]


class ContentRedactor:
    """Makes files and tables fit to be kept; most hold no secret, and looking is all that they cost."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def file(self, content: bytes, name: str) -> bytes:
        """The content with references for secrets; raises ToolError where that would break it, because it is no text.

        Values are found in UTF-8; in what is compressed or drawn nobody finds them.
        """
        if not self._redactor.is_in_bytes(content):
            return content
        return self._bytes(content, f"The file {name}")

    def table(self, table: "pa.Table") -> "pa.Table":
        """The table with references for secrets, in cells of any depth, names of columns and metadata."""
        import pyarrow as pa

        given = table.columns
        columns = [self._column(column, name) for name, column in zip(table.column_names, given, strict=True)]
        names = [self._redactor.text(name) for name in table.column_names]
        metadata = self._metadata(table.schema.metadata)
        is_same = names == table.column_names and metadata == table.schema.metadata
        if is_same and all(new is old for new, old in zip(columns, given, strict=True)):
            return table
        fields = [field.with_name(name) for field, name in zip(table.schema, names, strict=True)]
        return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata))

    def _column(self, column: "pa.ChunkedArray", name: str) -> "pa.ChunkedArray":
        import pyarrow as pa

        texts = (buffer for chunk in column.chunks for buffer in _texts(chunk))
        if not any(self._redactor.is_in_bytes(buffer.to_pybytes()) for buffer in texts):
            return column
        where = f"The column {self._redactor.text(name)}"
        cells = [self._cell(cell, where) for cell in column.to_pylist()]
        try:
            return pa.chunked_array([pa.array(cells, type=column.type)])
        except (pa.ArrowException, TypeError, ValueError):
            raise _not_kept(where) from None

    def _cell(self, cell: Any, where: str) -> Any:
        match cell:
            case bytes():
                return self._bytes(cell, where) if self._redactor.is_in_bytes(cell) else cell
            case Mapping():
                return {self._cell(key, where): self._cell(item, where) for key, item in cell.items()}
            case list() | tuple():
                return type(cell)(self._cell(item, where) for item in cell)
            case str():
                return self._redactor.text(cell)
            case _:
                return cell

    def _metadata(self, metadata: Mapping[bytes, bytes] | None) -> Mapping[bytes, bytes] | None:
        if not metadata:
            return metadata
        where = "The metadata of a table"
        return {self._cell(key, where): self._cell(value, where) for key, value in metadata.items()}

    def _bytes(self, content: bytes, where: str) -> bytes:
        try:
            return self._redactor.text(content.decode()).encode()
        except UnicodeDecodeError:
            raise _not_kept(where) from None


def _not_kept(where: str) -> ToolError:
    return ToolError(
        f"{where} holds the value of a secret where no reference can take its place, so it was not kept: "
        "let the tool leave the value out."
    )


def _texts(array: "pa.Array") -> "Iterator[pa.Buffer]":
    """The buffers that hold the texts and bytes of an array, of its children too."""
    import pyarrow.types as kinds

    kind = array.type
    if kinds.is_primitive(kind) or kinds.is_null(kind):
        return
    children = _children(array)
    if children is None:
        yield from (buffer for buffer in array.buffers()[1:] if buffer is not None)
        return
    for child in children:
        yield from _texts(child)


def _children(array: "pa.Array") -> "list[pa.Array] | None":
    """The arrays that an array consists of; None where it holds its values itself."""
    import pyarrow.types as kinds

    kind = array.type
    if hasattr(array, "storage"):
        return [array.storage]
    if kinds.is_dictionary(kind):
        return [array.dictionary]
    if kinds.is_struct(kind) or kinds.is_union(kind):
        return [array.field(index) for index in range(kind.num_fields)]
    if kinds.is_map(kind):
        return [array.keys, array.items]
    return [array.values] if hasattr(array, "values") else None
