"""One trial of any task: its run from a record to a result, and the timing of its work."""
