"""Checks of this machine and store: what studies need, what is missing, and the next step.

Contract: check(scope) -> findings. A check changes nothing; the files it probes with are removed.
"""

from collections.abc import Callable, Iterator
from functools import partial

from study.doctor import cluster, disk, machine, software, studies
from study.doctor.findings import Finding, Scope, fail

__all__ = ["CHECKS", "Finding", "Scope", "run_checks"]

LIBRARIES = ("torch", "timm", "torchvision", "fvcore", "submitit")


def run_checks(scope: Scope) -> Iterator[tuple[str, Finding]]:
    """Yields (name of a check, finding); a check that fails does not stop the others."""
    for name, check in CHECKS.items():
        try:
            for finding in check(scope):
                yield name, finding
        except Exception as error:  # a broken installation can raise anything
            message = f"{type(error).__name__}: {error}".splitlines()[0]
            yield name, fail(f"the check {name} failed: {message}", "fix that first")


CHECKS: dict[str, Callable[[Scope], Iterator[Finding]]] = {
    "python": software.python,
    **{name: partial(software.library, name) for name in LIBRARIES},
    "code": software.code,
    "devices": machine.devices,
    "processors": machine.processors,
    "recipes": software.shipped_recipes,
    "parts": software.parts,
    "data": studies.data_sets,
    "extras": software.extras,
    "store": disk.store,
    "room": disk.room,
    "file system": disk.file_system,
    "writes": disk.writes,
    "locks": disk.locks,
    "clock": disk.clock,
    "jobs": disk.jobs,
    "slurm": cluster.slurm,
}
