"""Facts about a candidate for an argument, as named features with values, one module a family."""
