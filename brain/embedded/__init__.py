"""Real services that run from wheels, shared by every process of a project."""
