"""The lines below a plan."""

from dataclasses import replace

import pytest

from brain.display.words import preflight_lines
from brain.pipeline_builder.preflight import Estimate, Preflight, SecretNeed, Write

NOTHING = Preflight((), (), (), (), ())
GUESS = Estimate(seconds=2.46, tokens=0, cost_usd=0.0, calls=12, each=(), unknown=())


def test_what_a_pipeline_leaves_alone_is_not_mentioned() -> None:
    assert dict(preflight_lines(NOTHING)) == {"takes": "unknown: the past runs could not be read"}


def test_everything_that_it_touches_has_a_line() -> None:
    told = Preflight(
        hosts=("a.example", "b.example"),
        undecided=("pages", "feed"),
        secrets=(
            SecretNeed("KEY", "web.search", ("a.example",), is_set=False),
            SecretNeed("SALT", "web.sign", (), is_set=True),
        ),
        writes=(Write("save", "files.write", ("a.csv",)), Write("tell", "mail.send", ())),
        asks_model=("short",),
        estimate=replace(GUESS, tokens=1800, each=("pages",), unknown=("feed",)),
    )
    assert dict(preflight_lines(told)) == {
        "touches": "a.example, b.example, what pages and feed finds while it runs",
        "model": "short asks the chat model",
        "secrets": "KEY for a.example (not set), SALT",
        "changes": "save: files.write a.csv (asks first); tell: mail.send (asks first)",
        "takes": "about 2.5 s and 1,800 tokens, by 12 earlier calls; more the more items pages has;"
        " without feed, which never ran",
    }


@pytest.mark.parametrize(
    ("guess", "text"),
    [
        (replace(GUESS, seconds=0.0123, calls=1), "about 0.012 s, by 1 earlier call"),
        (replace(GUESS, seconds=150.0), "about 2.5 min, by 12 earlier calls"),
        (replace(GUESS, tokens=900), "about 2.5 s and 900 tokens, by 12 earlier calls"),
        (replace(GUESS, tokens=900, cost_usd=0.00123), "about 2.5 s and 900 tokens ($0.0012), by 12 earlier calls"),
        (
            replace(GUESS, tokens=900, cost_usd=None),
            "about 2.5 s and 900 tokens (at a price that is not known), by 12 earlier calls",
        ),
        (replace(GUESS, calls=0), "unknown: none of its tools has run here yet"),
    ],
)
def test_the_estimate_says_what_it_rests_on(guess: Estimate, text: str) -> None:
    assert dict(preflight_lines(replace(NOTHING, estimate=guess)))["takes"] == text
