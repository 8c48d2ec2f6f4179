"""Real workflows: files of task graphs with measured runtimes, and what reads them."""
