"""Checks of Slurm: its commands, controller, accounting, preemption and partitions."""

import re
import shutil
from collections.abc import Iterator, Mapping

from study.doctor.findings import Finding, Scope, answer, fail, miss, note, ok

COMMANDS = ("sbatch", "squeue", "scontrol", "scancel", "sacct")
# The default of -R hours; a partition with a lower limit would reject the job.
HOURS = 24  # time limit of a worker by default


def slurm(scope: Scope) -> Iterator[Finding]:
    """Slurm's commands, its controller, and the configuration of the site."""
    absent = [name for name in COMMANDS if shutil.which(name) is None]
    if "sbatch" in absent:
        yield miss("no Slurm: sbatch is not found", "--on local runs here; or load its module")
        return
    if absent:
        yield fail(f"Slurm without {', '.join(absent)}", "load its module, or add it to PATH")
        return
    answers, output = answer("scontrol", "ping")
    if not answers:
        yield fail(
            f"Slurm does not answer: {' '.join(output.split())}",
            "set SLURM_CONF, or ask whether the controller is down",
        )
        return
    answers, output = answer("scontrol", "show", "config")
    config = dict(re.findall(r"^(\w+) *= *(.*?) *$", output, re.MULTILINE))
    yield ok(f"Slurm {config.get('SLURM_VERSION')}, cluster {config.get('ClusterName')}, answers")
    yield ok(f"arrays of up to {config.get('MaxArraySize')} jobs (MaxArraySize)")
    yield from _accounting(config)
    yield from _preemption(config)
    yield from _partitions()


def _accounting(config: Mapping[str, str]) -> Iterator[Finding]:
    """The record of finished jobs, and automatic requeueing."""
    storage = config.get("AccountingStorageType", "")
    if storage.endswith("/none") or storage in ("", "(null)"):
        yield note("no accounting: how a job ended is only in its log, since sacct has no record")
    else:
        # -X without job steps, -n without a heading, -P separated by bars instead of padded.
        answers, output = answer("sacct", "-n", "-X", "-P", "-o", "JobID")
        if answers:
            yield ok(f"accounting by {storage}")
        else:
            yield note(f"sacct does not answer: {output}; how a job ended is only in its log")
    # Slurm requeues by default where JobRequeue is 1, and else only jobs that ask for it.
    if config.get("JobRequeue") == "0":
        yield ok("jobs are requeued on request, which workers make (JobRequeue 0)")
    else:
        yield ok("jobs are requeued after preemption or the loss of a node (JobRequeue 1)")


def _preemption(config: Mapping[str, str]) -> Iterator[Finding]:
    mode = config.get("PreemptMode", "OFF")
    if mode == "OFF":
        yield ok("no preemption")
    elif "preempt_send_user_signal" in config.get("SlurmctldParameters", ""):
        yield ok(f"preemption by {mode}, and workers are warned first (preempt_send_user_signal)")
    else:
        message = f"preemption by {mode} without preempt_send_user_signal in SlurmctldParameters"
        wait = f"a preempted worker has {config.get('KillWait', 'KillWait')} to stop in"
        yield note(f"{message}: {wait}; its trial resumes after its last complete epoch")


def _partitions() -> Iterator[Finding]:
    answers, output = answer("scontrol", "show", "partition", "-o")
    # -o prints one partition a line, which is easier to read than Slurm's blocks.
    lines = output.splitlines() if answers else []
    for row in (dict(re.findall(r"(\w+)=(\S+)", line)) for line in lines):
        default = ", the default" if row.get("Default") == "YES" else ""
        state, limit = row.get("State"), row.get("MaxTime", "UNLIMITED")
        message = (
            f"partition {row.get('PartitionName')}{default}: {state}, {row.get('TotalNodes')} "
            f"nodes, time limit {limit}"
        )
        hours = _hours(limit)
        if state != "UP":
            yield note(message, "-R partition=another")
        elif hours is not None and hours < HOURS:
            yield note(f"{message}, less than the default of {HOURS} h", f"-R hours={hours:g}")
        else:
            yield ok(message)
    if not lines:
        yield fail(f"Slurm shows no partition: {output}", "ask the site for access")


def _hours(limit: str) -> float | None:
    """A time limit in Slurm's form [days-]hours:minutes:seconds, in hours; None if unlimited."""
    # "UNLIMITED" does not match.
    match = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):(\d+)", limit)
    if not match:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return days * 24 + hours + minutes / 60 + seconds / 3600
