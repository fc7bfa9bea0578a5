"""The task of results that exist: its trials are rows of a file, and none is run."""
