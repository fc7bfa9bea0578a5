"""eval: what given weights make of given images."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from study.cli.options import (
    Command,
    argument,
    console,
    echo_json,
    folder,
    import_option,
    json_option,
    progress,
)
from study.launch.machine import cores, device, gpus

if TYPE_CHECKING:
    from study.evaluate import Evaluated, EvaluationSubject
    from study.store.store import Store


@dataclass(frozen=True)
class EvalRequest:
    """The options of the command that choose weights and images; None or () if not given."""

    checkpoint: Path | None
    checkpoint_key: str | None
    pretrained: bool
    ema: bool | None
    arguments: tuple[str, ...]
    data: str | None
    root: str | None
    val_split: str | None
    num_classes: int | None
    class_map: str | None
    class_folder: str | None
    ignore: tuple[str, ...]
    grey_range: tuple[float, float] | None
    val_limit: int | None
    img_size: int | None
    crop_pct: float | None
    interpolation: str | None
    mean: tuple[float, float, float] | None
    std: tuple[float, float, float] | None
    batch_size: int | None


# Ten hexadecimal digits of the digest, and the seed.
TRIAL = re.compile(r"[0-9a-f]{10}-\d+")
DATA = (
    *("root", "val_split", "num_classes", "class_map", "class_folder", "ignore", "grey_range"),
    *("val_limit", "img_size", "mean", "std"),
)
PREPROCESSING = ("crop_pct", "interpolation", "batch_size")
RESAMPLING = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
POSITIVE = click.IntRange(1)
THREADS = click.IntRange(1, 1024)
CROP = click.FloatRange(0.1, 1)
RGB: dict[str, Any] = {"nargs": 3, "type": float, "metavar": "R G B", "default": None}

WEIGHTS = (
    click.option(
        "--checkpoint",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Weights as .pth, .pth.tar, .pt or .safetensors.",
    ),
    click.option(
        "--checkpoint-key",
        metavar="KEY",
        help="Which of several sets of tensors in FILE, such as net or teacher.backbone.",
    ),
    click.option("--pretrained", is_flag=True, help="The weights that timm has for MODEL."),
    click.option(
        "--ema/--no-ema",
        default=None,
        help="Moving average or plain weights.  [default: average, if any]",
    ),
    click.option(
        "--model-arg",
        "arguments",
        metavar="KEY=VALUE",
        multiple=True,
        help="An argument of the model, such as position=learned.",
    ),
)
IMAGES = (
    click.option(
        "--data",
        metavar="NAME|PATH",
        help="digits, torch/NAME, hfds/NAME, wds/NAME, or a folder or tar of class "
        "folders.  [default: a trial's own]",
    ),
    click.option("--root", metavar="DIR", help="Where the images of NAME are."),
    click.option(
        "--split",
        "val_split",
        metavar="NAME",
        help='Such as test; "." is PATH itself.  [default: validation, if any]',
    ),
    click.option("--num-classes", type=POSITIVE, help="Of the model, where the images have fewer."),
    click.option("--class-map", metavar="FILE", help="The numbers of the classes, by their names."),
    click.option(
        "--class-folder",
        type=click.Choice(["outer", "inner"]),
        help="Whose name is the class, where class folders hold folders.",
    ),
    click.option(
        "--ignore",
        metavar="PATTERN",
        multiple=True,
        help="Files that are not read and are no pictures.",
    ),
    click.option(
        "--grey-range",
        nargs=2,
        type=float,
        metavar="BLACK WHITE",
        default=None,
        help="Of grey pictures of more than 8 bits.",
    ),
    click.option("--limit", "val_limit", type=POSITIVE, help="Only so many images, mixed."),
    click.option("--img-size", type=click.IntRange(8, 4096), help="Pixels, both sides."),
    click.option("--crop-pct", type=CROP, help="Side of the crop by the resized side."),
    click.option("--interpolation", type=click.Choice(RESAMPLING)),
    click.option("--mean", **RGB, help="Of pixels in 0..1."),
    click.option("--std", **RGB, help="[default of these five: the model's, or the trial's]"),
    click.option("--batch-size", type=POSITIVE, help="[default: 128, or the trial's]"),
)


def options(*several: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Options in the order of the help."""
    # Decorators apply from the last to the first, so the list is reversed.
    return lambda command: functools.reduce(lambda c, o: o(c), reversed(several), command)


