"""Calls of any tool, by its JSON schema alone, from the words of a request: no model writes, a small ranker chooses.

The way of a request: `reading` (tokens) -> `contents` (numbers, dates, phrases) -> `offer` (candidates for an argument)
-> `scene` (beside one tool) -> `features` (facts about candidates) -> `ranker` (one call) -> `table_search` (several
calls), and `tool_choice` beside several tools.
"""
