"""How fast The Brain is beside what else does the same work; `make bench` runs it."""
