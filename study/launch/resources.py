"""Resources of a Slurm job: the values of -R, checked, with each flag of sbatch at most once.

The value None means a flag without a value (-R sbatch.exclusive). An empty value leaves the flag
out of the script (-R hours= takes the time limit of the site).
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from study.errors import StudyError, unknown
from study.launch.machine import Machine

Resources = Mapping[str, str | None]
NOTICE = 90  # seconds before the end of a job at which Slurm signals its workers
HOURS = 24.0  # the default time limit of a job
RAW = "sbatch."
"""The prefix of resources that go to sbatch unchanged: -R sbatch.reservation=eccv."""


def _text(value: str) -> str:
    return value


def _count(value: str) -> int:
    # int() also reads digits of other scripts, which sbatch does not.
    if not (value.isascii() and int(value) > 0):
        raise ValueError
    return int(value)


def _number(value: str) -> float:
    # float() reads "nan" and "inf", too.
    if not (math.isfinite(float(value)) and float(value) > 0):
        raise ValueError
    return float(value)


def _gpus(value: str) -> str:
    """Validate a number of GPUs, or numbers per type: 2, a100:2, or a100:1,v100:1."""
    if not all(re.fullmatch(r"([\w.-]+:)?0*[1-9][0-9]*", part) for part in value.split(",")):
        raise ValueError
    return value


TYPE_NAMES: Mapping[Callable[[str], Any], str] = {
    _text: "text",
    _count: "a positive int",
    _number: "a positive float",
    _gpus: "a positive int, or TYPE:NUMBER such as a100:2",
}
RESOURCES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "partition": ("partition", _text),
    "account": ("account", _text),
    "qos": ("qos", _text),
    "constraint": ("constraint", _text),
    "nodelist": ("nodelist", _text),
    "exclude": ("exclude", _text),
    "gres": ("gres", _text),
    "comment": ("comment", _text),
    "hours": ("time", _number),
    "cpus": ("cpus_per_task", _count),
    "gpus": ("gpus_per_node", _gpus),
    "mem": ("mem", _number),
    "parallel": ("array_parallelism", _count),
    "notice": ("signal_delay_s", _count),
}
"""The names that -R accepts: submitit's name and the type. `mem` is in GB, `notice` in seconds."""

OTHER_UNIT = ("time", "mem", "array_parallelism", "signal_delay_s")
"""Parameters of submitit whose values differ from those of sbatch's flag, or that have no flag."""

COUNTED: Mapping[str, Callable[[str], Any]] = {
    "gpus": _gpus,
    "gpus_per_task": _gpus,
    "gpus_per_socket": _gpus,
    "cpus_per_gpu": _count,
}
"""Raw flags that are validated, since the numbers of trials and threads are computed from them."""

REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        ("ntasks", "ntasks_per_node", "ntasks_per_core", "ntasks_per_socket", "ntasks_per_gpu"),
        "a worker is one task on each node, which starts the processes: --devices",
    ),
    "nodes": "--nodes says on how many nodes a trial is trained",
    "array": "--workers says how many jobs, -R parallel how many at a time",
    "signal": "USR2 warns workers before the time limit: -R notice says how long before",
    **dict.fromkeys(("output", "error", "input", "open_mode"), "logs are in the job's folder"),
    **dict.fromkeys(("chdir", "wrap", "get_user_env"), "workers run in the folder of the command"),
    **dict.fromkeys(
        ("wait", "parsable", "test_only", "quiet", "hold_jobs"), "see --wait, --dry-run"
    ),
}
"""Flags that would break the jobs, each with the reason or the replacement."""

DEFAULTED = ("job_name", "time", "wckey")
"""Flags for which submitit has own defaults, unless the parameter is None."""

GPU_FLAGS = ("gpus", "gpus_per_node", "gpus_per_task", "gpus_per_socket")
GENERIC_FLAGS = ("gres", "tres_per_node", "tres_per_task", "tres_per_job", "tres_per_socket")
GPU_WORDS = re.compile(r"\b(gpu|shard|mps)\b")
"""Generic resources that are GPUs, or shares of GPUs."""


def canonical(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str | None]:
    """Validate the values of -R, and name each flag of sbatch in one way.

    Raises:
        StudyError: a name does not exist, is given twice or would break jobs, or a value is not of
            its type.
    """
    resources: dict[str, str | None] = {}
    for key, value in pairs:
        name = _name(key, value)
        flag = flag_of(name)
        if flag in map(flag_of, resources):
            dashed = flag.replace("_", "-")
            raise StudyError(f"-R {_written(key, value)}: --{dashed} is given twice")
        resources[name] = value
        _check(name, value)
    # `gpus` counts by one request, and would be wrong for a job with two.
    requests = [key for key in resources if _asks_for_gpus(key, resources[key])]
    if len(requests) > 1:
        words = " and ".join(f"-R {_written(key, resources[key])}" for key in requests)
        raise StudyError(f"{words} all ask for GPUs: give one of them")
    return resources


def gpu_request(resources: Resources) -> str:
    """The value of -R that asks for GPUs, as the user wrote it; empty if there is none."""
    words = (_written(k, v) for k, v in resources.items() if _asks_for_gpus(k, v))
    return next(words, "")


def gpus(resources: Resources, nodes: int) -> int | None:
    """The number of GPUs that a job has on each node; None if its flags do not determine it."""
    for key, value in resources.items():
        if not _asks_for_gpus(key, value):
            continue
        flag = flag_of(key)
        counts = [_counted(part) for part in str(value).split(",") if _gpu_part(flag, part)]
        # --gpus counts those of the whole job, the other flags those of a node.
        total = sum(counts) // (nodes if flag == "gpus" else 1)
        return total if flag in ("gpus", "gpus_per_node", "gpus_per_task", "gres") else None
    return None


