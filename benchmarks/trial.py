"""What a trial costs beside the arithmetic of its model, against what a user would run instead.

    python -m benchmarks.trial [--rounds 7]

*Images/s*: training by this package and by the way of timm's train.py (its `create_loader`, task
and optimizer, images already decoded), same model, data, batch and thread, by CPU time; and this
package over one fixed batch, which leaves the data out. *A study*: 18 trials on two cores by
`study run`, and by a shell loop of one process for each trial, by wall time. *A worker*: from its
start to the result of a trial of one step.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path

import timm
import torch
from ruamel.yaml import YAML
from timm.data import create_loader
from timm.optim import create_optimizer_v2
from timm.task import ClassificationTask
from torch.utils.data import Dataset

import study.models  # noqa: F401  registers test_rest with timm
from benchmarks.rows import Row, as_worker, command_line, report, shell, spread
from study.models.fast import has_fast_path, trainable
from study.tasks.classification import data, train
from study.tasks.classification.data import DataSplits
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.schema.shipped_recipes import recipes
from study.tasks.classification.train.gradients import update
from study.tasks.classification.train.setup import set_up

MODELS = ("test_rest", "rest_lite", "resnet18")
TRIALS, EPOCHS = 18, 5
STUDY = """\
question: How long does a study take?
baseline:
  model: test_rest
  data: {name: digits, img_size: 64}
  recipe: {name: smoke, epochs: 5}
factors:
  model.reduction: {Depth-wise: depthwise, Average: average, Max: maximum}
