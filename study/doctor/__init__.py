"""What is here and what is missing: one function a check, which tells what to do next.

Contract: check(case) -> findings. It changes nothing, and probes in files that are gone afterwards.
"""

from collections.abc import Callable, Iterator
from functools import partial

from study.doctor import cluster, disk, machine, software, studies
from study.doctor.findings import Case, Finding, fail

__all__ = ["CHECKS", "Case", "Finding", "examined"]

LIBRARIES = ("torch", "timm", "torchvision", "fvcore", "submitit")


def examined(case: Case) -> Iterator[tuple[str, Finding]]:
    """The name of a check and one thing it finds; one that comes to grief stops no other."""
    for name, check in CHECKS.items():
        try:
            for finding in check(case):
                yield name, finding
        except Exception as error:  # whatever is wrong here is what is asked for
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            yield name, fail(f"{name} could not be looked at: {said}", "see to that first")


CHECKS: dict[str, Callable[[Case], Iterator[Finding]]] = {
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
