"""Batches: one notebook, run once for each of many sets of parameters."""
