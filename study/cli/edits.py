"""A note on a study file that was edited while its study ran."""

from typing import TYPE_CHECKING

from study.cli.messages import message

if TYPE_CHECKING:
    from study.api.request import StudyRequest
    from study.plan.plan import Plan


def note_edits(request: "StudyRequest", plan: "Plan") -> None:
    if _edited(plan):
        newest = f"study report {request.command_line()}"
        change = f"{request.file} changed during this run, which reported the earlier version"
        message(f"note: {change}; for the present one: {newest}")


def _edited(plan: "Plan") -> bool:
    """True if the study file changed since it was read, or no longer exists."""
    path = plan.study.path
    if path.exists() and not path.is_file():  # a pipe can be read only once
        return False
    try:
        # As the reader of study files does: a byte order mark is no edit.
        return path.read_text("utf-8-sig") != plan.study.text
    except (OSError, UnicodeDecodeError):
        return True
