"""The built-in tools, one file a family; tools.json names them."""
