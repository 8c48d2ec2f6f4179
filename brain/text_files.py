"""Files that people write and name: read as text, looked at before they are written over, or refused in a sentence."""

from pathlib import Path

from brain.errors import UsageError

__all__ = ["holds_other", "read_text_file"]


def read_text_file(path: Path, what: str) -> str:
    """The text of a file; raises UsageError that calls it what it is (`The suite a.yaml cannot be read: ...`)."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise UsageError(f"The {what} {path} cannot be read: {reason}.") from None


def holds_other(path: Path, content: bytes) -> bool:
    """Whether there is something to lose where content is to be written; devices and pipes hold nothing."""
    try:
        return path.is_file() and path.read_bytes() not in (b"", content)
    except OSError as exc:
        raise UsageError(f"{path} exists already and could not be read: {exc.strerror}.") from exc
