"""The text that a text tool works on, of one text or several."""

from collections.abc import Sequence

from brain.errors import ToolError
from brain.untrusted import readable

__all__ = ["joined"]


def joined(text: str | Sequence[str], verb: str) -> str:
    """One readable text of one or several; raises ToolError where there is nothing in it to `verb`."""
    given = [text] if isinstance(text, str) else text
    whole = "\n\n".join(part for part in (readable(each).strip() for each in given) if part)
    if not whole:
        raise ToolError(f"There is no text to {verb}: the step before gave an empty one.")
    return whole