@click.command("eval")
@click.argument("model", metavar="MODEL|TRIAL")
@options(*WEIGHTS, *IMAGES)
@click.option(
    "--device", type=click.Choice(["cpu", "cuda", "mps"]), default=device(), show_default=True
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
    """Top-1, top-5 and loss of given weights: a timm model's, or a trial's by its name."""
    request, is_trial = EvalRequest(**choices), TRIAL.fullmatch(model) is not None
    _refuse(is_trial, request)
    if device == "cuda" and not gpus():
        raise click.UsageError("--device cuda: this machine has no usable NVIDIA device")
    import torch

    from study import evaluate
    from study.models import registry
    from study.spec.plugins import find_plugins
    from study.store.store import Store

    for source in find_plugins(imports):
        registry.register(source)
    stored = Store(store)
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
    from study import evaluate

    return evaluate.named(
        name,
        request.checkpoint,
        arguments=dict(argument(text) for text in request.arguments),
        images=_images(request),
        look=_keys(request, PREPROCESSING),
        ema=request.ema,
        key=request.checkpoint_key,
    )


def _trial(store: "Store", name: str, request: EvalRequest) -> "EvaluationSubject":
    from study import evaluate

    look = _keys(request, PREPROCESSING)
    return evaluate.trained(store, name, images=_images(request), look=look, ema=request.ema)


def _keys(request: EvalRequest, keys: tuple[str, ...]) -> dict[str, Any]:
    """The values given for these keys, tuples as lists."""
    values = asdict(request)
    values_given = {key: values[key] for key in keys if values[key] not in (None, ())}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in values_given.items()
    }


def _images(request: EvalRequest) -> dict[str, Any]:
    """Keys of Data. A path is a folder of classes or a tar of them, or has such a split."""
    from study.data import evaluated_split
    from study.spec.schema import IGNORED

    keys, name = _keys(request, DATA), request.data
    if name is None:
        return keys
    # A name of a data set that is also a folder here is read as the name.
    is_path = Path(name).exists() or name.startswith(("/", ".", "~", "$"))
    root, split = request.root, request.val_split
    if is_path and name.partition("/")[0] not in IGNORED:
        if root is not None:
            raise click.UsageError("--root: --data is a path already; leave it out")
        name, root = "folder", name
    if name == "folder" and root is not None and split is None:
        split = evaluated_split(root)
    places = {"root": root, "val_split": split}
    return {"name": name, **keys, **{key: v for key, v in places.items() if v is not None}}


def _threads(store: "Store", name: str) -> int | None:
    """The number of threads of the trial; another number changes the last digits."""
    result = store.result(name) if store.trial(name).is_dir() else None
    return result.environment.threads if result else None


# ---- what is printed ----


def _show(evaluated: "Evaluated", subject: "EvaluationSubject") -> None:
    from rich.markup import escape
    from rich.table import Table

    from study import format
    from study.cli.show import in_units
    from study.metrics import METRICS

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model")
    for name in (*map(format.head, (METRICS[m] for m in evaluated.metrics)), "images"):
        table.add_column(name, justify="right")
    values = (in_units(m, v) for m, v in evaluated.metrics.items())
    table.add_row(escape(evaluated.model), *values, str(evaluated.images))
    out = console()
    out.print(table)
    for name, text in _lines(evaluated, subject):
        out.print(f"{name:<12}{escape(text)}", highlight=False, soft_wrap=True)


def _lines(evaluated: "Evaluated", subject: "EvaluationSubject") -> Iterator[tuple[str, str]]:
    """Everything that the numbers depend on, by name."""
    from study import format
    from study.metrics import METRICS

    weights, preprocessing = subject.weights, evaluated.preprocessing
    data, environment = subject.images.data, evaluated.environment
    digest = f"sha256 {weights.sha256[:8]}" if weights.sha256 else "fetched by timm"
    prefix = f'names without "{weights.prefix}"' if weights.prefix else None
    yield "weights", ", ".join(filter(None, (weights.source, digest, weights.state, prefix)))
    yield "parameters", f"{format.measured(evaluated.parameters, METRICS['params'])} M"
    place = " ".join(filter(None, (data.name, data.root, data.val_split.strip("."))))
    yield "images", f"{place}: {evaluated.images} of {evaluated.classes} classes"
    size = preprocessing.img_size
    held = f"held at {size}, then " if preprocessing.held else ""
    crop = f"resize {preprocessing.resize} → crop {size} (crop_pct {preprocessing.crop_pct:g})"
    yield "transform", f"{held}{crop}, {preprocessing.interpolation}"
    mean, std = (_numbers(values) for values in (preprocessing.mean, preprocessing.std))
    yield "normalised", f"mean {mean}, std {std}"
    threads = format.many(environment.threads or 0, "thread")
    how = f"{evaluated.precision}, batches of {evaluated.batch_size}"
    yield "device", f"{environment.device}, {threads}, {how}"


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:g}" for value in values)
