"""Words that turn what is said into its opposite."""

__all__ = ["DENIALS", "EXCLUSIONS", "NEGATIONS"]

EXCLUSIONS = frozenset({"no", "without", "not", "don't", "exclude", "excluding"})
"""What stands behind them is not wanted."""
NEGATIONS = EXCLUSIONS | {"never", "except", "skip", "omit", "doesn't", "ignore", "neither", "nor"}
DENIALS = NEGATIONS | {"isn't", "false", "off", "instead", "rather"}
"""Words that may deny something elsewhere in the sentence."""
