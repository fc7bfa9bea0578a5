"""bench: models side by side, without a study."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click

from study.bench import MODES, bench, labelled, model, settings
from study.bench.settings import BenchRequest, Setting
from study.cli import FAILED
from study.cli.options import Several, argument, folder, import_option, json_option, words
from study.cli.output import console, echo_json
from study.launch.machine import device, gpus
from study.metrics.execution import ExecutionMode
from study.spec.schema import Timing
from study.store.processes import cores

if TYPE_CHECKING:
    from study.report.columns import FittedTable
    from study.store.store import Store
    from study.store.timing_records import BenchSession, Spread, TimingSession

DTYPES = ("float32", "bfloat16")
# The defaults of a study file, so that a bench and a study are timed alike.
TIMING = Timing()
SECONDS = "Seconds of timing in each setting, for all models together, after warm-up."
RESOLUTION = "A ratio whose interval includes 1 and is wider, relative to itself, is inconclusive."
BENCH_COLUMNS = (
    "throughput",
    "train_throughput",
    "latency_p50",
    "latency_p90",
    "latency_p99",
    "memory",
    "energy",
)


@click.command("bench")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--batch-size",
    "batches",
    type=Several(click.IntRange(1)),
    default="32",
    metavar="N,...",
    show_default=True,
)
@click.option(
    "--img-size",
    "sizes",
    # The range of data.img_size in a study file.
    type=Several(click.IntRange(8, 4096)),
    default="224",
    metavar="PX,...",
    show_default=True,
    help="Pixels, both sides.",
)
@click.option(
    "--mode",
    "modes",
    **words(MODES, "infer,train"),
    default="infer",
    show_default=True,
    help="train: forward, backward and a step of AdamW.",
)
@click.option(
    "--dtype",
    "dtypes",
    **words(DTYPES, ",".join(DTYPES)),
    default="float32",
    show_default=True,
    help="bfloat16: by autocast.",
)
@click.option("--compile", "compiled", is_flag=True, help="Compile every model with torch.compile.")
@click.option("--channels-last", is_flag=True, help="Weights and images in that layout.")
@click.option(
    "--model-arg",
    "arguments",
    metavar="KEY=VALUE",
    multiple=True,
    help="An argument of every model, such as drop_path_rate=0.1.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    default=TIMING.seconds,
    show_default=True,
    help=SECONDS,
)
@click.option(
    "--resolution",
    type=click.FloatRange(0, min_open=True),
    default=TIMING.resolution,
    show_default=True,
    help=RESOLUTION,
)
@click.option(
    "--device", type=click.Choice(["cpu", "cuda", "mps"]), default=device(), show_default=True
)
@click.option("--threads", type=click.IntRange(1, 1024), help="[default: one a core]")
@folder("--store", "results", "Where sessions are kept.")
@import_option
@json_option
def bench_command(
    models: tuple[str, ...],
    batches: tuple[int, ...],
    sizes: tuple[int, ...],
    modes: tuple[str, ...],
    dtypes: tuple[str, ...],
    compiled: bool,
    channels_last: bool,
    arguments: tuple[str, ...],
    seconds: float,
    resolution: float,
    device: str,
    threads: int | None,
    store: Path,
    imports: tuple[str, ...],
    as_json: bool,
) -> int:
    """Time models side by side, with their ratios to the first.

    MODEL is a timm name, or "{name: rest_lite, reduction: average}" as in a study file. Every round
    visits all models in random order, and the first before and after each other one.
    """
    # Checked without torch, whose import takes seconds.
    if device == "cuda" and not gpus():
        raise click.UsageError("--device cuda: this machine has no usable NVIDIA device")
    from study.spec.plugins import find_plugins
    from study.store.store import Store

    shared = dict(argument(text) for text in arguments)
    executions = [ExecutionMode(dtype, compiled, channels_last) for dtype in dtypes]
    order = BenchRequest(
        models=labelled(model(text, shared) for text in models),
        settings=settings(modes, batches, sizes, executions),
        device=device,
        threads=threads or cores(),
        seconds=seconds,
        resolution=resolution,
        sources=tuple(find_plugins(imports)),
    )
    sessions, key = _timed(order, Store(store), as_json=as_json)
    click.echo(f"stored as {store / 'timings' / f'{key}.json'}", err=True)
    refused = (why for session in sessions for why in session.refused.values())
    # A missing latency or memory is a note; a model that was not timed at all is a failure.
    whole = all("speed" not in why for why in refused)
    return 0 if whole else FAILED


def _timed(
    order: BenchRequest, store: "Store", *, as_json: bool
) -> tuple[list["BenchSession"], str]:
    """The sessions of all settings, printed as they come or as one JSON list, and their key."""
    sessions, key = list["BenchSession"](), ""
    with _progress(len(order.settings)) as (begins, tick):
        for stored_as, session in bench(order, store, begins=begins, tick=tick):
            sessions, key = [*sessions, session], stored_as
            if not as_json:
                _show(session, order)
    if as_json:
        # The time of every single call is left to the stored file.
        rows = (session.model_dump(exclude={"times"}, exclude_unset=True) for session in sessions)
        echo_json([{**row, "key": key} for row in rows])
    return sessions, key


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[Setting], None], Callable[..., None]]]:
    """Rounds done, on a terminal; elsewhere a line for each setting."""
    from rich.progress import Progress

    number, tty = 0, sys.stderr.isatty()
    with Progress(
        console=console(err=True), transient=True, disable=not tty, refresh_per_second=2
    ) as bar:
        task = bar.add_task("", total=None)

        def begins(setting: Setting) -> None:
            nonlocal number
            number += 1
            text = f"{number}/{total} {setting.said}"
            bar.reset(task, description=text, total=None)
            if not tty:
                click.echo(f"timing {text}", err=True)

        yield begins, lambda done, of: bar.update(task, completed=done, total=of)


# ---- what is printed ----


def _show(session: "BenchSession", order: BenchRequest) -> None:
    from rich.markup import escape

    out = console()
    out.print(escape(session.said), style="italic", highlight=False)
    if session.arms:
        out.print(_table(session, order))
        out.print(escape(_caption(session, order)), highlight=False, soft_wrap=True)
    labels_by_reason: dict[str, list[str]] = {}
    for label, why in session.refused.items():
        for reason in why.values():
            labels_by_reason.setdefault(reason, []).append(label)
    for reason, labels in labels_by_reason.items():
        text = f"not taken of {', '.join(labels)}: {reason}"
        out.print(escape(text), style="yellow", highlight=False, soft_wrap=True)
    out.print()


def _table(session: "TimingSession", order: BenchRequest) -> "FittedTable":
    from study import format
    from study.metrics import SPEEDS
    from study.report.columns import FittedTable

    names = [name for name in BENCH_COLUMNS if any(name in arm for arm in session.arms.values())]
    heads = ("model", *(format.head(SPEEDS[name]) for name in names))
    rows = []
    for label in order.models:
        arm = session.arms.get(label, {})
        rows.append([label, *(_cell(name, arm.get(name), order.resolution) for name in names)])
    every = tuple(range(len(heads)))
    return FittedTable(heads, rows, order=every, right=frozenset(every[1:]))


def _cell(name: str, spread: "Spread | None", resolution: float) -> str:
    from math import nan

    from study import format
    from study.metrics import SPEEDS

    if spread is None:
        return format.ABSENT
    # Stored JSON has no NaN: an end that was not measured is None there.
    low, high = (nan if end is None else end for end in (spread.low, spread.high))
    estimate = SimpleNamespace(mean=spread.value, low=low, high=high)
    return format.timing(estimate, SPEEDS[name], spread.ratio, resolution)


def _caption(session: "TimingSession", order: BenchRequest) -> str:
    from study import format

    how, here = session.how, session.environment
    where = here.device if order.device == "cuda" else here.processor or order.device
    text = [f"Medians of {how.rounds} rounds [lowest, highest]"]
    if any(spread.ratio for arm in session.arms.values() for spread in arm.values()):
        base, wide = next(iter(order.models)), f"{100 * order.resolution:g} %"
        text += [
            f"×: ratio to {base}, with its 95 % interval; inconclusive if that includes 1 and"
            f" is wider than {wide}"
        ]
    if any("latency_p50" in arm and "latency_p99" not in arm for arm in session.arms.values()):
        # The numbers of ENOUGH in study/metrics/summaries.py, a module that imports torch.
        text += ["p90 needs 10 calls per round, p99 1000 in total; increase --seconds"]
    text += [f"{where}, threads: {order.threads}"]
    text += [f"load {min(how.loads):.1f} to {max(how.loads):.1f}"] if how.loads else []
    text += filter(None, [format.disturbed(how.disturbed)])
    text += ["convolutions in TF32"] if how.tf32_convolutions else []
    return "; ".join(text)
