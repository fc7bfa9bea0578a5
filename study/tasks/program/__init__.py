"""The task of running a user's own program: a command, or a function of Python."""
