"""The metrics that every trial of a program has; a study file declares the others."""

from study.spec.metric import Catalogue, Metric

USAGE = Catalogue(
    {
        "seconds": Metric("Time", "s", 1, 1, better="lower", kind="quality"),
        "cpu_seconds": Metric("CPU time", "s", 1, 1, better="lower", kind="quality"),
        "peak_memory": Metric("Peak memory", "MB", 1e-6, 0, better="lower", kind="quality"),
    }
)
"""Wall time, CPU time and memory of all processes of a trial, over all its attempts."""
