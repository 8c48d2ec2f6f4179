"""Every run, remembered: stored, queried, read as DataFrames, found by meaning."""
