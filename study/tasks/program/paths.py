"""The PATH on which programs are looked up."""

import os
import sys
from pathlib import Path


def program_path() -> str:
    """The user's PATH, and behind it the folder of this Python.

    A `study` that is called by its full path has an environment that may not be activated.
    """
    # Behind it: the environment that the user has activated comes first.
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
