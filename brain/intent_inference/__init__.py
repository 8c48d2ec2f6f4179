"""From a request in plain words to a pipeline specification."""
