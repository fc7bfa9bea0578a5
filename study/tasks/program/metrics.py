"""The metrics of every program, and those of its model; a study file declares the others."""

from study.metrics import COSTS, SPEEDS
from study.spec.metric import Catalogue, Metric

USAGE = Catalogue(
    {
        "seconds": Metric("Time", "s", 1, 1, better="lower", kind="quality"),
        "cpu_seconds": Metric("CPU time", "s", 1, 1, better="lower", kind="quality"),
        "peak_memory": Metric("Peak memory", "MB", 1e-6, 0, better="lower", kind="quality"),
    }
)
"""Wall time, CPU time and memory of all processes of a trial.

Of all its attempts, if the program resumes; else of the last one, which began anew.
"""

TRAINING = {"train_throughput", "memory"}
"""Speeds of a training step, which is the program's own."""

OF_MODEL = Catalogue({**COSTS, **{n: m for n, m in SPEEDS.items() if n not in TRAINING}})
"""The metrics of a model, where the study file says how it is built."""
