"""The comparison of two arms: every metric, every seed, every image."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from study import stats
from study.analysis import quantities, ranges
from study.analysis.analysis import Analysis
from study.analysis.measurements import label_logits, predictions, stored_arrays
from study.errors import SpecError, StoreError, unknown
from study.plan.comparisons import named_arms
from study.plan.plan import Plan
from study.store.atomic import Record
from study.store.records import TrialConfig
from study.store.store import Store
from study.tasks.arms import PlannedArm
from study.text import normal

METRIC_KINDS = ("quality", "cost", "speed")  # in the order of the rows of the comparison


class MetricRow(NamedTuple):
    """A row of `Comparison.metrics`; NaN where a kind of metric lacks a number."""

    metric: str
    kind: str
    first: float
    first_sd: float
    first_n: float
    second: float
    second_sd: float
    second_n: float
    n: float
    unpaired: float
    mean: float
    sd: float
    low: float
    high: float
    t_p: float
    p: float
    smallest_p: float
    seeds: float
    ratio: float
    ratio_low: float
    ratio_high: float


class SeedRow(NamedTuple):
    """A row of `Comparison.seeds`."""

    seed: int
    first: float
    second: float
    difference: float
    images: float
    gained: float
    lost: float
    p: float


class ImageSummary(NamedTuple):
    """The results of `stats.seeds_and_images` and `stats.combined`."""

    seeds: float
    images: float
    mean: float
    low: float
    high: float
    better: float
    worse: float
    some: float
    every: float


@dataclass(frozen=True)
class Comparison:
    """Two arms of a plan compared; differences are second minus first, in base units.

    A row of `metrics` has the metric, its kind, the first arm's mean `first` with `first_sd` and
    `first_n`, and the same for `second`. A quality also has the pairs' `n`, `mean`, `sd`, `low`,
    `high`, `t_p`, `p` (sign-flip), `smallest_p`, `unpaired`, and `seeds`: how many would detect a
    difference of this size. A speed also has `ratio`, `ratio_low` and `ratio_high`.
    """

    plan: Plan
    arms: tuple[PlannedArm, PlannedArm]
    labels: tuple[str, str]
    tested: str
    """The quality that the answer and the table of seeds are about; "" without a quality."""
    differs: Mapping[str, tuple[object, object]]
    """Settings in which the arms differ: dotted path -> values of both."""
    metrics: pd.DataFrame
    seeds: pd.DataFrame
    """`tested` by seed: first, second, difference; from `stats.mcnemar` images, gained, lost, p."""
    images: ImageSummary | None
    sampled: stats.SeedsAndImages | None
    """The difference of `tested`, where the task computes it for samples of the images.

    See `stats.over_seeds_and_images`.
    """
    unseen: str
    """Reason why images were not compared, or ""."""
    declared: bool
    """True if the study declared this comparison in advance."""


def comparison(
    plan: Plan, store: Store, first: str, second: str, metric: str | None = None
) -> Comparison:
    """Compare two arms, given by their labels, from the results stored so far.

    Raises:
        SpecError: a label is unknown, both labels name one arm, or the metric is not a quality.
    """
    labels = (normal(first), normal(second))
    arms = _arms(plan, labels)
    analysis = Analysis(plan, store)
    measured = analysis.measurements
    tested = _tested(plan, measured, metric)
    tests, images, unseen = _images(arms, store)
    pair = frozenset(arm.digest for arm in arms)
    return Comparison(
        plan,
        arms,
        labels,
        tested,
        differs=_differs(*(arm.config for arm in arms)),
        metrics=_metrics(analysis, arms, tested),
        seeds=_seeds(measured, arms, tested, tests),
        images=images,
        sampled=_sampled(plan, arms, store, tested),
        unseen=unseen,
        # In either order: a two-sided test of (a, b) is one of (b, a).
        declared=any(pair == {contrast.arm, contrast.other} for contrast in analysis.declared),
    )


def _arms(plan: Plan, labels: tuple[str, str]) -> tuple[PlannedArm, PlannedArm]:
    named, file = named_arms(plan), plan.study.path
    # Both labels are checked before an error is raised, so that one call corrects both.
    wrong = [unknown("arm", label, named) for label in labels if label not in named]
    if wrong:
        raise SpecError("\n".join(f"{file}: {message}" for message in wrong))
    first, second = (named[label] for label in labels)
    if first is second:
        raise SpecError(f'{file}: "{labels[0]}" and "{labels[1]}" are the same arm')
    return first, second


def _tested(plan: Plan, measured: pd.DataFrame, metric: str | None) -> str:
    # Only qualities have seeds, so only they can be tested by pairs.
    measured_names = measured.dropna(subset="seed")["metric"]
    names = dict.fromkeys([*filter(None, [plan.tested]), *measured_names])
    if metric in plan.catalogue and metric not in names:
        raise SpecError(f"{metric} is not measured in the results of this study")
    if metric is not None and metric not in names:
        raise SpecError(unknown("metric", metric, names))
    return metric or next(iter(names), "")


def _differs(first: TrialConfig, second: TrialConfig) -> dict[str, tuple[object, object]]:
    """The settings in which the two arms differ, by dotted path."""
    ours, theirs = first.values, second.values
    paths = dict.fromkeys([*ours, *theirs])
    return {p: (ours.get(p), theirs.get(p)) for p in paths if ours.get(p) != theirs.get(p)}


# ---- numbers ----


def _metrics(analysis: Analysis, arms: tuple[PlannedArm, PlannedArm], tested: str) -> pd.DataFrame:
    """One row per metric that either arm has: the tested one first, then the study's columns."""
    catalogue, digests = analysis.catalogue, [arm.digest for arm in arms]
    # Only metrics that were measured: a study may declare columns that no trial has reached yet.
    ours = stats.of_arms(analysis.measurements, digests)
    available = set(ours["metric"])
    names = [n for n in dict.fromkeys([tested, *analysis.metrics, *catalogue]) if n in available]
    names += sorted(available - set(names))
    quality = [name for name in names if catalogue[name].kind == "quality"]
    # Second minus first, as everywhere in a comparison.
    declared = [stats.Contrast(digests[1], digests[0], name) for name in quality]
    pairs = stats.contrasts(ours, declared, how=analysis.inference).set_index("metric")
    estimates = stats.estimates(ours).set_index(["metric", "arm"])
    rows = []
    for name in sorted(names, key=lambda name: METRIC_KINDS.index(catalogue[name].kind)):
        row: Record = {"metric": name, "kind": catalogue[name].kind}
        for side, digest in zip(("first", "second"), digests, strict=True):
            if (name, digest) in estimates.index:
                mean, sd, n = estimates.loc[(name, digest), ["mean", "sd", "n"]]
                row |= {side: mean, f"{side}_sd": sd, f"{side}_n": n}
        if name in pairs.index:
            # Holm's p would be corrected over metrics, which are no family that anyone
            # declared.
            row |= pairs.loc[name].drop(["arm", "other", "holm", "t_holm"]).to_dict()
            row["seeds"] = _needed(row["mean"], row["sd"])
        if catalogue[name].kind == "speed":
            row |= _ratio(analysis, name, arms)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(MetricRow._fields))


