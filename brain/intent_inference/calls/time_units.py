"""Units of time, by the words for them."""

__all__ = ["SECONDS", "time_unit"]

SECONDS = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400, "year": 365 * 86400,
}  # fmt: skip
"""Of each unit; months have 30 days, years 365."""
SHORT = {
    "s": "second", "sec": "second", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour",
    "yr": "year", "yrs": "year",
}  # fmt: skip


def time_unit(word: str) -> str | None:
    """The unit of time that a word names."""
    word = SHORT.get(word, word)
    if word in SECONDS:
        return word
    return word[:-1] if word.endswith("s") and word[:-1] in SECONDS else None
