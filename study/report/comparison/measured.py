"""What is known of two arms: every metric, every seed, every image."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from study import evidence, stats
from study.errors import SpecError, StoreError, unknown
from study.files import Record
from study.judgement import contrasts, named_arms
from study.measurements import predictions
from study.metrics import METRICS
from study.plan import Plan, PlannedArm
from study.records import TrialConfig
from study.report.frames import frame
from study.report.images import diverged
from study.store import Store
from study.text import normal

KINDS = ("quality", "cost", "speed")


@dataclass(frozen=True)
class Comparison:
    """Differences are the second arm's from the first; numbers are in base units.

    Of `metrics` a row has the metric, its kind, the first arm's `first` with `first_sd` and
    `first_n`, the second's `second` ..., and of quality the pairs' `n`, `mean`, `sd`, `low`,
    `high`, `t_p`, `p` (sign-flip), `smallest_p`, `unpaired` and the `seeds` it would take to show a
    difference of this size; of what was timed `ratio`, `ratio_low` and `ratio_high`.
    """

    plan: Plan
    arms: tuple[PlannedArm, PlannedArm]
    labels: tuple[str, str]
    tested: str
    """The metric that seeds are listed of and the answer is about; "" if none is a quality."""
    differs: Mapping[str, tuple[Any, Any]]
    metrics: pd.DataFrame
    seeds: pd.DataFrame
    """Of `tested` by seed: first, second, difference; `stats.mcnemar`'s images, gained, lost, p."""
    images: Mapping[str, float]
    """Of `stats.hierarchical` and `stats.together`."""
    unseen: str
    """Why images were not compared."""
    declared: bool
    """Whether the study said in advance that it would test this."""


def comparison(
    plan: Plan, store: Store, first: str, second: str, metric: str | None = None
) -> Comparison:
    """Of two arms by their labels, from what the store has so far.

    Raises:
        SpecError: no arm is called so, both names are one arm's, or the metric is no quality.
    """
    labels = (normal(first), normal(second))
    arms = _arms(plan, labels)
    measured = frame(plan, store)
    tested = _tested(plan, measured, metric)
    tests, images, unseen = _images(arms, store)
    pair = frozenset(arm.digest for arm in arms)
    return Comparison(
        plan, arms, labels, tested,
        differs=_differs(*(arm.config for arm in arms)),
        metrics=_metrics(plan, measured, arms, tested),
        seeds=_seeds(measured, arms, tested, tests),
        images=images,
        unseen=unseen,
        declared=any(pair == {one.arm, one.other} for one in contrasts(plan)),
    )  # fmt: skip


def _arms(plan: Plan, labels: tuple[str, str]) -> tuple[PlannedArm, PlannedArm]:
    named, file = named_arms(plan), plan.study.path
    wrong = [unknown("arm", label, named) for label in labels if label not in named]
    if wrong:
        raise SpecError("\n".join(f"{file}: {one}" for one in wrong))
    first, second = (named[label] for label in labels)
    if first is second:
        raise SpecError(f'{file}: "{labels[0]}" and "{labels[1]}" are the same arm')
    return first, second


def _tested(plan: Plan, measured: pd.DataFrame, metric: str | None) -> str:
    taken = measured.loc[measured["seed"].notna(), "metric"]
    known = dict.fromkeys([*filter(None, [plan.tested]), *taken])
    if metric is not None and metric not in known:
        raise SpecError(unknown("metric", metric, known))
    return metric or next(iter(known), "")


def _differs(first: TrialConfig, second: TrialConfig) -> dict[str, tuple[Any, Any]]:
    """The values in which two configurations differ, by dotted path."""
    one, other = _flat(first), _flat(second)
    paths = dict.fromkeys([*one, *other])
    return {p: (one.get(p), other.get(p)) for p in paths if one.get(p) != other.get(p)}


def _flat(config: TrialConfig) -> Record:
    """The values of a configuration by dotted path; the model's arguments stand beside its name."""
    model = {**config.model.plain, **config.model.arguments}
    parts = {"model": model, "data": config.data, "recipe": config.recipe}
    return {
        f"{part}.{key}": value
        for part, values in parts.items()
        for key, value in values.items()
        if key != "arguments"
    }


