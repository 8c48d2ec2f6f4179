"""What several parts store together, and how the schema moves."""
