"""English words that stand for a number: ordinals, counts, frequencies, and the days of the week by their names."""

__all__ = ["COUNTS", "ORDINALS", "TIMES_A_YEAR", "WEEKDAYS"]

ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12,
}  # fmt: skip
COUNTS = {
    "once": 1, "single": 1, "couple": 2, "pair": 2, "twice": 2, "both": 2, "thrice": 3, "triple": 3, "double": 2,
    "half-dozen": 6,
}  # fmt: skip
TIMES_A_YEAR = {
    "annually": 1, "annual": 1, "yearly": 1, "semiannually": 2, "semi-annually": 2, "semi-annual": 2, "half-yearly": 2,
    "biannually": 2, "quarterly": 4, "bimonthly": 6, "monthly": 12, "biweekly": 26, "fortnightly": 26, "weekly": 52,
    "daily": 365,
}  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