# ---- numbers ----


def _metrics(
    plan: Plan, measured: pd.DataFrame, arms: tuple[PlannedArm, PlannedArm], tested: str
) -> pd.DataFrame:
    """All that either was measured by: the tested metric first, then the study's columns."""
    digests = [arm.digest for arm in arms]
    ours = measured[measured["arm"].isin(digests)]
    taken = set(ours["metric"])
    names = [n for n in dict.fromkeys([tested, *plan.study.columns, *METRICS]) if n in taken]
    names += sorted(taken - set(names))
    quality = [name for name in names if METRICS[name].kind == "quality"]
    declared = [stats.Contrast(digests[1], digests[0], name) for name in quality]
    pairs = stats.contrasts(ours, declared).set_index("metric")
    found = stats.estimates(ours).set_index(["metric", "arm"])
    rows = []
    for name in sorted(names, key=lambda name: KINDS.index(METRICS[name].kind)):
        row: Record = {"metric": name, "kind": METRICS[name].kind}
        for side, digest in zip(("first", "second"), digests, strict=True):
            if (name, digest) in found.index:
                mean, sd, n = found.loc[(name, digest), ["mean", "sd", "n"]]
                row |= {side: mean, f"{side}_sd": sd, f"{side}_n": n}
        if name in pairs.index:
            row |= pairs.loc[name].drop(["arm", "other", "holm", "t_holm"]).to_dict()
            row["seeds"] = _needed(row["mean"], row["sd"])
        if METRICS[name].kind == "speed":
            row |= _ratio(measured, name, arms)
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


SIDES = [f"{side}{of}" for side in ("first", "second") for of in ("", "_sd", "_n")]
PAIRS = ["n", "unpaired", "mean", "sd", "low", "high", "t_p", "p", "smallest_p", "seeds"]
COLUMNS = ["metric", "kind", *SIDES, *PAIRS, "ratio", "ratio_low", "ratio_high"]


def _needed(mean: float, sd: float) -> float:
    known = math.isfinite(mean) and math.isfinite(sd) and mean != 0
    return (stats.seeds_for(mean, sd) or math.nan) if known else math.nan


def _ratio(measured: pd.DataFrame, name: str, arms: tuple[PlannedArm, PlannedArm]) -> Record:
    """How many times the first one's the second one's is; both were timed beside the baseline."""
    ratios = evidence.ratios(measured, name)
    rows = measured[measured["metric"] == name]
    first, second = (
        evidence.side(a.label, name, rows[rows["arm"] == a.digest], ratios.get(a.digest))
        for a in arms
    )
    found = evidence.evidence(evidence.RATIO, second, first)
    return {"ratio": found.value, "ratio_low": found.low, "ratio_high": found.high}


def _seeds(
    measured: pd.DataFrame, arms: tuple[PlannedArm, PlannedArm], tested: str, tests: pd.DataFrame
) -> pd.DataFrame:
    rows = measured[(measured["metric"] == tested) & measured["seed"].notna()]
    sides = {
        side: rows[rows["arm"] == arm.digest].set_index("seed")["value"]
        for side, arm in zip(("first", "second"), arms, strict=True)
    }
    both = pd.DataFrame(sides).sort_index()
    both["difference"] = both["second"] - both["first"]
    tests = tests.set_index("seed")[["images", "gained", "lost", "p"]]
    return both.join(tests).rename_axis("seed").reset_index()


def _images(
    arms: tuple[PlannedArm, PlannedArm], store: Store
) -> tuple[pd.DataFrame, dict[str, float], str]:
    """McNemar's tests, what they and the bootstrap come to, and why there are none."""
    first, second = (predictions(arm, store) for arm in arms)
    try:
        seen = stats.hits(second, first)
    except StoreError as error:
        return stats.mcnemar(stats.hits({}, {})), {}, str(error)
    tests = stats.mcnemar(seen)
    if lost := [arm.label for arm in arms if diverged(arm)]:  # its other seeds would flatter it
        return tests, {}, f"{' and '.join(lost)} diverged"
    if not seen.seeds:
        return tests, {}, "no seed has predictions of both"
    return tests, stats.hierarchical(seen) | stats.together(tests)._asdict(), ""
