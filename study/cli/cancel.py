"""cancel: the end of the workers of a study."""

import os
import shlex

import click

from study.api.request import StudyRequest
from study.cli.messages import message
from study.cli.options import study_file


@click.command("cancel")
@study_file
@click.option(
    "--now", is_flag=True, help="Stop at once; work since the last checkpoint is repeated."
)
def cancel_command(request: StudyRequest, now: bool) -> None:
    """Stop the workers of FILE, here and on Slurm; their results are kept."""
    from study.launch import status
    from study.store.store import Store

    store = Store(request.root)
    workers = status.cancel(store, request.identity, now=now)
    if not workers:
        # Workers are looked for before the file is read, which may be broken or gone by now.
        request.read()  # refuses a file and a profile that do not exist
        message(f"no worker is active on {request.file}")
        other = request.other_root
        if other and status.active_workers(Store(other), request.identity):
            message(f"note: workers of {other} are: --store {shlex.quote(str(other))} stops them")
        for title, file in status.same_title(store, request.identity):
            named = f"{title} ({os.path.relpath(file)})"
            message(f"note: workers of {named} go on")
        return
    when = "at once" if now else "after their step; waiting ones at once"
    message(f"stopping {when}: {status.summary(workers)}")
    command = f"study run {request.command_line()}"
    message(f"results, and what trials have saved, are kept; continue with: {command}")
