"""Calls of any tool, by its JSON schema alone, from the words of a request: no model writes, a small ranker chooses."""
