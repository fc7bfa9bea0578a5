"""Models side by side without a study file: a study in memory for every setting.

Such a study has one factor, the model, and no seeds: its arms are counted and timed like those of
any other.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from study.errors import SpecError
from study.spec.image_size import ImageSize, plain, printed, sides
from study.spec.plugins import Plugin
from study.spec.reader import ReadStudy, study_text
from study.spec.schema import Timing
from study.spec.vocabulary import Vocabulary
from study.spec.yaml import read, written

COLUMNS = ("params", "macs", "throughput", "latency_p50", "inference_memory")
DATA = "torch/imagenet"  # for its 1000 classes and 3 channels; no image of it is read
RECIPE = "smoke"  # AdamW, cross-entropy, clipped gradients
DETECTS = "backbone"
"""The argument of a model by which it is a detector."""


@dataclass(frozen=True)
class BenchModel:
    """A model of timm with the arguments that it is built with."""

    name: str
    arguments: Mapping[str, object]

    @property
    def label(self) -> str:
        given = ", ".join(f"{key}={_written(value)}" for key, value in self.arguments.items())
        return f"{self.name} ({given})" if given else self.name


def _written(value: object) -> str:
    """A value as a study file would have it."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Setting:
    """How all models of one session run."""

    img_size: ImageSize
    timing: Timing

    @property
    def description(self) -> str:
        timing = self.timing
        words = [f"{printed(self.img_size)} px", f"batch {timing.batch_size}", timing.precision]
        words += ["compiled"] if timing.compile else []
        words += ["channels-last"] if timing.channels_last else []
        return ", ".join([*words, *(["fast path"] if timing.path == "fast" else [])])


def model(text: str, shared: Mapping[str, object]) -> BenchModel:
    """NAME, or {name: NAME, ARGUMENT: VALUE} as in a study file; `shared` are every model's.

    Raises:
        SpecError: it is no such mapping.
    """
    if not text.lstrip().startswith("{"):
        return BenchModel(text, shared)
    tree, problems = read(text, "MODEL")
    if problems:
        raise SpecError("\n".join(map(str, problems)))
    arguments = tree.plain()
    if not isinstance(arguments.get("name"), str):
        raise SpecError(f"MODEL: {{name: NAME, ARGUMENT: VALUE}} is meant, not {text}")
    return BenchModel(arguments.pop("name"), {**shared, **arguments})


def settings(
    sizes: Iterable[ImageSize], batches: Iterable[int], precisions: Iterable[str], timing: Timing
) -> tuple[Setting, ...]:
    """All combinations, without repetition; `timing` has the rest of each."""
    return tuple(
        Setting(size, timing.model_copy(update={"batch_size": batch, "precision": precision}))
        for size, batch, precision in dict.fromkeys(product(sizes, batches, precisions))
    )


def document(models: Sequence[BenchModel], setting: Setting, columns: Sequence[str]) -> str:
    """The study file of a setting.

    Raises:
        SpecError: a model is listed twice.
    """
    # By label, as in a study file; equal models have equal labels.
    levels = {model.label: {"name": model.name, **model.arguments} for model in models}
    if len(levels) < len(models):
        labels = [model.label for model in models]
        twice = next(label for label in labels if labels.count(label) > 1)
        raise SpecError(f"{twice} is listed twice")
    # By an argument, as no name of a model says what its task is.
    detects = [DETECTS in model.arguments for model in models]
    if any(detects) and not all(detects):
        raise SpecError("classifiers and detectors have no costs in common: bench them apart")
    parts = _of_detectors(setting) if all(detects) else _of_classifiers(setting)
    timing = setting.timing
    study = {
        "question": "What do these models cost, and how fast are they?",
        **({"task": "detection"} if all(detects) else {}),
        "baseline": {"model": levels[models[0].label], **parts},
        # A factor has two levels or more.
        **({"factors": {"model": levels}} if len(levels) > 1 else {}),
        "seeds": 0,
        "columns": list(columns),
        "timing": timing.model_dump(exclude_defaults=True),
    }
    return written(study)


def _of_classifiers(setting: Setting) -> dict[str, object]:
    """Data and recipe of image classifiers."""
    recipe = {
        "name": RECIPE,
        "batch_size": setting.timing.batch_size,
        "channels_last": setting.timing.channels_last,
    }
    data = {"name": DATA, "title": "random images", "img_size": plain(setting.img_size)}
    return {"data": data, "recipe": recipe | _precision(setting)}


def _of_detectors(setting: Setting) -> dict[str, object]:
    """Data and recipe of detectors, on images of this height and at most 1.6 times its width."""
    height, width = sides(setting.img_size)
    # A square is the shorter side, as in the recipes; a size of two sides is that of the image.
    most = height * 8 // 5 if height == width else width
    recipe = {
        "name": "coco_1x",
        "batch_size": setting.timing.batch_size,
        "sizes": [height],
        "test_size": height,
        "max_size": most,
    }
    data = {"name": "coco", "title": "random images", "root": "."}
    return {"data": data, "recipe": recipe | _precision(setting)}


def _precision(setting: Setting) -> dict[str, object]:
    """The keys of a recipe for the number format of training."""
    if setting.timing.precision == "float32":
        return {}
    return {"amp": True, "amp_dtype": setting.timing.precision}


def read_study(
    document: str, setting: Setting, vocabulary: Vocabulary, plugins: Sequence[Plugin] = ()
) -> ReadStudy:
    """The study of a setting, whose messages say the setting in place of a file."""
    return study_text(
        document,
        Path(setting.description),
        vocabulary=vocabulary,
        environment={},
        sources=plugins,
        is_file=False,
    )
