"""One trial of a detector: its model, its run, and what is timed of it."""
