"""Restrictions to a time that a request states: dates, years and months of a column of dates."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from brain.errors import PlanningError
from brain.intent_inference.comparisons import (
    Comparison,
    Range,
    amount_comparison,
    is_than_compared,
    ranges,
    refuse_backward,
    time_comparison,
)
from brain.intent_inference.mentions import Kind, Mention, Request
from brain.intent_inference.months import (
    MONTHS,
    Days,
    MonthOfYear,
    days_of_month,
    find_months,
    months_of_years,
    next_day,
)
from brain.intent_inference.spans import Spanned
from brain.intent_inference.stated import Condition, Reading
from brain.runs import Json

__all__ = ["find_periods"]


def find_periods(reading: Reading) -> list[Condition]:
    """All of them; none where the table has no column for it.

    Raises PlanningError on what is no date, and where the times that are named make no single span.
    """
    request = reading.request
    years = _years(request)
    months, dates = find_months(request), [_days(mention) for mention in request.of(Kind.DATE)]
    pairs = months_of_years(request, months, years)
    bare = _without(pairs, [*years, *months])
    places: list[Spanned] = [*bare, *pairs, *dates]
    spans = ranges(request, sorted(places, key=lambda place: place.start))
    _refuse_mixed(request, spans)
    lone = [pair for pair in pairs if _is_plain(request, pair, spans)]
    _refuse_several(request, lone, [mention for mention in bare if _is_plain(request, mention, spans)])
    days = [pair for pair in pairs if pair not in lone]
    years, months = _without(days, years), _without(days, months)
    _refuse_endless(reading, months, years)
    return [
        *_of_part("year", years, reading),
        *_of_part("month", months, reading),
        *_of_days(sorted((*dates, *(pair.days for pair in days)), key=lambda each: each.start), reading),
    ]


def _without(pairs: Iterable[MonthOfYear], mentions: Iterable[Mention]) -> list[Mention]:
    """The months and years that stand in none of the pairs."""
    pieces = {piece for pair in pairs for piece in (pair.month, pair.year)}
    return [mention for mention in mentions if mention not in pieces]


def _years(request: Request) -> list[Mention]:
    """The numbers that are years: in `was 2014 warmer than 2013` both, in `heavier than 2000` none."""
    likely = [number for number in request.of(Kind.NUMBER) if number.may_be_year]
    years = [number for number in likely if not _is_amount(request, number)]
    return [number for number in likely if number in years or (years and is_than_compared(request, number))]


def _is_amount(request: Request, number: Mention) -> bool:
    """`more than 2000` and `between 1900 and 2000 grams` speak of amounts, `since 2000` of a year."""
    return time_comparison(request, number) is None and amount_comparison(request, number) is not None


def _days(mention: Mention) -> Days:
    """A day, or a month written as 2012-12."""
    year, month, *day = (int(digits) for digits in str(mention.value).split("-"))
    try:
        first, last = (date(year, month, *day),) * 2 if day else days_of_month(year, month)
        next_day(last)
    except (ValueError, OverflowError):
        raise PlanningError(f"“{mention.value}” is no date: write year, month and day, as in 2012-12-31.") from None
    return Days(first, last, mention.start, mention.end)


def _is_plain(request: Request, place: Spanned, spans: Iterable[Range[Spanned]]) -> bool:
    """Whether a time stands for itself, neither compared with nor the end of a span."""
    return time_comparison(request, place) is None and not any(place in (span.low, span.high) for span in spans)


def _refuse_mixed(request: Request, spans: Iterable[Range[Spanned]]) -> None:
    """`June 2013 to 2014` is no span of months nor of years."""
    for span in spans:
        if _kind(span.low) != _kind(span.high):
            said = request.quote(span.start, span.high.end)
            raise PlanningError(f"{said} is a span that is not understood: write both ends as dates, as in 2013-06-01.")


def _kind(place: Spanned) -> str:
    if isinstance(place, Mention):
        return "year" if place.may_be_year else "month"
    return "days"


def _refuse_several(request: Request, single: Sequence[MonthOfYear], bare: Sequence[Mention]) -> None:
    """`January 2013 and February 2014` is not every January and February of both years."""
    pairs = {(pair.month.value, pair.year.value) for pair in single}
    months, years = {month for month, _ in pairs}, {year for _, year in pairs}
    others = {mention.value for mention in bare if mention.may_be_year} - years
    is_whole = len(pairs) == len(months) * len(years) and not (len(years) > 1 and len(bare) > 0)
    if single and (others or not is_whole):
        places: list[Spanned] = [*single, *bare]
        said = request.quote(min(place.start for place in places), max(place.end for place in places))
        raise PlanningError(
            f"{said} names several times that are no single span: ask for one of them, or for all from a first to a "
            "last day, as in from 2013-01-01 to 2014-02-28."
        )


def _refuse_endless(reading: Reading, months: Sequence[Mention], years: Sequence[Mention]) -> None:
    """`since June` does not say of which year, and `November to February 2014` is in two of them."""
    request = reading.request
    for span in ranges(request, months) if years else ():
        if int(span.low.value) > int(span.high.value):
            said = request.quote(span.start, span.high.end)
            raise PlanningError(f"{said} goes beyond a year: write both ends as dates, as in 2013-11-01.")
    has_no_years = reading.calendar_column("month") and not reading.calendar_column("year")
    for month in months if not years and not has_no_years else ():
        if compared := time_comparison(request, month):
            said = request.quote(compared.start, compared.end)
            raise PlanningError(f"{said} does not say of which year: write it behind the month, as in June 2013.")


def _of_part(part: str, mentions: Sequence[Mention], reading: Reading) -> Iterator[Condition]:
    spans = ranges(reading.request, mentions)
    for span in spans:
        operator, value = _span_of_numbers(part, span, reading.request)
        yield from _about(reading, part, Comparison(operator, span.start, span.high.end), value)
    for mention in mentions:
        if not any(mention in (span.low, span.high) for span in spans):
            said = time_comparison(reading.request, mention)
            yield from _about(reading, part, said or Comparison("equals", mention.start, mention.end), mention.value)


def _span_of_numbers(part: str, span: Range[Mention], request: Request) -> tuple[str, Json]:
    """From November to February the months are 11, 12, 1 and 2."""
    low, high = int(span.low.value), int(span.high.value)
    if part == "month" and low > high:
        return "in", [*range(low, len(MONTHS) + 1), *range(1, high + 1)]
    refuse_backward(request, span, low, high)
    return "between", [low, high]


def _about(reading: Reading, part: str, said: Comparison, value: Json) -> Iterator[Condition]:
    """The condition on a part of the table's dates, or on the column that holds just this part."""
    if own := reading.calendar_column(part):
        yield Condition(own, said.operator, value, said.start, said.end)
        return
    column, doubt = reading.time_column(said)
    if column is not None:
        yield Condition(column, said.operator, value, said.start, said.end, part, doubt)


