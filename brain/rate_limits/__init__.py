"""Where the rates of tools are kept: in Redis, in PostgreSQL, or in this process; the seam is the executor's."""
