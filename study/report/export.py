"""Measurements of a study in files for other tools.

Contract of an entry of `EXPORTS`: export(plan, store) -> contents by file name.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from io import BytesIO

import pandas as pd

from study.analysis.analysis import Analysis
from study.analysis.per_image import class_accuracy
from study.analysis.trials import trials
from study.errors import StudyError
from study.plan.plan import Plan
from study.report import spreadsheet
from study.spec.image_size import written
from study.store.atomic import Record
from study.store.store import Store
from study.tasks.arms import PlannedArm

Files = dict[str, bytes]


def comma_separated(plan: Plan, store: Store) -> Files:
    return {f"{name}.csv": _commas(rows) for name, rows in _long(plan, store).items()}


def parquet(plan: Plan, store: Store) -> Files:
    """The measurements and trials with their types: unknown values are null, seeds integers.

    Raises:
        StudyError: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise StudyError('parquet is written by pyarrow: pip install -e ".[parquet]"')
    return {f"{name}.parquet": _parquet(rows) for name, rows in _long(plan, store).items()}


def _commas(rows: pd.DataFrame) -> bytes:
    return spreadsheet.comma_separated(rows).encode()


def _parquet(rows: pd.DataFrame) -> bytes:
    file = BytesIO()
    # The index is the number of the row and means nothing.
    rows.to_parquet(file, index=False)
    return file.getvalue()


def _long(plan: Plan, store: Store) -> dict[str, pd.DataFrame]:
    """The frames `measurements`, `trials`, `classes` if there are predictions, and `proposals` of
    a study that tunes or searches.

    `measurements` has one row per (arm, seed, metric) in base units, with the level of every
    factor; `trials` one row per trial, with machine and commit; `classes` the accuracy of each
    class, by trial; `proposals` has the values and the objective of every tuning trial.
    """
    # One column per factor, so that other tools can group by level.
    arms = {arm.digest: _levels(plan, arm) for arm in plan.arms}
    analysis = Analysis(plan, store)
    rows = analysis.measurements
    levels = pd.DataFrame([arms[str(digest)] for digest in rows["arm"]], index=rows.index)
    kinds = rows["metric"].map(lambda name: plan.catalogue[name].kind)
    flat = pd.concat([rows[["arm", "label"]], levels, rows.drop(columns=["arm", "label"])], axis=1)
    flat.insert(list(flat).index("metric") + 1, "kind", kinds)
    flat.insert(0, "study", plan.study.title)
    per_class = class_accuracy(plan, store)
    frames = {"measurements": flat, "trials": trials(plan, store), "classes": per_class}
    frames |= analysis.proposals
    return {name: rows for name, rows in frames.items() if len(rows) or name != "classes"}


def _levels(plan: Plan, arm: PlannedArm) -> dict[str, str]:
    chosen = zip(plan.study.factors, arm.arm.choices, strict=True)
    levels = {factor.path: factor.levels[level].label for factor, level in chosen}
    # A twin has the levels of its arm.
    refit = arm.arm.refit
    return {**levels, **({"matched": str(refit) if refit else ""} if plan.study.match else {})}


# ---- timm's format ----


def timm(plan: Plan, store: Store) -> Files:
    """CSV files with the columns of timm's `results/` and of its benchmark script.

    Qualities are means over seeds; steps are in milliseconds; `infer_gmacs` follows fvcore's rules.
    An arm is written as its model's name, with its label as a tag if several arms share the model.
    Arms without the measurement have no row.
    """
    means: dict[str, dict[str, float]] = {arm.digest: {} for arm in plan.arms}
    for row in Analysis(plan, store).estimates.values():
        means[row.arm][row.metric] = row.mean
    facts = plan.task.facts(plan.study, plan.baseline)
    if facts.architecture is None:
        raise StudyError(
            f"timm's tables are of classifiers, and this study's task is {plan.study.task}; "
            "nothing was written"
        )
    tables = {
        f"results-{_slug(facts.data or '')}.csv": (_results, "top1"),
        "benchmark-infer.csv": (_infer, "infer_samples_per_sec"),
        "benchmark-train.csv": (_train, "train_samples_per_sec"),
    }
    names, files = _names(plan), {}
    for file, (rows_of, best) in tables.items():
        several = (
            (names[a.digest], row) for a in plan.arms for row in rows_of(plan, a, means[a.digest])
        )
        if rows := [{"model": name, **row} for name, row in several]:
            # timm sorts its results by the best value, highest first.
            files[file] = _commas(pd.DataFrame(rows).sort_values(best, ascending=False))
    return files


