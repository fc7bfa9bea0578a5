"""A copy of this package for every job, so that workers run the code that was submitted.

Workers may start hours later on Slurm, and are started again when they die. An edit in between
would change the code in the middle of a study.
"""

import os
import shutil
from pathlib import Path

from study.errors import StoreError
from study.store import ownership
from study.store.atomic import replace, write
from study.store.provenance import ORIGIN, PACKAGE, git, origin


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
