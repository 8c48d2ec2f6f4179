"""Runs a checked pipeline."""
