"""worker: runs trials of a job, wherever it is started."""

from pathlib import Path

import click


@click.command("worker")
@click.argument("job", metavar="JOB", type=click.Path(path_type=Path))
@click.option("--index", default="", metavar="N", help="The number of the worker in its job.")
def worker_command(job: Path, index: str) -> int:
    """Run trials of JOB on this machine until none is open.

    JOB is a folder of results/jobs/, which `study run` makes, on any machine that sees it. All
    settings are in it: the worker runs the job's own copy of this package. It needs no terminal,
    saves and ends on SIGTERM, and takes a GPU of its own where there are some. `study run --on
    command` starts workers by this command; more may be started by hand at any time.
    """
    from study.launch import standalone

    if index and not index.isdecimal():
        raise click.UsageError(f"--index {index}: a whole number")
    return standalone.run(job.resolve(), index)
