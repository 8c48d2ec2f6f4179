"""Durations as they are written in pipelines and in `tools.json`: a number and a unit, as in `30s`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

__all__ = ["Duration", "Timeout", "parse_duration"]

WRITTEN = re.compile(r"(?P<amount>\d{1,8}(?:\.\d{1,9})?)\s*(?P<unit>ms|s|m|h|d)", re.ASCII)
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_duration(text: str) -> timedelta:
    """`500ms`, `30s`, `5m`, `1h` or `7d`; raises ValueError on anything else."""
    if not (match := WRITTEN.fullmatch(text.strip())):
        raise ValueError(f"{text[:40]!r} is no duration; it takes a number and ms, s, m, h or d, as in 30s")
    return timedelta(seconds=float(match["amount"]) * SECONDS[match["unit"]])


def _is_duration(text: str) -> str:
    parse_duration(text)
    return text


def _is_positive(text: str) -> str:
    if not parse_duration(text):
        raise ValueError("must be longer than nothing, as in 30s")
    return text


Duration = Annotated[str, AfterValidator(_is_duration)]
"""The text of a duration, which may be nothing: `0s`."""
Timeout = Annotated[Duration, AfterValidator(_is_positive)]
"""The text of a duration that is longer than nothing."""
