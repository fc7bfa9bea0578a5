"""The model of a program: built by the user's function, counted in the plan, and timed."""