seeds: 6
columns: [top1]
"""


class Pictures(Dataset[tuple[object, int]]):
    """Decoded images, as train.py has them behind its reader."""

    def __init__(self, images: DataSplits, transform: Callable[..., object] | None = None) -> None:
        self.pairs = [images.train.picture(i) for i in range(len(images.train))]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[object, int]:
        picture, target = self.pairs[index]
        return (self.transform(picture) if self.transform else picture), int(target)


def smoke() -> Recipe:
    return Recipe(**YAML(typ="safe").load(recipes()["smoke"]))


Steps = Callable[[], int]
"""Takes some steps; returns the number of images."""
STEPS = 8


def by_timm(name: str, images: DataSplits, recipe: Recipe) -> Steps:
    """Steps as timm's train.py takes them on a CPU, without a moving average or logs."""
    model = timm.create_model(name, num_classes=images.classes)
    loader = create_loader(
        Pictures(images),
        input_size=(3, 64, 64),
        batch_size=recipe.batch_size,
        is_training=True,
        use_prefetcher=False,
        scale=recipe.scale,
        ratio=recipe.ratio,
        hflip=recipe.hflip,
        color_jitter=recipe.color_jitter,
        interpolation=recipe.interpolation,
        num_workers=0,
    )
    optimizer = create_optimizer_v2(
        model, opt=recipe.opt, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    task = ClassificationTask(model, torch.nn.CrossEntropyLoss(), verbose=False)
    endless = chain.from_iterable(loader for _ in count())

    def steps() -> int:
        task.train()
        for _ in range(STEPS):
            x, target = next(endless)
            task(x, target)["loss"].backward()
            timm.utils.dispatch_clip_grad(model.parameters(), recipe.clip_grad, mode="norm")
            optimizer.step()
            optimizer.zero_grad()
        return STEPS * recipe.batch_size

    return steps


def by_study(name: str, images: DataSplits, recipe: Recipe, *, fixed: bool = False) -> Steps:
    model = timm.create_model(name, num_classes=images.classes)
    if recipe.fast_path:
        trainable(model)
    setup = set_up(model, recipe, classes=images.classes, device="cpu")
    epochs = (images.train_batches(recipe, seed=0, epoch=epoch) for epoch in count())
    endless: Iterator[train.Batch] = chain.from_iterable(epochs)
    first = next(endless)

    def steps() -> int:
        setup.task.train()
        for _ in range(STEPS):
            update(setup, [first if fixed else next(endless)], count=1)
        return STEPS * recipe.batch_size

    return steps


def speeds(rounds: int, models: Sequence[str]) -> Iterator[Row]:
    images = data.load(Data(name="digits", img_size=64), workers=0)
    for name in models or MODELS:
        recipe = smoke()
        fast = recipe.model_copy(update={"fast_path": has_fast_path(name)})
        arms = {
            "timm": by_timm(name, images, recipe),
            "study": by_study(name, images, recipe),
            "fast": by_study(name, images, fast),
            "fixed": by_study(name, images, recipe, fixed=True),
        }
        rates: dict[str, list[float]] = {arm: [] for arm in arms}
        for turn in range(rounds + 1):
            for arm in [*arms][:: 1 if turn % 2 else -1]:
                start = time.process_time()
                number = arms[arm]()
                rates[arm].append(number / (time.process_time() - start))
        pairs = [*zip(*(rates[arm][1:] for arm in arms), strict=True)]
        what = f"images/s of a training trial by those of timm's way, {name}, 64 px"
        yield Row("trial", what, *spread(own / other for other, own, *_ in pairs))
        if fast.fast_path:
            ratios = spread(own / other for other, _, own, _ in pairs)
            yield Row("trial", f"{what}, fast path", *ratios, bar=1.15)
        what = f"a step beyond that of a fixed batch, {name}, 64 px"
        beyond = spread(100 * (fixed / own - 1) for _, own, _, fixed in pairs)
        yield Row("trial", what, *beyond, "%", 2.0, higher=False)


def single_trial(seed: int) -> None:
    """One trial of a shell loop: trains as train.py does, and evaluates nothing."""
    torch.manual_seed(seed)
    images = data.load(Data(name="digits", img_size=64), workers=0)
    recipe = smoke()
    steps = by_timm("test_rest", images, recipe)
    for _ in range(round(EPOCHS * len(images.train) / (STEPS * recipe.batch_size))):
        steps()


def seconds(words: list[str], folder: Path, **variables: str) -> float:
    """Wall time of a command."""
    start = time.perf_counter()
    subprocess.run(
        words, cwd=folder, env=shell() | variables, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - start


ROOT = Path(__file__).resolve().parents[1]


STUDY_RUN = [sys.executable, "-m", "study", "run", "timed.yaml", "--no-speed"]


def whole(rounds: int) -> Iterator[Row]:
    """A study of 18 trials against a shell loop over its trials, each with both cores."""
    ratios, script = [], f"{sys.executable} -m benchmarks.trial"
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "timed.yaml").write_text(STUDY)
            loop = f"for i in $(seq {TRIALS}); do {script} --seed $i; done"
            each = seconds(["sh", "-c", loop], ROOT, OMP_NUM_THREADS="2")
            own = seconds([*STUDY_RUN, "--workers", "2"], folder)
            ratios.append(each / own)
    what = f"a shell loop by a study of {TRIALS} trials, on 2 cores"
    yield Row("trial", what, *spread(ratios), bar=1.6)


def started(rounds: int) -> Iterator[Row]:
    """A worker of one trial, of one step and its evaluation, as a queue starts it."""
    sizes = ("data.train_limit=64", "data.val_limit=64", "recipe.epochs=1")
    settings = ("factors={}", "seeds=1", *(f"baseline.{size}" for size in sizes))
    few = [word for setting in settings for word in ("--set", setting)]
    queue = ["--on", "command", "--submit", "sh -c 'touch began && exec $0 $*' {worker}"]
    times = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "timed.yaml").write_text(STUDY)
            seconds([*STUDY_RUN, *few, *queue], folder)
            (result,) = folder.glob("results/trials/*/result.json")
            times.append(result.stat().st_mtime - (folder / "began").stat().st_mtime)
    what = "from a worker's start to the result of a trial of one step"
    yield Row("trial", what, *spread(times), "s", 4.0, higher=False)


if __name__ == "__main__":
    command = command_line(__doc__)
    command.add_argument("--rounds", type=int, default=7)
    command.add_argument("--only", nargs="*", help="speeds alone, of these models")
    command.add_argument("--seed", type=int, help="run one trial of the shell loop")
    options = command.parse_args()
    if options.seed is not None:
        sys.exit(single_trial(options.seed))
    as_worker("benchmarks.trial")
    torch.set_num_threads(1)
    report(speeds(options.rounds, options.only), options.rows)
    if options.only is not None:
        sys.exit()
    report(whole(2), options.rows)
    report(started(3), options.rows)
