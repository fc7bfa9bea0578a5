"""bench: models side by side, without a study file."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.api.bench import COLUMNS, Setting, document, model, read_study, settings
from study.cli import FAILED, completions
from study.cli.bench_time import TimeToTake
from study.cli.messages import message
from study.cli.options import Pixels, Several, argument, folder, import_option, json_option, words
from study.cli.output import echo_json, progress, show_tables
from study.errors import SpecError, StudyError
from study.launch.machine import DEVICES, Machine, default_device, gpus
from study.plan.reading import vocabulary
from study.spec.image_size import ImageSize
from study.spec.metric import MOST_IMAGES
from study.spec.schema import Timing
from study.store.processes import cores
from study.store.timing_records import TimingSession

if TYPE_CHECKING:
    from study.plan.plan import Plan
    from study.spec.plugins import Plugin
    from study.store.store import Store
    from study.tasks.arms import PlannedArm

PRECISIONS = ("float32", "bfloat16")
TIMING = Timing()  # the defaults of a study file
SECONDS = (
    "Seconds of timing in each setting, for all models together, after warm-up; at most twice as "
    "long where models take long to build, or intervals are wider than --resolution."
)
RESOLUTION = (
    "Models are built more often while an interval is wider, relative to its ratio, and time is "
    "left; a ratio whose interval is wider and includes 1 is inconclusive."
)


@click.command("bench")
@click.argument(
    "models", metavar="MODEL...", nargs=-1, required=True, shell_complete=completions.models
)
@click.option(
    "--columns",
    type=Several(click.STRING),
    default=",".join(COLUMNS),
    metavar="METRIC,...",
    show_default=True,
    help="What is measured; also train_throughput, memory, energy, latency_p99, ...",
)
@click.option(
    "--batch-size",
    "batches",
    type=Several(click.IntRange(1, MOST_IMAGES)),
    default=str(TIMING.batch_size),
    metavar="N,...",
    show_default=True,
)
@click.option(
    "--img-size",
    "sizes",
    type=Several(Pixels()),
    default="224",
    metavar="PX,...",
    show_default=True,
    help="Pixels of both sides, or HEIGHTxWIDTH, as in 224x320.",
)
@click.option(
    "--precision",
    "precisions",
    **words(PRECISIONS, ",".join(PRECISIONS)),
    default=TIMING.precision,
    show_default=True,
    help="bfloat16: by autocast.",
)
@click.option("--compile", "compiled", is_flag=True, help="Inference after torch.compile.")
@click.option(
    "--path",
    type=click.Choice(["plain", "fast", "both"]),
    default="plain",
    show_default=True,
    help="Of inference; fast: ResT and PVT with weights folded beforehand.",
)
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
    type=click.FloatRange(0, 86_400, min_open=True),
    default=TIMING.seconds,
    show_default=True,
    help=SECONDS,
)
@click.option(
    "--resolution",
    type=click.FloatRange(0, 1, min_open=True),
    default=TIMING.resolution,
    show_default=True,
    help=RESOLUTION,
)
@click.option(
    "--device",
    "on",
    type=click.Choice(DEVICES),
    default=default_device(),
    show_default=True,
)
@click.option("--threads", type=click.IntRange(1, 1024), help="[default: one a core]")
@folder("--store", "results", "Where sessions are kept.")
@click.option("--again", is_flag=True, help="Time anew what the store has a session of.")
@click.option("--dry-run", is_flag=True, help="Print the study files and time nothing.")
@import_option
@json_option
def bench_command(
    models: tuple[str, ...],
    columns: tuple[str, ...],
    batches: tuple[int, ...],
    sizes: tuple[ImageSize, ...],
    precisions: tuple[str, ...],
    compiled: bool,
    channels_last: bool,
    path: str,
    arguments: tuple[str, ...],
    seconds: float,
    resolution: float,
    on: str,
    threads: int | None,
    store: Path,
    again: bool,
    dry_run: bool,
    imports: tuple[str, ...],
    as_json: bool,
) -> int:
    """Count and time models side by side, with their ratios to the first.

    MODEL is a timm name, or "{name: rest_lite, reduction: average}" as in a study file. Every round
    visits all models in random order, and the first before and after each other one. All are built
    anew several times, and the first is also timed against a second instance of itself.
    """
    if (on == "cuda" and not gpus()) or (on == "mps" and sys.platform != "darwin"):
        raise click.UsageError(f"--device {on}: this machine has no such device")
    from study.spec.plugins import find_plugins
    from study.store.store import Store

    given = {"seconds": seconds, "resolution": resolution, "compile": compiled}
    timing = TIMING.model_copy(update={**given, "channels_last": channels_last, "path": path})
    shared = _shared(arguments)
    listed = [model(text, shared) for text in models]
    documents = {
        setting: document(listed, setting, columns)
        for setting in settings(sizes, batches, precisions, timing)
    }
    if dry_run:
        click.echo("---\n".join(documents.values()), nl=False)
        return 0
    plans = _plans(documents, Store(store), find_plugins(imports))
    machine = Machine(on="local", workers=1, device=on, threads=threads or cores())
    return _time_all(plans, Store(store), machine, again=again, as_json=as_json)


def _shared(texts: Sequence[str]) -> dict[str, object]:
    """The arguments of every model."""
    shared = dict[str, object]()
    for text in texts:
        key, value = argument(text)
        if key == "name" or key in shared:
            why = "MODEL names the models" if key == "name" else "it is given twice"
            raise click.UsageError(f"--model-arg {key}: {why}")
        shared[key] = value
    return shared


def _plans(
    documents: Mapping[Setting, str], store: "Store", plugins: "Sequence[Plugin]"
) -> "dict[Setting, Plan]":
    """The plans of all settings.

    Raises:
        SpecError: lists the mistakes of all settings.
    """
    from study.plan.planning import plan

    plans, mistakes, known = {}, list[str](), set[str]()
    for setting, text in documents.items():
        try:
            # Models may print while they are built, and stdout may be one JSON document.
            with redirect_stdout(sys.stderr):
                file = read_study(text, setting, vocabulary(plugins), plugins)
                plans[setting] = plan(file, store)
            _refuse_qualities(plans[setting])
        except StudyError as error:
            text = str(error)
            # Messages without their place, which differs by setting.
            lines = {line for line in text.splitlines() if line.startswith("error: ")}
            # An unknown model is unknown in every setting, and told once.
            mistakes += [] if lines and lines <= known else [text]
            known |= lines
    if mistakes:
        raise SpecError("\n\n".join(mistakes))
    return plans


def _refuse_qualities(plan: "Plan") -> None:
    """Raises SpecError for a column that only trained models have."""
    kinds = {name: plan.catalogue[name].kind for name in plan.study.columns}
    if qualities := [name for name, kind in kinds.items() if kind == "quality"]:
        others = [name for name, metric in plan.catalogue.items() if metric.kind != "quality"]
        wrong, known = ", ".join(qualities), ", ".join(others)
        raise SpecError(f"bench trains nothing, so it has no {wrong}; it has {known}")


def _time_all(
    plans: "Mapping[Setting, Plan]", store: "Store", machine: Machine, *, again: bool, as_json: bool
) -> int:
    """Time the models in every setting, and print a table of each, or one JSON list."""
    from study.report.report import tables

    rows, whole = list[Mapping[str, object]](), True
    for number, (setting, plan) in enumerate(plans.items(), 1):
        message(f"{number}/{len(plans)} {setting.description}")
        session, error = _timed(plan, store, machine, again=again)
        # A missing latency or memory is a note; a model that was not timed at all is a failure.
        whole &= not error and not any("speed" in why for why in session.refused.values())
        if as_json:
            rows.append(_row(setting, plan, session, error))
        else:
            show_tables({"table": tables(plan, store)["table"]})
    if as_json:
        echo_json(rows)
    return 0 if whole else FAILED


def _timed(
    plan: "Plan", store: "Store", machine: Machine, *, again: bool
) -> tuple[TimingSession, str]:
    """The pooled timing sessions of a plan, and the error that ended a process, or ""."""
    from study.analysis.measurements import timing_session
    from study.launch import timing

    stored = store.record("timings", plan.key, TimingSession)
    threads = stored.environment.threads if stored else None
    # Another number of threads is another speed; a session without numbers may fit today.
    again |= stored is not None and (threads != machine.threads or not stored.arms)
    if plan.timed and not (again or timing.missing(plan, store, machine)):
        message("from the session that the store has; --again times anew")
    elif plan.timed:
        try:
            expected = TimeToTake(plan)
            with progress("timing") as tick:

                def report(done: int, total: int) -> None:
                    tick(done, total)
                    expected.round(done, total)

                timing.session(plan, store, machine, again=again, report=report)
        except StudyError as error:  # the next setting may fit
            message(f"error: {error}")
            return TimingSession(), str(error)
    return timing_session(plan, store), ""


def _row(setting: Setting, plan: "Plan", session: TimingSession, error: str) -> dict[str, object]:
    """A session as JSON, by the labels of models; the time of every call is left to the store."""
    labels = {arm.digest: _label(plan, arm) for arm in plan.arms}
    plain = session.model_dump(exclude={"times"}, exclude_unset=True)
    by_label = {
        key: {labels[arm]: values for arm, values in plain.get(key, {}).items()}
        for key in ("arms", "refused")
    }
    costs = {labels[arm.digest]: arm.cost_record.cost for arm in plan.arms}
    how = {"img_size": setting.img_size, **setting.timing.model_dump()}
    failure = {"error": error} if error else {}
    return {"setting": how, "session": plan.key, "costs": costs, **plain, **by_label, **failure}


def _label(plan: "Plan", arm: "PlannedArm") -> str:
    """The label of a model; a single one is the baseline of a study without factors."""
    return arm.label if len(plan.arms) > 1 else str(plan.study.baseline["model"]["name"])
