"""Large values: tables and files are stored once, by content, and travel between steps as small JSON references."""

from brain.artifacts.codec import (
    ArtifactCodec,
    ContentCleaner,
    File,
    cells_of,
    is_file,
    is_table,
    notes_of,
    with_notes,
    with_rows,
)
from brain.artifacts.store import ArtifactStore, FsspecStore, MemoryStore, key_of

__all__ = [
    "ArtifactCodec",
    "ArtifactStore",
    "ContentCleaner",
    "File",
    "FsspecStore",
    "MemoryStore",
    "cells_of",
    "is_file",
    "is_table",
    "key_of",
    "notes_of",
    "with_notes",
    "with_rows",
]
