"""The shell door: each command parses, calls one method of Brain, and renders."""
