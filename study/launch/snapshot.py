"""The code that runs is the code that was submitted: a copy of this package for every job.

Workers start late, on Slurm hours later, and are started again when they die. Whatever has been
edited meanwhile, they import the copy.
"""

import os
import shutil
from pathlib import Path

from study import ownership
from study.errors import StoreError
from study.files import replace, write
from study.origin import ORIGIN, PACKAGE, git, origin


def taken(job: Path) -> None:
    """Copy the package into a job folder, with its origin and what differs from the commit."""
    code = job / "code"
    skipped = shutil.ignore_patterns("__pycache__")
    try:
        shutil.copytree(PACKAGE, code / PACKAGE.name, ignore=skipped, symlinks=True)
    except OSError as error:  # shutil.Error too
        raise StoreError(f"{code} cannot be written: {error}") from error
    write(code / ORIGIN, origin())
    if origin()["dirty"]:
        replace(job / "code.diff", (git("diff", "HEAD", "--", ".") or "").encode())


def environment(job: Path) -> dict[str, str]:
    """Variables with which Python imports the package from the copy, wherever it is started.

    Raises:
        StoreError: another user could have changed the copy.
    """
    ownership.contents(job)
    return variables(job)


def variables(job: Path) -> dict[str, str]:
    """The same for a process that checks the folder itself before it sets them."""
    others = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(job / "code"), *([others] if others else [])])
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
