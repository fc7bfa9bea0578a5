"""One trial of a classifier: its model, its images, its run, and what is timed of it."""