def _needed(mean: float, sd: float) -> float:
    finite = math.isfinite(mean) and math.isfinite(sd) and mean != 0
    # Equal means would need infinitely many seeds.
    return (stats.seeds_for(mean, sd) or math.nan) if finite else math.nan


def _ratio(analysis: Analysis, name: str, arms: tuple[PlannedArm, PlannedArm]) -> Record:
    """The second arm's speed relative to the first's; both were timed beside the baseline."""
    ratios, metric = analysis.ratios.of(name), analysis.catalogue[name]
    rows = stats.of_metric(analysis.measurements, name)
    first, second = (
        quantities.arm_values(
            arm.label,
            name,
            stats.of_arm(rows, arm.digest),
            metric=metric,
            ratio=ratios.get(arm.digest),
        )
        for arm in arms
    )
    ratio = ranges.measured_range(quantities.RATIO, second, first)
    return {"ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high}


def _seeds(
    measured: pd.DataFrame, arms: tuple[PlannedArm, PlannedArm], tested: str, tests: pd.DataFrame
) -> pd.DataFrame:
    rows = stats.of_metric(measured, tested).dropna(subset="seed")
    first, second = (stats.of_arm(rows, a.digest).set_index("seed")["value"] for a in arms)
    both = pd.DataFrame({"first": first, "second": second}).sort_index()
    both = both.assign(difference=second - first)
    # A seed without predictions stays in the table, with NaN for its images.
    tests = tests.set_index("seed")[["images", "gained", "lost", "p"]]
    return both.join(tests).rename_axis("seed").reset_index()


def _images(
    arms: tuple[PlannedArm, PlannedArm], store: Store
) -> tuple[pd.DataFrame, ImageSummary | None, str]:
    """McNemar's tests by seed, their summary with the bootstrap's, and why it is empty if it is."""
    first, second = (predictions(arm, store) for arm in arms)
    try:
        compared = stats.hits(second, first)
    except StoreError as error:
        return stats.mcnemar(stats.hits({}, {})), None, str(error)
    tests = stats.mcnemar(compared)
    # The seeds that did not diverge would flatter an arm of which others did.
    if lost := [arm.label for arm in arms if arm.diverged_seeds]:
        return tests, None, f"{' and '.join(lost)} diverged"
    if not compared.seeds:
        several = any(label_logits(arm, store) for arm in arms)
        alone = "an image with several labels is not simply right or wrong"
        return tests, None, alone if several else "no seed has predictions of both arms"
    both = stats.seeds_and_images(compared.change)._asdict() | stats.combined(tests)._asdict()
    return tests, ImageSummary(**{name: both[name] for name in ImageSummary._fields}), ""


def _sampled(
    plan: Plan, arms: tuple[PlannedArm, PlannedArm], store: Store, tested: str
) -> stats.SeedsAndImages | None:
    """The tested metric on samples of the images, second minus first; None without them."""
    if any(arm.diverged_seeds for arm in arms):
        return None
    first, second = (stored_arrays(arm, store) for arm in arms)
    try:
        samples = plan.task.image_samples(second, first, tested)
    except StoreError:  # a factor changes the data
        return None
    if samples is None:
        return None
    ends = stats.over_seeds_and_images(samples.differences, samples.samples)
    mean = float(samples.differences.mean())
    return stats.SeedsAndImages(len(samples.seeds), samples.images, mean, *ends)
