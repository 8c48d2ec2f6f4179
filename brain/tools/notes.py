"""What a table tool has to say beside its table: told at once, and kept with the table."""

from collections.abc import Sequence

import pyarrow as pa

from brain.artifacts import with_notes
from brain.tool_registry.context import ToolContext

__all__ = ["rows_of", "tell"]


def tell(table: pa.Table, notes: Sequence[str], context: ToolContext) -> pa.Table:
    """The table with the notes, which are reported as progress too."""
    if notes:
        context.report(None, " ".join(notes))
    return with_notes(table, notes)


def rows_of(count: int, total: int) -> str:
    """`12 of 1,000 rows`."""
    return f"{count:,} of {total:,} {'row' if total == 1 else 'rows'}"
