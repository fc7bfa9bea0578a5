"""Options for where to run, with how many workers, and how often to retry."""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from study.cli.options import Command, options
from study.errors import StudyError
from study.launch import LAUNCHERS, templates
from study.launch import resources as slurm_resources
from study.launch.machine import (
    AUTO,
    DEVICES,
    HERE,
    RETRIES,
    TIMEOUT,
    Machine,
    default_device,
    gpus,
    room,
)

if TYPE_CHECKING:
    from study.plan.estimate import Hardware

SLURM_WORKERS = 16
SUBMIT = (
    "With --on command: the command that starts a worker, such as 'ssh gpu1 {worker}'; {worker} is "
    "a command line for a shell, and there are {job}, {index} and {name}."
)
WORKERS = "Trials at a time.  [default: one per core or GPU; 16 on Slurm; 1 by a command]"
DEVICE = (
    "cpu, cuda or mps; select GPUs with CUDA_VISIBLE_DEVICES.  "
    "[default: the best one here; elsewhere the worker's]"
)
THREADS = (
    "Threads per process; their number changes the last digits of results.  "
    "[default: cores / workers; on Slurm the cpus of -R; 1 by a command]"
)


class Duration(click.ParamType[float]):
    """A duration: seconds, or a number with s, m or h."""

    name = "DURATION"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        # click converts the default too, which is a number already.
        if isinstance(value, int | float):
            return float(value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", value)
        # A limit of 0 seconds without a step would count every trial as hung.
        if not match or not float(match[1]):
            self.fail(f'"{value}" is not a duration; write 90s, 30m or 2h', param, ctx)
        return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


OPTIONS = (
    click.option(
        "--on",
        type=click.Choice(list(LAUNCHERS)),
        default="local",
        show_default=True,
        help="Where workers run.",
    ),
    click.option("--submit", metavar="COMMAND", help=SUBMIT),
    click.option("--workers", type=click.IntRange(1), help=WORKERS),
    click.option("--device", type=click.Choice(DEVICES), help=DEVICE),
    click.option("--threads", type=click.IntRange(1), help=THREADS),
    click.option(
        "--devices",
        type=click.IntRange(1),
        default=1,
        metavar="K",
        help="Train each trial on K devices of a node together.",
    ),
    click.option(
        "--nodes",
        type=click.IntRange(1),
        default=1,
        metavar="M",
        help="Train each trial on M nodes together; Slurm only.",
    ),
    click.option(
        "--share",
        type=click.IntRange(1),
        default=1,
        metavar="K",
        help="Train K small trials on each GPU at once; not on Slurm.",
    ),
    click.option(
        "-R",
        "resources",
        metavar="KEY=VALUE",
        multiple=True,
        help="Resources of a Slurm job: partition=, gpus=, hours=, ...; KEY= leaves "
        "a flag out, sbatch.KEY[=VALUE] sets any other.",
    ),
    click.option(
        "--retries",
        type=click.IntRange(0),
        default=RETRIES,
        show_default=True,
        help="How often a trial may crash its worker before it counts as failed.",
    ),
    click.option(
        "--timeout",
        type=Duration(),
        default=TIMEOUT,
        show_default="30m",
        help="Longest time without a training step, such as 90s or 2h.",
    ),
)


def machine_options(command: Command) -> Command:
    """Options for where to run, passed to the command as `machine`; no part of a study."""

    @options(*OPTIONS)
    @functools.wraps(command)
    def wrapped(**arguments: Any) -> Any:
        chosen = {name: arguments.pop(name) for name in MACHINE}
        return command(machine=_machine(**chosen), **arguments)

    return wrapped


MACHINE = (
    "on",
    "submit",
    "workers",
    "device",
    "threads",
    "devices",
    "nodes",
    "share",
    "resources",
    "retries",
    "timeout",
)


def _machine(
    on: str,
    submit: str | None,
    workers: int | None,
    device: str | None,
    threads: int | None,
    devices: int,
    nodes: int,
    share: int,
    resources: tuple[str, ...],
    retries: int,
    timeout: float,
) -> Machine:
    """Raises UsageError if options exclude each other or request a device that is absent."""
    here = on in HERE
    requested = slurm_resources.canonical(_pairs(resources))
    device = device or _default(here, requested)
    _refuse_submit(on, submit)
    _refuse(on, device, devices, nodes, share, slurm_only=bool(requested))
    if here:
        workers, threads = room(device, workers, threads, devices, share)
    else:
        threads = threads or slurm_resources.cpus(requested, devices)
    machine = Machine(
        on=on,
        workers=workers or (SLURM_WORKERS if on == "slurm" else 1),
        device=device,
        threads=threads,
        devices=devices,
        nodes=nodes,
        share=share,
        retries=retries,
        timeout=timeout,
        resources=requested,
        submit=submit or "",
        flags=typed(MACHINE),
    )
    slurm_resources.check(requested, machine)
    return machine


def _refuse(
    on: str, device: str, devices: int, nodes: int, share: int, *, slurm_only: bool
) -> None:
    here = on in HERE
    if slurm_only and on != "slurm":
        raise click.UsageError("-R sets the resources of a Slurm job: add --on slurm")
    if nodes > 1 and on != "slurm":
        raise click.UsageError("--nodes: several nodes need --on slurm")
    if devices > 1 and on == "inline":
        raise click.UsageError("--devices: several processes need --on local or --on slurm")
    if device == "cuda" and here and not gpus():
        raise click.UsageError("--device cuda: this machine has no usable NVIDIA device")
    if device == "cuda" and here and devices > len(gpus()):
        raise click.UsageError(f"--devices {devices}: there are {len(gpus())} GPUs here")
    if share > 1 and (device != "cuda" or on != "local" or devices > 1):
        raise click.UsageError("--share needs GPUs, and --on local, each trial on one of them")


def _refuse_submit(on: str, submit: str | None) -> None:
    if on != "command" and submit is not None:
        raise click.UsageError("--submit is the command of another launcher: add --on command")
    if on == "command":
        if submit is None:
            raise click.UsageError(f"--on command needs its command: {templates.EXAMPLE}")
        try:
            templates.check(submit)
        except StudyError as error:
            raise click.BadParameter(str(error), param_hint="--submit") from error


def _default(here: bool, requested: slurm_resources.Resources) -> str:
    """The default device: the best of this machine; on Slurm cuda if GPUs are requested."""
    if here:
        return default_device()
    # The login node may have no GPU, so its own devices say nothing about the job's.
    return "cuda" if slurm_resources.gpu_request(requested) else AUTO


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Keys with their values; None without an equals sign."""
    for word in words:
        key, equals, value = word.partition("=")
        yield key.strip(), value.strip() if equals else None


def hardware(machine: "Machine") -> "Hardware":
    """Where trials are to run, for an estimate of their time."""
    from study.plan.estimate import Hardware

    if machine.on == "command":
        return Hardware(None, machine.device, machine.devices, anywhere=True)
    # On a login node of Slurm, the times of this machine say nothing about the job's.
    partition = None if machine.on != "slurm" else machine.resources.get("partition") or ""
    return Hardware(partition, machine.device, machine.devices * machine.nodes)


def typed(names: Sequence[str]) -> tuple[str, ...]:
    """The flags of these names as the command line has them."""
    context, words = click.get_current_context(), list[str]()
    for parameter in context.command.params:
        name = parameter.name or ""
        # Defaults are left out: they may change between versions and machines.
        if name in names and context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            value = context.params[name]
            if isinstance(value, bool):  # a flag, which has no value
                words.append((parameter.opts if value else parameter.secondary_opts)[-1])
                continue
            for item in value if isinstance(value, tuple) else (value,):
                # A timeout is in seconds by now, which --timeout reads without a unit.
                text = f"{item:g}" if isinstance(item, float) else str(item)
                # The last spelling is the long one, where there are two.
                words += [parameter.opts[-1], text]
    return tuple(words)