def check(resources: Resources, machine: Machine) -> None:
    """Refuse a job that reserves GPUs and uses none, or reserves fewer than a trial needs.

    Raises:
        StudyError: names the flags that contradict each other.
    """
    word, count = gpu_request(resources), gpus(resources, machine.nodes)
    if word and machine.device != "cuda":
        raise StudyError(
            f"-R {word} reserves GPUs, and --device {machine.device} trains on none: leave one out"
        )
    if count is not None and count < machine.devices:
        raise StudyError(f"--devices {machine.devices}: -R {word} gives a job {count} on each node")


def notes(machine: Machine) -> list[str]:
    """Warnings about a job that reserves more GPUs than it uses."""
    count, word = gpus(machine.resources, machine.nodes), gpu_request(machine.resources)
    if count is None or count <= machine.devices:
        return []
    many = f"trains each trial on {machine.devices} of them"
    return [f"-R {word} reserves {count} GPUs per node for a job that {many} (--devices {count})"]


def cpus(resources: Resources, devices: int) -> int:
    """The number of CPUs that each process of a job has; 1 if its flags do not determine it."""
    # Every process trains on one GPU.
    if each := resources.get(f"{RAW}cpus-per-gpu"):
        return int(each)
    return max(1, int(resources.get("cpus") or 1) // devices)


def parameters(machine: Machine) -> dict[str, Any]:
    """The parameters of submitit for a job; flags that it does not know are in a nested entry."""
    raw: dict[str, Any] = {"requeue": True}  # the site's default (JobRequeue) may be off
    own: dict[str, Any] = {
        "job_name": "study",
        "time": math.ceil(HOURS * 60),
        "signal_delay_s": NOTICE,
        "array_parallelism": machine.workers,
    }
    if f"{RAW}cpus-per-gpu" not in machine.resources:
        own["cpus_per_task"] = machine.threads * machine.devices
    if machine.device == "cuda" and not gpu_request(machine.resources):
        own["gpus_per_node"] = machine.devices
    for key, value in machine.resources.items():
        flag = flag_of(key)
        if value == "":
            own.pop(flag, None)
            raw.pop(flag, None)
        elif key.startswith(RAW):
            raw[flag] = True if value is None else value
        else:
            own[flag] = _converted(key, str(value))
    # The user's own flag wins over the default above.
    if "no_requeue" in raw:
        raw.pop("requeue", None)
    absent = dict.fromkeys(DEFAULTED)
    return {**absent, **own, "additional_parameters": raw}


def flag_of(key: str) -> str:
    """The flag of sbatch that a resource is, with underscores."""
    name = key.removeprefix(RAW)
    return name.replace("-", "_") if key.startswith(RAW) else RESOURCES[name][0]


def _name(key: str, value: str | None) -> str:
    """The one name of a resource: that of -R if it has one, else the spelling of sbatch."""
    if not key.startswith(RAW):
        if key not in RESOURCES:
            raise StudyError(f"-R {_written(key, value)}: {unknown('resource', key, RESOURCES)}")
        if value is None:
            raise StudyError(f"-R {key}: write KEY=VALUE, such as partition=gpu")
        return key
    flag = key.removeprefix(RAW).replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]+", flag):
        raise StudyError(
            f"-R {_written(key, value)}: unknown resource; after {RAW} write the long name of a "
            "flag of sbatch, such as sbatch.reservation=NAME"
        )
    if flag in REFUSED:
        raise StudyError(f"-R {_written(key, value)} would break the jobs: {REFUSED[flag]}")
    names = {RESOURCES[name][0]: name for name in RESOURCES}
    named = value is not None and flag in names and flag not in OTHER_UNIT
    return names[flag] if named else RAW + flag.replace("_", "-")


def _check(name: str, value: str | None) -> None:
    if value and not value.isprintable():
        raise StudyError(f"-R {name}: the value must be one line of text, not {value!r}")
    if name == "notice" and not value:
        raise StudyError("-R notice=: workers need a warning before the time limit; give seconds")
    raw = name.startswith(RAW)
    kind = COUNTED.get(flag_of(name), _text) if raw else RESOURCES[name][1]
    if not value:
        return
    try:
        kind(value)
    except ValueError:
        raise StudyError(f"-R {name}={value}: the value must be {TYPE_NAMES[kind]}") from None


def _converted(key: str, value: str) -> Any:
    """A value in the units of submitit: minutes, and memory in MB."""
    number = RESOURCES[key][1](value)
    if key == "hours":
        return math.ceil(number * 60)  # sbatch counts whole minutes
    return f"{round(number * 1024)}MB" if key == "mem" else number


def _asks_for_gpus(key: str, value: str | None) -> bool:
    flag = flag_of(key)
    if not value:
        return False
    return flag in GPU_FLAGS or (flag in GENERIC_FLAGS and bool(GPU_WORDS.search(value)))


def _gpu_part(flag: str, part: str) -> bool:
    return flag in GPU_FLAGS or bool(GPU_WORDS.search(part))


def _counted(part: str) -> int:
    """The number at the end of gpu:a100:2; 1 if there is none, as Slurm counts."""
    last = re.split(r"[:=]", part)[-1].partition("(")[0]
    return int(last) if last.isdecimal() else 1


def _written(key: str, value: str | None) -> str:
    return key if value is None else f"{key}={value}"
