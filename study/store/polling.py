"""Seconds between two looks, where a process waits for another one.

The store is the only connection between processes, and a file server notifies nobody. A look at the
store costs a round trip to that server, so it is rarer than a look at a child process.
"""

CHILDREN = 0.2
"""A supervisor looks whether its child processes have ended."""
EVENTS = 0.5
"""A command that runs a study looks for new epochs and results, to print them."""
WORKERS = 1.0
"""A worker looks for a stop file and sets its watchdog back; a process waits for a lease to end."""
LOGS = 1.0
"""`study logs --follow` looks for new lines."""
SQUEUE = 5.0
"""A command that waits for Slurm asks whether its workers are still queued or at work."""
RESULTS = 2.0
"""Commands with `--watch` look for new results; each look plans the study again."""
