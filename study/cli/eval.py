"""eval: what given weights make of given images."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from study.cli import completions
from study.cli.eval_options import IMAGES, WEIGHTS, EvalRequest
from study.cli.options import argument, folder, import_option, json_option, options
from study.cli.output import console, echo_json, progress
from study.launch.machine import DEVICES, default_device, gpus
from study.store.processes import cores

if TYPE_CHECKING:
    from study.store.store import Store
    from study.tasks.classification.evaluate import Evaluated, EvaluationSubject


# Ten hexadecimal digits of the digest, and the seed.
TRIAL = re.compile(r"[0-9a-f]{10}-\d+")
THREADS = click.IntRange(1, 1024)


@click.command("eval")
@click.argument("model", metavar="MODEL|TRIAL", shell_complete=completions.models)
@options(*WEIGHTS, *IMAGES)
@click.option(
    "--device",
    type=click.Choice(DEVICES),
    default=default_device(),
    show_default=True,
)
@click.option("--threads", type=THREADS, help="[default: one a core, or the trial's]")
@folder("--store", "results", "Where trials are.")
@import_option
@json_option
def eval_command(
    model: str,
    device: str,
    threads: int | None,
    store: Path,
    imports: tuple[str, ...],
    as_json: bool,
    **choices: Any,
) -> None:
    """Top-1, top-5 and loss of given weights: a timm model's, or a trial's by its name.

    Of images with several labels mAP and loss.
    """
    request, is_trial = EvalRequest(**choices), TRIAL.fullmatch(model) is not None
    # Before torch and timm are imported, which takes 3.9 s (two cores, cached bytecode).
    _refuse(is_trial, request)
    if device == "cuda" and not gpus():
        raise click.UsageError("--device cuda: this machine has no usable NVIDIA device")
    import torch

    from study import registries
    from study.spec.plugins import find_plugins
    from study.store.store import Store
    from study.tasks.classification import evaluate

    for source in find_plugins(imports):
        registries.register(source)
    stored = Store(store)
    if is_trial and _evaluates_itself(task := _task(stored, model)):
        _evaluate_by(task, stored, model, request, device=device, as_json=as_json)
        return
    torch.set_num_threads(threads or (is_trial and _threads(stored, model)) or cores())
    subject = _trial(stored, model, request) if is_trial else _named(model, request)
    with progress("evaluating") as tick:
        measured = evaluate.evaluate(subject, device=device, tick=tick)
    if as_json:
        echo_json(measured.plain)
    else:
        _show(measured, subject)


def _refuse(is_trial: bool, request: EvalRequest) -> None:
    """Raises UsageError for flags that contradict each other, or leave the weights to chance."""
    given = ["--checkpoint"] * bool(request.checkpoint) + ["--pretrained"] * request.pretrained
    keyed = ["--checkpoint-key"] if request.checkpoint_key else []
    if is_trial and (given or keyed or request.arguments):
        flag = [*given, *keyed, "--model-arg"][0]
        raise click.UsageError(f"{flag}: a trial has weights and a model of its own; leave it out")
    if is_trial:
        return
    if not given:
        raise click.UsageError(
            "which weights? Give --checkpoint FILE or --pretrained: random ones are not evaluated"
        )
    if len(given) == 2:
        raise click.UsageError("--checkpoint and --pretrained: give one of them")
    if keyed and not request.checkpoint:
        raise click.UsageError("--checkpoint-key: of which file? Give --checkpoint FILE")
    if keyed and request.ema is not None:
        raise click.UsageError("--checkpoint-key and --ema/--no-ema: give one of them")
    if request.pretrained and request.ema is not None:
        raise click.UsageError("--ema: timm has one set of weights; leave it out")
    if not request.data:
        raise click.UsageError("which images? Give --data NAME or --data PATH")


# ---- the request ----


def _named(name: str, request: EvalRequest) -> "EvaluationSubject":
    from study.tasks.classification import evaluate

    return evaluate.named(
        name,
        request.checkpoint,
        arguments=dict(argument(text) for text in request.arguments),
        images=request.images,
        look=request.preprocessing,
        ema=request.ema,
        key=request.checkpoint_key,
    )


def _trial(store: "Store", name: str, request: EvalRequest) -> "EvaluationSubject":
    from study.tasks.classification import evaluate

    return evaluate.trained(
        store, name, images=request.images, look=request.preprocessing, ema=request.ema
    )


def _threads(store: "Store", name: str) -> int | None:
    """The number of threads of the trial; another number changes the last digits."""
    result = store.result(name) if store.trial(name).is_dir() else None
    return result.environment.threads if result else None


# ---- trials of other tasks ----


def _task(store: "Store", name: str) -> str:
    """The task of a trial; a trial that is not there is reported by what evaluates it."""
    return store.entered(name).task if store.trial(name).is_dir() else "classification"


def _evaluates_itself(name: str) -> bool:
    """True for a task beside classification whose trials can be evaluated at other sizes."""
    from study.tasks import Task
    from study.tasks import task as of_name

    return name != "classification" and type(of_name(name)).evaluate is not Task.evaluate


def _evaluate_by(
    task: str, store: "Store", name: str, request: EvalRequest, *, device: str, as_json: bool
) -> None:
    """The qualities of a trial at another size of its own images, by its task."""
    from study.cli.output import in_units
    from study.errors import StudyError
    from study.tasks import task as of_name

    sizes = {key: value for key, value in request.images.items() if key == "img_size"}
    if not sizes or len(sizes) < len({**request.images, **request.preprocessing}):
        raise click.UsageError(f"a trial of the task {task} takes --img-size PX and no other")
    entry = of_name(task)
    evaluation = entry.evaluate(store, name, sizes.popitem()[1], device)
    if evaluation.refused:
        raise StudyError(evaluation.refused)
    if as_json:
        echo_json(evaluation.plain)
        return
    for metric, value in evaluation.metrics.items():
        of_metric = entry.catalogue[metric]
        unit = f" {of_metric.unit}" if of_metric.unit else ""
        console().print(f"{of_metric.label:<12}{in_units(of_metric, value)}{unit}", highlight=False)


# ---- what is printed ----


def _show(evaluated: "Evaluated", subject: "EvaluationSubject") -> None:
    from rich.markup import escape
    from rich.table import Table

    from study import format
    from study.cli.output import in_units
    from study.tasks.classification.multi_label_quality import MULTI_LABEL
    from study.tasks.classification.quality import QUALITIES

    metrics = {**MULTI_LABEL, **QUALITIES}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model")
    for name in (*map(format.head, (metrics[m] for m in evaluated.metrics)), "images"):
        table.add_column(name, justify="right")
    values = (in_units(metrics[m], v) for m, v in evaluated.metrics.items())
    table.add_row(escape(evaluated.model), *values, str(evaluated.images))
    out = console()
    out.print(table)
    for name, text in _lines(evaluated, subject):
        out.print(f"{name:<12}{escape(text)}", highlight=False, soft_wrap=True)


def _lines(evaluated: "Evaluated", subject: "EvaluationSubject") -> Iterator[tuple[str, str]]:
    """Everything that the numbers depend on, by name."""
    from study import format
    from study.metrics import COSTS
    from study.spec.image_size import printed

    weights, preprocessing = subject.weights, evaluated.preprocessing
    data, environment = subject.images.data, evaluated.environment
    digest = f"sha256 {weights.sha256[:8]}" if weights.sha256 else "fetched by timm"
    prefix = f'names without "{weights.prefix}"' if weights.prefix else None
    yield "weights", ", ".join(filter(None, (weights.source, digest, weights.state, prefix)))
    yield "parameters", f"{format.measured(evaluated.parameters, COSTS['params'])} M"
    # The split "." is the place itself, which is printed before it.
    place = " ".join(filter(None, (data.name, data.root, data.val_split.strip("."))))
    yield "images", f"{place}: {evaluated.images} of {evaluated.classes} classes"
    size, resize = printed(preprocessing.img_size), printed(preprocessing.resize)
    held = f"loaded at {size} px, then " if preprocessing.held else ""
    crop = f"resize {resize} → crop {size} (crop_pct {preprocessing.crop_pct:g})"
    yield "transform", f"{held}{crop}, {preprocessing.interpolation}"
    mean, std = (_numbers(values) for values in (preprocessing.mean, preprocessing.std))
    yield "normalised", f"mean {mean}, std {std}"
    threads = format.many(environment.threads or 0, "thread")
    how = f"{evaluated.precision}, batches of {evaluated.batch_size}"
    yield "device", f"{environment.device}, {threads}, {how}"


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:g}" for value in values)
