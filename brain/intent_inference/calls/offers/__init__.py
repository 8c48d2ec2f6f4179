"""The candidates for arguments, one module a kind of value."""
