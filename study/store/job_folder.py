"""The names of the files in a job's folder that more than one room reads; see `launch.job`."""

SETTINGS = "job.json"
"""The settings of the job; a folder without this file is no job yet."""

RECORDS = "trials.json"
"""The frozen plan: what each of the trials computes."""

GROWTH = "trials.*.json"
"""The same of trials that results called for later, numbered."""

STOP = "stop"
"""Present when the workers should stop."""
