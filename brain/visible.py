"""Characters that a screen or a page shows but does not obey.

What models, pages and files say is shown to people who decide by it: no part of it may move the cursor, erase what
stands there, or turn the direction of reading.
"""

import re

__all__ = ["STEERS", "visible"]

STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (ECMA-48: C0 and C1) but tab and line feed, bidirectional overrides and isolates (UAX 9, 2.1 to
2.5), and halves of characters, which no terminal takes."""
ONE_BYTE = 0x100


def visible(text: str) -> str:
    """The text with each character that would steer a terminal written as in a Python string: by its number."""
    return text if text.isprintable() else STEERS.sub(_as_python, text.replace("\r\n", "\n"))


def _as_python(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < ONE_BYTE else f"\\u{code:04x}"
