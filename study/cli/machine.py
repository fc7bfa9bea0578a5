"""The flags that say where to run, how wide, and how long to try."""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import click
from click.core import ParameterSource

from study.cli.options import Command
from study.launch import LAUNCHERS
from study.launch import resources as slurm_resources
from study.launch.machine import AUTO, RETRIES, TIMEOUT, Machine, cores, device, gpus, slots

SLURM_WORKERS = 16
WORKERS = "Trials at a time.  [default: one a core, or one a GPU; 16 on Slurm]"
DEVICE = (
    "cpu, cuda or mps; choose cards by CUDA_VISIBLE_DEVICES.  "
    "[default: what is there; on Slurm what the job has]"
)
THREADS = (
    "Threads of each process, whose number changes the last digits of results.  "
    "[default: cores / workers; on Slurm the cpus of -R]"
)


def machine_options(command: Command) -> Command:
    """Where to run, given to the command as `machine`; never part of a study."""

    @click.option("--on", type=click.Choice(list(LAUNCHERS)), default="local", show_default=True,
                  help="Where workers run.")  # fmt: skip
    @click.option("--workers", type=click.IntRange(1), help=WORKERS)
    @click.option("--device", type=click.Choice(["cpu", "cuda", "mps"]), help=DEVICE)
    @click.option("--threads", type=click.IntRange(1), help=THREADS)
    @click.option("--devices", type=click.IntRange(1), default=1, metavar="K",
                  help="Train each trial on K devices of a node together.")  # fmt: skip
    @click.option("--nodes", type=click.IntRange(1), default=1, metavar="M",
                  help="Train each trial on M nodes together; Slurm only.")  # fmt: skip
    @click.option("--share", type=click.IntRange(1), default=1, metavar="K",
                  help="Train K small trials on each GPU at a time; not on Slurm.")  # fmt: skip
    @click.option("-R", "resources", metavar="KEY=VALUE", multiple=True,
                  help="What a Slurm job gets: partition=, gpus=, hours=, ...; KEY= leaves "
                  "a flag out, sbatch.KEY[=VALUE] is any other.")  # fmt: skip
    @click.option("--retries", type=click.IntRange(0), default=RETRIES, show_default=True,
                  help="Times that a trial may take its worker with it.")  # fmt: skip
    @click.option("--timeout", type=Duration(), default=TIMEOUT, show_default="30m",
                  help="How long a trial may go without a step, such as 90s or 2h.")  # fmt: skip
    @functools.wraps(command)
    def wrapped(**given: Any) -> Any:
        asked = {name: given.pop(name) for name in MACHINE}
        return command(machine=_machine(**asked), **given)

    return wrapped


MACHINE = ("on", "workers", "device", "threads", "devices", "nodes", "share", "resources",
           "retries", "timeout")  # fmt: skip


def _machine(
    on: str, workers: int | None, device: str | None, threads: int | None, devices: int, nodes: int,
    share: int, resources: tuple[str, ...], retries: int, timeout: float,
) -> Machine:  # fmt: skip
    """Raises UsageError where flags do not go together, or ask for what is not there."""
    here = on != "slurm"
    given = slurm_resources.canonical(_pairs(resources))
    device = device or _default(here, given)
    if given and here:
        raise click.UsageError("-R says what a Slurm job gets: add --on slurm")
    if nodes > 1 and here:
        raise click.UsageError("--nodes: several nodes need --on slurm")
    if devices > 1 and on == "inline":
        raise click.UsageError("--devices: several processes need --on local or --on slurm")
    if device == "cuda" and here and not gpus():
        raise click.UsageError("--device cuda: there is no NVIDIA device here that may be used")
    if device == "cuda" and here and devices > len(gpus()):
        raise click.UsageError(f"--devices {devices}: there are {len(gpus())} GPUs here")
    if share > 1 and (device != "cuda" or on != "local" or devices > 1):
        raise click.UsageError("--share: GPUs are shared by --on local, each trial on one of them")
    if here:
        workers = workers or slots(device, threads or 1, devices, share)
        # More threads than cores only wait for each other.
        threads = threads or max(1, cores() // (workers * devices))
    else:
        threads = threads or slurm_resources.cpus(given, devices)
    machine = Machine(
        on=on, workers=workers or SLURM_WORKERS, device=device, threads=threads, devices=devices,
        nodes=nodes, share=share, retries=retries, timeout=timeout, resources=given,
        flags=_given(MACHINE),
    )  # fmt: skip
    slurm_resources.check(given, machine)
    return machine


def _default(here: bool, given: slurm_resources.Resources) -> str:
    """The device of this machine; on Slurm cuda if GPUs are requested, else that of the job."""
    if here:
        return device()
    # The login node may have no GPU, so its own devices say nothing about the job's.
    return "cuda" if slurm_resources.gpu_request(given) else AUTO


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Keys with their values; None where there is no equals sign."""
    for word in words:
        key, equals, value = word.partition("=")
        yield key.strip(), value.strip() if equals else None


def _given(names: Sequence[str]) -> tuple[str, ...]:
    """The flags of these names as they were given on the command line."""
    context, words = click.get_current_context(), list[str]()
    for option in context.command.params:
        name = option.name or ""
        # Defaults are left out: they may change between versions and machines.
        if name in names and context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            value = context.params[name]
            for one in value if isinstance(value, tuple) else (value,):
                # The last spelling is the long one, where there are two.
                words += [option.opts[-1], f"{one:g}" if isinstance(one, float) else str(one)]
    return tuple(words)


class Duration(click.ParamType[float]):
    """Seconds, or a number with s, m or h."""

    name = "DURATION"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", value)
        if not found or not float(found[1]):
            self.fail(f'"{value}" is no duration: 90s, 30m and 2h are', param, ctx)
        return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]
