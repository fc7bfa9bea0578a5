"""The states of a trial: the one list of their names."""

STATES = {
    "pending": "no worker has it, and nothing of it is saved",
    "running": "a worker has it",
    "paused": "interrupted, and no worker has it; the next one goes on from what is saved",
    "completed": "it has all of its measurements",
    "diverged": "its loss was not finite, so it ended; it counts as done",
    "censored": "the rule of a search ended it early; it counts as done",
    "failed": "it raised an error; the next `study run` tries it again",
}
"""The meaning of each state, in the order in which a trial passes through them."""

OPEN = ("pending", "running", "paused")
"""States of a trial that has yet to end."""
DONE = ("completed", "diverged", "censored")
"""States of a trial that is not run again."""
