"""Files that people write and name: read as text, or refused in one sentence."""

from pathlib import Path

from brain.errors import UsageError

__all__ = ["read_text_file"]


def read_text_file(path: Path, what: str) -> str:
    """The text of a file; raises UsageError that calls it what it is (`The suite a.yaml cannot be read: ...`)."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise UsageError(f"The {what} {path} cannot be read: {reason}.") from None
