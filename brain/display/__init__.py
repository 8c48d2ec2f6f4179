"""How plans, runs and tools look wherever people look at them: in HTML, in Markdown, at a terminal, as plain lines."""
