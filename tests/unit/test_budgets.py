"""What a run may spend, as people write it."""

import pytest

from brain.budgets import UNLIMITED, Budget


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("0.50", Budget(dollars=0.5)),
        (" $2 ", Budget(dollars=2.0)),
        ("0.50 USD", Budget(dollars=0.5)),
        ("3 dollars", Budget(dollars=3.0)),
        ("20000 tokens", Budget(tokens=20_000)),
        ("20k tokens", Budget(tokens=20_000)),
        ("1.5M tokens", Budget(tokens=1_500_000)),
        ("1 token", Budget(tokens=1)),
        ("0.50, 20000 tokens", Budget(0.5, 20_000)),
        ("20k tokens and $0.0123", Budget(0.0123, 20_000)),
        ("none", UNLIMITED),
        ("OFF", UNLIMITED),
    ],
)
def test_a_budget_is_dollars_or_tokens_or_both(written: str, means: Budget) -> None:
    assert Budget.parse(written) == means
    assert Budget.parse(str(means)) == means, "what is stored is read back as it was"


@pytest.mark.parametrize(
    "written",
    ["", "cheap", "-1", "0", "0 tokens", "0.5 tokens", "1e3", "$5 tokens", "5k", "0.5, 0.6", "1 token, 2 tokens", "nan",
     "0.50 EUR", "1,000 tokens", "٣ tokens"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_it_takes(written: str) -> None:
    with pytest.raises(
        ValueError, match=r"takes US dollars \(0\.50\), tokens \(20000 tokens\), both .* or the word none"
    ):
        Budget.parse(written)
