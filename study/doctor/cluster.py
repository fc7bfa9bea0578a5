"""Whether workers on Slurm would fare well."""

import re
import shutil
from collections.abc import Iterator, Mapping

from study.doctor.findings import Case, Finding, answer, fail, miss, note, ok

COMMANDS = ("sbatch", "squeue", "scontrol", "scancel", "sacct")
HOURS = 24  # that a worker asks for unless told otherwise


def slurm(case: Case) -> Iterator[Finding]:
    """Its commands, its controller, and how the site has set it up."""
    absent = [name for name in COMMANDS if shutil.which(name) is None]
    if "sbatch" in absent:
        yield miss("no Slurm: sbatch is not found", "--on local runs here; or load its module")
        return
    if absent:
        yield fail(f"Slurm without {', '.join(absent)}", "load its module, or put it in PATH")
        return
    answers, said = answer("scontrol", "ping")
    if not answers:
        yield fail(f"Slurm does not answer: {' '.join(said.split())}", "set SLURM_CONF, or wait")
        return
    answers, said = answer("scontrol", "show", "config")
    config = dict(re.findall(r"^(\w+) *= *(.*?) *$", said, re.MULTILINE))
    yield ok(f"Slurm {config.get('SLURM_VERSION')}, cluster {config.get('ClusterName')}, answers")
    yield ok(f"arrays of up to {config.get('MaxArraySize')} jobs (MaxArraySize)")
    yield from _ends(config)
    yield from _preemption(config)
    yield from _partitions()


def _ends(config: Mapping[str, str]) -> Iterator[Finding]:
    """What is known of jobs that are over, and whether they come back."""
    keeper = config.get("AccountingStorageType", "")
    if keeper.endswith("/none") or keeper in ("", "(null)"):
        yield note("no accounting: how a job ended is in its log alone, and sacct knows nothing")
    else:
        answers, said = answer("sacct", "-n", "-X", "-P", "-o", "JobID")
        if answers:
            yield ok(f"accounting by {keeper}")
        else:
            yield note(f"sacct does not answer: {said}; how a job ended is in its log alone")
    if config.get("JobRequeue") == "0":
        yield ok("jobs are queued again when asked to be, which workers are (JobRequeue 0)")
    else:
        yield ok("jobs are queued again after preemption or the loss of a node (JobRequeue 1)")


def _preemption(config: Mapping[str, str]) -> Iterator[Finding]:
    mode = config.get("PreemptMode", "OFF")
    if mode == "OFF":
        yield ok("no preemption")
    elif "preempt_send_user_signal" in config.get("SlurmctldParameters", ""):
        yield ok(f"preemption by {mode}, and workers are told before (preempt_send_user_signal)")
    else:
        said = f"preemption by {mode} without preempt_send_user_signal in SlurmctldParameters"
        left = f"a preempted worker has {config.get('KillWait', 'KillWait')} to stop in"
        yield note(f"{said}: {left}; its trial goes on after its last whole epoch")


def _partitions() -> Iterator[Finding]:
    answers, said = answer("scontrol", "show", "partition", "-o")
    rows = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in said.splitlines()] if answers else []
    for row in rows:
        default = ", the default" if row.get("Default") == "YES" else ""
        state, limit = row.get("State"), row.get("MaxTime", "UNLIMITED")
        told = (
            f"partition {row.get('PartitionName')}{default}: {state}, {row.get('TotalNodes')} "
            f"nodes, time limit {limit}"
        )
        hours = _hours(limit)
        if state != "UP":
            yield note(told, "-R partition=another")
        elif hours is not None and hours < HOURS:
            yield note(f"{told}, less than the {HOURS} h asked for", f"-R hours={hours:g}")
        else:
            yield ok(told)
    if not rows:
        yield fail(f"Slurm shows no partition: {said}", "ask the site for access")


def _hours(limit: str) -> float | None:
    """Of Slurm's [days-]hours:minutes:seconds; none where there is no limit."""
    found = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):(\d+)", limit)
    if not found:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * 24 + hours + minutes / 60 + seconds / 3600
