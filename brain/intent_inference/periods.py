"""Restrictions to a time that a request states: dates, years and months of a column of dates."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from brain.errors import PlanningError
from brain.intent_inference.comparisons import Comparison, Range, amount_comparison, ranges, time_comparison
from brain.intent_inference.mentions import Kind, Mention, Request
from brain.intent_inference.stated import Condition, Reading
from brain.runs import Json

__all__ = ["find_periods"]

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
SHORT_MONTH = 3
"""Letters of `Jan`."""
VERBS = frozenset({"may", "mar", "march"})
"""Only with a capital are these months."""
NEXT_DAY = {"greater": "greater_or_equal", "less_or_equal": "less"}
"""After a day means from the next one on, up to a day means before the next one, where times have hours."""


def find_periods(reading: Reading) -> list[Condition]:
    """All of them; none where the table has no column for it. Raises PlanningError on a span of mixed kinds."""
    request = reading.request
    years = [number for number in request.of(Kind.NUMBER) if number.may_be_year and not _is_amount(request, number)]
    months, dates = list(_months(request)), [_checked(mention) for mention in request.of(Kind.DATE)]
    _refuse_mixed(request, [*years, *months, *dates])
    return [*_of_part("year", years, reading), *_of_part("month", months, reading), *_of_dates(dates, reading)]


def _is_amount(request: Request, number: Mention) -> bool:
    """`more than 2000` and `between 1900 and 2000 grams` speak of amounts, `since 2000` of a year."""
    return time_comparison(request, number) is None and amount_comparison(request, number) is not None


def _months(request: Request) -> Iterator[Mention]:
    """Months by name, as numbers."""
    for word in request.words:
        number = next((n for n, month in enumerate(MONTHS, 1) if word.text in (month, month[:SHORT_MONTH])), None)
        if number and (word.text not in VERBS or request.text[word.start].isupper()):
            yield Mention(Kind.NUMBER, number, word.start, word.end)


def _checked(mention: Mention) -> Mention:
    try:
        date.fromisoformat(str(mention.value))
    except ValueError:
        raise PlanningError(f"“{mention.value}” is no date: write year, month and day, as in 2012-12-31.") from None
    return mention


def _refuse_mixed(request: Request, mentions: Sequence[Mention]) -> None:
    """`June 2013 to August 2014` is no span of months nor of years."""
    ordered = sorted(mentions, key=lambda mention: mention.start)
    for span in ranges(request, ordered):
        kinds = {(span.low.kind, span.low.may_be_year), (span.high.kind, span.high.may_be_year)}
        if len(kinds) > 1:
            said = request.quote(span.start, span.high.end)
            raise PlanningError(f"{said} is a span that is not understood: write both ends as dates, as in 2013-06-01.")


def _of_part(part: str, mentions: Sequence[Mention], reading: Reading) -> Iterator[Condition]:
    spans = ranges(reading.request, mentions)
    for span in spans:
        operator, value = _span_of_numbers(part, span)
        yield from _about(reading, part, Comparison(operator, span.start, span.high.end), value)
    for mention in mentions:
        if not any(mention in (span.low, span.high) for span in spans):
            said = time_comparison(reading.request, mention)
            yield from _about(reading, part, said or Comparison("equals", mention.start, mention.end), mention.value)


def _span_of_numbers(part: str, span: Range) -> tuple[str, Json]:
    """From November to February the months are 11, 12, 1 and 2."""
    low, high = int(span.low.value), int(span.high.value)
    if part == "month" and low > high:
        return "in", [*range(low, len(MONTHS) + 1), *range(1, high + 1)]
    return "between", [low, high]


def _about(reading: Reading, part: str, said: Comparison, value: Json) -> Iterator[Condition]:
    """The condition on a part of the table's dates, or on the column that holds just this part."""
    if own := reading.calendar_column(part):
        yield Condition(own, said.operator, value, said.start, said.end)
        return
    column, doubt = reading.time_column(said)
    if column is not None:
        yield Condition(column, said.operator, value, said.start, said.end, part, doubt)


def _of_dates(mentions: Sequence[Mention], reading: Reading) -> Iterator[Condition]:
    spans = ranges(reading.request, mentions)
    for span in spans:
        yield from _from_to(reading, span)
    for mention in mentions:
        if any(mention in (span.low, span.high) for span in spans):
            continue
        said = time_comparison(reading.request, mention)
        start, operator = (said.start, said.operator) if said else (mention.start, "equals")
        column, doubt = reading.time_column(mention)
        if column is None:
            continue
        for exact, value in _exactly(operator, str(mention.value), has_hours=column.has_hours):
            yield Condition(column, exact, value, start, mention.end, doubt=doubt)


def _from_to(reading: Reading, span: Range) -> Iterator[Condition]:
    column, doubt = reading.time_column(span.low)
    low, high = str(span.low.value), str(span.high.value)
    if column is None:
        return
    if not column.has_hours:
        yield Condition(column, "between", [low, high], span.start, span.high.end, doubt=doubt)
        return
    for operator, value in (("greater_or_equal", low), ("less", _next_day(high))):
        yield Condition(column, operator, value, span.start, span.high.end, doubt=doubt)


def _exactly(operator: str, day: str, *, has_hours: bool) -> Iterator[tuple[str, str]]:
    """What is said of a whole day, said of the moments in it, where the column has a time of day."""
    if not has_hours:
        yield operator, day
    elif operator == "equals":
        yield from (("greater_or_equal", day), ("less", _next_day(day)))
    elif operator in NEXT_DAY:
        yield NEXT_DAY[operator], _next_day(day)
    else:
        yield operator, day


def _next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