def _of_days(places: Sequence[Days], reading: Reading) -> Iterator[Condition]:
    request, spans = reading.request, ranges(reading.request, places)
    for span in spans:
        refuse_backward(request, span, span.low.first, span.high.last)
        whole = Days(span.low.first, span.high.last, span.start, span.high.end)
        yield from _restricted(reading, whole, Comparison("between", whole.start, whole.end))
    for place in places:
        if not any(place in (span.low, span.high) for span in spans):
            said = time_comparison(request, place) or Comparison("between", place.start, place.end)
            yield from _restricted(reading, place, said)


def _restricted(reading: Reading, days: Days, said: Comparison) -> Iterator[Condition]:
    column, doubt = reading.time_column(days)
    if column is None:
        return
    exactly = _of_moments if column.has_hours else _of_whole_days
    for operator, value in exactly(said.operator, days):
        yield Condition(column, operator, value, said.start, said.end, doubt=doubt)


def _of_whole_days(operator: str, days: Days) -> Iterator[tuple[str, Json]]:
    first, last = days.first.isoformat(), days.last.isoformat()
    match operator:
        case "between":
            yield ("equals", first) if first == last else ("between", [first, last])
        case "greater_or_equal" | "less":
            yield operator, first
        case _:
            yield operator, last


def _of_moments(operator: str, days: Days) -> Iterator[tuple[str, Json]]:
    """After a day means from the next one on, up to a day means before the next one, where times have hours."""
    first, after = days.first.isoformat(), next_day(days.last).isoformat()
    match operator:
        case "between":
            yield from (("greater_or_equal", first), ("less", after))
        case "greater":
            yield "greater_or_equal", after
        case "less_or_equal":
            yield "less", after
        case _:
            yield operator, first
