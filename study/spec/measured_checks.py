"""Keys of a study file that call for trials, where `measured` takes their results from a file."""

from collections.abc import Iterator

from study.spec.problems import Problem
from study.spec.schema import SequentialSeeds, StudyFile
from study.spec.yaml import Tree

RUN_TRIALS = ("aa", "match", "search", "tune")
"""Keys whose arms or seeds no file can be expected to have."""


def measured_problems(file: StudyFile, document: Tree) -> Iterator[Problem]:
    """Problems of keys that have no meaning beside `measured`."""
    if file.measured is None:
        return
    for key in RUN_TRIALS:
        if getattr(file, key):
            message = f"{key} runs trials, and measured takes their results from a file"
            yield Problem(message, document.key([key]), f"delete {key}, or measured")
    if isinstance(file.seeds, SequentialSeeds) or file.seeds == 0:
        message = "seeds: beside measured a number of them, or a list"
        yield Problem(message, document.key(["seeds"]), "without seeds, all that the file has")
