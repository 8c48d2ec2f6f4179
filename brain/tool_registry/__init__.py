"""Tool definitions: what they look like, where they are read from, and which ones fit a request."""
