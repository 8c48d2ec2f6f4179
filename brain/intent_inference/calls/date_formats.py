"""The format of dates that a description asks for."""

import re

__all__ = ["strftime_of"]

LETTERS = re.compile(r"(?:yyyy|yy|mm|dd)(?:[-/. ]?(?:yyyy|yy|mm|dd)){1,2}(?:[ T]hh:mm(?::ss)?)?", re.IGNORECASE)
CODES = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d"}
EXAMPLES = {
    re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b"): "%Y-%m-%d",
    re.compile(r"\b[01]\d/[0-3]\d/(?:19|20)\d\d\b"): "%m/%d/%Y",
    re.compile(r"iso.?8601|iso format", re.IGNORECASE): "%Y-%m-%d",
}


def strftime_of(description: str) -> str | None:
    """The format by its letters (`YYYY-MM-DD`, without a time behind it) or by its example."""
    if match := LETTERS.search(description):
        pattern = match[0].lower().split("t")[0].split(" hh")[0]
        for letters, code in CODES.items():
            pattern = pattern.replace(letters, code)
        return pattern
    return next((form for pattern, form in EXAMPLES.items() if pattern.search(description)), None)
