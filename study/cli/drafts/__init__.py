"""Drafts of study files, from what a folder or a file holds. Nothing of it is run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from study.cli.drafts import coco, images, program, results
from study.cli.drafts.draft import Draft
from study.errors import StudyError


@dataclass(frozen=True)
class ChosenDraft:
    """The draft of a path, and the other tasks of which there is something, too."""

    draft: Draft
    others: tuple[str, ...] = ()


def chosen_draft(path: Path, task: str | None, folder: Path) -> ChosenDraft:
    """The draft of what is at a path; `task` is the one to take where there are several.

    `folder` is that of the study file.

    Raises:
        StudyError: there is nothing at that path that a draft can be written of.
    """
    if not path.exists():
        raise StudyError(f"{path} does not exist")
    if task is not None:
        return ChosenDraft(_draft(path, task, folder))
    drafts = {name: write(path, folder) for name, write in DRAFTS.items()}
    # All are tried, so that the user learns what else is there.
    written = {name: draft for name, draft in drafts.items() if draft}
    if written:
        first, *others = written
        return ChosenDraft(written[first], tuple(others))
    if path.is_file():
        raise StudyError(
            f"{path} is neither a script nor a file of results; study new takes these, or a folder"
        )
    raise StudyError(
        f"{path} has no Python script, no folders of classes with images, and no annotations in "
        f"COCO's form; --task {' or '.join(EXAMPLES)} writes an example"
    )


def _draft(path: Path, task: str, folder: Path) -> Draft:
    draft = DRAFTS[task](path, folder)
    # A file is named to be used: an example in its place would have nothing of it.
    if draft is None and task in EXAMPLES and path.is_dir():
        return EXAMPLES[task]()
    if draft is None:
        raise StudyError(f"{path} has nothing for {task}: name {NAMED[task]}")
    return draft


NAMED = {
    "classification": "a folder with folders of classes, or leave it out for an example",
    "detection": "a folder with annotations in COCO's form, or leave it out for an example",
    "program": "a script, as in study new train.py",
    "results": "a file of results, as in study new runs.csv",
}
"""By task, what to name."""

EXAMPLES: dict[str, Callable[[], Draft]] = {
    "classification": images.example,
    "detection": coco.example,
}
"""Drafts of images that come with a dependency, by task."""

DRAFTS: dict[str, Callable[[Path, Path], Draft | None]] = {
    "program": program.draft,
    "classification": images.draft,
    "detection": coco.draft,
    "results": results.draft,
}
"""By task, the draft of a path for a study file in a folder; None where there is nothing of it.

The first one is written."""
