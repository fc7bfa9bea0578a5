"""A copy of this package for every job, so that workers run the code that was submitted.

Workers may start hours later on Slurm, and are started again when they die. An edit in between
would change the code in the middle of a study.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from study import tasks
from study.errors import StoreError
from study.store import ownership
from study.store.atomic import replace, write
from study.store.job_records import Work
from study.store.provenance import ORIGIN, PACKAGE, git, origin
from study.store.records import TrialRecord


def copy_package(job: Path) -> None:
    """Copy the package into a job folder, with its provenance and uncommitted changes."""
    code = job / "code"
    skipped = shutil.ignore_patterns("__pycache__")  # workers compile their own
    try:
        shutil.copytree(PACKAGE, code / PACKAGE.name, ignore=skipped, symlinks=True)
    except OSError as error:  # shutil.Error is one, too
        raise StoreError(f"{code} cannot be written: {error}") from error
    write(code / ORIGIN, origin())
    if origin()["dirty"]:
        replace(job / "code.diff", (git("diff", "HEAD", "--", ".") or "").encode())


def copy_programs(job: Path, work: Work, records: Mapping[str, TrialRecord]) -> None:
    """Copy what the task's trials run into a job folder, before any worker can claim them.

    Raises:
        StudyError: it has changed since it was planned.
    """
    if records:
        tasks.task(work.task).copy_code(records.values(), job)


def environment(job: Path) -> dict[str, str]:
    """Variables with which Python imports the package from the copy, in any current folder.

    Raises:
        StoreError: another user could have changed the copy.
    """
    ownership.contents(job)
    return variables(job)


def variables(job: Path) -> dict[str, str]:
    """The variables without the check, for a process that checks the folder itself."""
    # PYTHONSAFEPATH keeps the current folder off the path: it may hold another `study`.
    others = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(job / "code"), *([others] if others else [])])
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
