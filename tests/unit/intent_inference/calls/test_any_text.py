"""Any text beside any tool: nothing fails, and what is offered is valid and stands where it says."""

import re
from datetime import date

from call_scenes import schema_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from brain.intent_inference.calls.arguments import arguments_of
from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.ranker import Worths
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.scene import Scene
from brain.intent_inference.calls.table_search import fill_all
from brain.intent_inference.similarity import Similarity

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
PROPERTIES = {
    "radius": NUMBER,
    "duration_minutes": {"type": "integer"},
    "hour": {"type": "integer", "description": "Hour of the day."},
    "level": {"type": "integer", "enum": [1, 2, 3]},
    "sugar": {"type": "boolean", "description": "Whether sugar is added. Default is true."},
    "color": {**TEXT, "enum": ["red", "darkBlue"]},
    "order": {**TEXT, "description": "'asc' for ascending, 'desc' for descending."},
    "day": {**TEXT, "description": "Day, YYYY-MM-DD."},
    "time": {**TEXT, "description": "As HH:MM."},
    "currency": {**TEXT, "description": "Currency."},
    "city": {**TEXT, "description": "City, e.g. 'Boston, MA'."},
    "values": {"type": "array", "items": NUMBER},
    "names": {"type": "array", "items": TEXT},
    "tags": {"type": "array", "items": {**TEXT, "enum": ["red", "green"]}},
    "place": {"type": "object", "properties": {"zip": TEXT}},
    "anything": {},
}
ARGUMENTS = arguments_of(schema_of(PROPERTIES, ["radius", "city"]))
WORDS = re.findall(
    r"\S+",
    """3 -4.5 1,250 $5 5k million 7% percent 3/4 half twice first second a decade 3 x 10^8 1e999 2024-05-01
    25/12/2024 May     5th, 2021 tomorrow next friday in 99999999999 days Today is 2024-02-31 . 5 pm 14:30 noon
    "New York" 'it's here' [1, 2]     ["a"] {"a": 1} {[1]: 2} ['\\d'] Boston, MA and or , ; : = ( ) not without
    yes 300K kelvin 40 ° S dollars Swiss francs     /tmp/a.csv a@b.example https://x.example AB-123 x^2 + 3x red
    dark blue sugar-free radius city ı ſ \u212a İ ² ½ ٣""",
)
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.text("0123456789.,-+eE/[]()'\""),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts, as_of=st.none() | st.dates())
def test_what_is_offered_is_valid_and_stands_where_it_says(text: str, as_of: date | None) -> None:
    reading = Reading(text)
    offer = Offer(reading, as_of)
    for argument in ARGUMENTS:
        validator = Draft202012Validator(argument.schema)
        for candidate in offer.of(argument)[1:]:
            assert _is_placed(candidate, reading)
            assert candidate.rule == Rule.LITERAL or validator.is_valid(candidate.value)


def _is_placed(candidate: Candidate, reading: Reading) -> bool:
    """Whether it stands at tokens of the request, or nowhere; what is taken word for word also reads so."""
    if not candidate.is_placed:
        return (candidate.first, candidate.last) == (-1, -1)
    if candidate.rule in (Rule.PHRASE, Rule.QUOTED, Rule.EXPRESSION, Rule.DATE_AS_WRITTEN):
        return candidate.value == reading.quote(candidate.first, candidate.last)
    return 0 <= candidate.first < candidate.last <= len(reading.tokens)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=texts)
def test_any_text_is_filled_into_calls(text: str, similarity: Similarity) -> None:
    scene = Scene(Offer(Reading(text)), "shop.get_values", "Gets red values of a city.", ARGUMENTS, similarity)
    weights = {f"{argument.group}:any": 1.0 for argument in ARGUMENTS} | {"calls two": 9.0}
    for call in fill_all(Worths(Features(scene), weights)):
        assert len(call) == len(ARGUMENTS)
