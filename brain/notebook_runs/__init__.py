"""Notebooks that are run as a whole, and pipelines written as notebooks."""