def _results(plan: Plan, arm: PlannedArm, means: Mapping[str, float]) -> Iterator[Record]:
    facts = plan.task.facts(plan.study, arm)
    own = _pixels(plan, arm)
    for size in (own, *map(written, plan.sizes)):
        end = "" if size == own else f"@{size}"
        top1, top5 = (100 * means.get(f"{name}{end}", float("nan")) for name in ("top1", "top5"))
        if top1 == top1 and top5 == top5:  # NaN where a trial diverged or is missing
            yield {
                "top1": round(top1, 3),
                # timm's columns: accuracies and errors in per cent, rounded to three digits.
                "top1_err": round(100 - top1, 3),
                "top5": round(top5, 3),
                "top5_err": round(100 - top5, 3),
                "param_count": _millions(means),
                "img_size": size,
                "crop_pct": facts.crop_pct,
                "interpolation": facts.interpolation,
            }


def _pixels(plan: Plan, arm: PlannedArm) -> str:
    size = plan.task.facts(plan.study, arm).img_size
    return "" if size is None else written(size)


def _infer(plan: Plan, arm: PlannedArm, means: Mapping[str, float]) -> Iterator[Record]:
    batch = plan.study.timing.batch_size
    if rate := means.get("throughput"):
        yield {
            "infer_img_size": _pixels(plan, arm),
            "infer_samples_per_sec": round(rate, 2),
            # Milliseconds per batch, as timm's benchmark script has it.
            "infer_step_time": round(1e3 * batch / rate, 3),
            "infer_batch_size": batch,
            "param_count": _millions(means),
            "infer_gmacs": _in(1e9, means.get("macs")),
            "infer_macts": _in(1e6, means.get("activations")),
        }


def _train(plan: Plan, arm: PlannedArm, means: Mapping[str, float]) -> Iterator[Record]:
    facts = plan.task.facts(plan.study, arm)
    batch = facts.step_images or 0
    if rate := means.get("train_throughput"):
        yield {
            "train_samples_per_sec": round(rate, 2),
            "train_step_time": round(1e3 * batch / rate, 3),
            "train_batch_size": batch,
            "train_img_size": _pixels(plan, arm),
            "param_count": _millions(means),
        }


def _in(unit: float, value: float | None) -> float | None:
    return None if value is None else round(value / unit, 3)


def _millions(means: Mapping[str, float]) -> str:
    # timm's files have the count as text with separators of thousands.
    return f"{means['params'] / 1e6:,.2f}" if "params" in means else ""


def _names(plan: Plan) -> dict[str, str]:
    """Names by arm in timm's manner: architecture.tag."""
    models = {a.digest: plan.task.facts(plan.study, a).architecture or "" for a in plan.arms}
    # Two labels may have one tag; timm's tools join on the name, so it must be unique.
    several, counts, names = Counter(models.values()), Counter[str](), dict[str, str]()
    for arm in plan.arms:
        model = models[arm.digest]
        name = f"{model}.{_slug(arm.label)}" if several[model] > 1 else model
        counts[name] += 1
        names[arm.digest] = name if counts[name] == 1 else f"{name}_{counts[name]}"
    return names


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "unnamed"


EXPORTS: dict[str, Callable[[Plan, Store], Files]] = {
    "csv": comma_separated,
    "parquet": parquet,
    "timm": timm,
}
"""Exports by name of the format."""
