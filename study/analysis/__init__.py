"""Everything that follows from the results of a plan."""
