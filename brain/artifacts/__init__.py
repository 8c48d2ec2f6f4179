"""Large values: tables and files are stored once, by content, and travel between steps as small JSON references."""

from brain.artifacts.codec import ArtifactCodec, ContentCleaner, File
from brain.artifacts.fsspec_store import FsspecStore
from brain.artifacts.references import is_file, is_set_aside, is_table, looks_set_aside
from brain.artifacts.store import ArtifactStore, MemoryStore, key_of
from brain.artifacts.tables import cells_of, notes_of, with_notes, with_rows

__all__ = [
    "ArtifactCodec",
    "ArtifactStore",
    "ContentCleaner",
    "File",
    "FsspecStore",
    "MemoryStore",
    "cells_of",
    "is_file",
    "is_set_aside",
    "is_table",
    "key_of",
    "looks_set_aside",
    "notes_of",
    "with_notes",
    "with_rows",
]
