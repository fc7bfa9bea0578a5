"""A laboratory: plans and stores made by hand, without torch."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from study.analysis.analysis import Analysis
from study.plan.plan import Plan
from study.report import report
from study.spec.designs import designed
from study.spec.reader import ReadStudy
from study.spec.schema import Protocol, Timing
from study.spec.study import Arm, Factor, Level, PublishedNumber, Study
from study.store import store as stores
from study.store.atomic import write
from study.store.records import TrialConfig
from study.store.store import Store
from study.store.timing_records import TimingSession
from study.tasks.arms import PlannedArm, Trial
from study.tasks.classification.config import Config
from study.tasks.classification.records import ModelCost, Shape
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.task import TASK
from tests.catalogue import METRICS

CONFIG = Config("rest_lite", {}, Data(name="digits", img_size=64), Recipe(epochs=3), "smoke")
BUILT = {
    "model": "m",
    "shape": Shape(num_classes=10, in_chans=3, img_size=64),
    "arguments": {},
    "defaults": {},
    "slots": {},
    "code": {},
}
REDUCTION = {"model.reduction": ["Depth-wise Conv2d", "Average Pooling", "Max Pooling"]}


def _study(factors, seeds, published, designs=("one_at_a_time",), **fields):
    return Study(
        **{
            "name": "emsa_reduction",
            "path": Path("ablations/emsa_reduction.yaml"),
            "profile": None,
            "settings": (),
            "catalogue": METRICS,
            "question": "How should EMSA shrink?",
            "source": "ResT (arXiv 2105.13677)",
            "baseline": {
                part: {"name": name}
                for part, name in (("model", "rest_lite"), ("data", "digits"), ("recipe", "smoke"))
            },
            "factors": tuple(
                Factor(path, tuple(Level(label, value) for label, value in _values(labels)))
                for path, labels in factors.items()
            ),
            "designs": designs if isinstance(designs, dict) else {name: {} for name in designs},
            "seeds": tuple(range(seeds)),
            "columns": ("params", "macs", "throughput", "top1"),
            "published": {row: _printed(**numbers) for row, numbers in published.items()},
            "timing": Timing(),
            "expects": {},
            "margins": {},
            "claims": (),
            "text": "",
        }
        | fields
    )


def _values(labels):
    """Labels with their values, which are the labels where only these are listed."""
    return labels.items() if isinstance(labels, dict) else zip(labels, labels, strict=True)


def _printed(status="verified", source="ResT (arXiv 2105.13677)", protocol=None, **numbers):
    how = Protocol(**(protocol or {}))
    return {
        metric: PublishedNumber(value, len(str(value).partition(".")[2]), status, source, how)
        for metric, value in numbers.items()
    }


def _choices(study):
    if {"fractional", "pairwise"} & {*study.designs}:
        return designed(study.designs, study.factors)
    every = product(*(range(len(factor.levels)) for factor in study.factors))
    several = len(study.factors) if study.designs.keys() != {"one_at_a_time"} else 1
    return [choices for choices in every if sum(map(bool, choices)) <= several]


COMPUTED = TrialConfig(model={"name": "m", "arguments": {}}, data={}, recipe={})


def _trial(store, digest, seed, outcome):
    """An outcome is a value, NaN where it diverged, or a word: failed, pending."""
    name = f"{digest}-{seed}"
    if outcome != "pending":
        state = (
            "failed" if outcome == "failed" else "completed" if outcome == outcome else "diverged"
        )
        metrics = {} if state == "failed" else {"top1": outcome}
        result = {
            "format": stores.FORMAT,
            "trial": name,
            "state": state,
            "config": COMPUTED.plain,
        }
        write(store.trial(name) / "result.json", {**result, "metrics": metrics})
    return Trial(name, seed, store.state(name))


@pytest.fixture
def lab(tmp_path):
    return laboratory(tmp_path)


def laboratory(tmp_path):
    """lab(factors, top1={label: outcomes}, cost={label: {...}}, timed={label: {...}}, ...)."""

    def plan_and_store(
        factors=REDUCTION,
        *,
        top1=None,
        cost=None,
        timed=None,
        seeds=3,
        published=None,
        again=(),
        **fields,
    ):
        study, store = (
            _study(factors, seeds, published or {}, **fields),
            Store(tmp_path / "results"),
        )
        arms, keys = [], {}
        for number, choices in enumerate(_choices(study)):
            label, digest = study.label(choices), f"{number:010x}"
            key = label if any(choices) else "baseline"
            outcomes = (top1 or {}).get(key, ["pending"] * seeds)
            trials = tuple(_trial(store, digest, s, o) for s, o in enumerate(outcomes))
            if not any(choices):
                beside = zip(study.aa_seeds, again, strict=False)
                added = (_trial(store, digest, seed, outcome) for seed, outcome in beside)
                trials += tuple(replace(trial, is_aa=True) for trial in added)
            counted = (cost or {}).get(key, {"params": 10.49e6, "macs": 1.4e9})
            costs = (
                {"cost": counted} if isinstance(counted, dict) else {"cost": {}, "refused": counted}
            )
            card = ModelCost(**BUILT, **costs)
            arms.append(
                PlannedArm(
                    Arm(choices, CONFIG), label, digest, COMPUTED, card, epochs=3, trials=trials
                )
            )
            keys[digest] = key
        plan = Plan(study, tuple(arms), TASK, ReadStudy(study, []))
        if timed:
            session = {arm: timed[key] for arm, key in keys.items() if key in timed}
            record = {"arms": session, "environment": {"device": "NVIDIA H200"}}
            store.keep("timings", plan.key, TimingSession.checked(record))
        return plan, store

    return plan_and_store


@pytest.fixture
def complete(lab):
    """Three arms, three seeds, everything measured."""
    timing = {"value": 212.4, "low": 208.0, "high": 215.2}
    return lab(
        top1={
            "baseline": [0.9139, 0.9197, 0.9081],
            "Average Pooling": [0.9083, 0.9123, 0.9043],
            "Max Pooling": [0.9019, 0.9002, 0.8936],
        },
        cost={"Max Pooling": {"params": 10.47e6, "macs": 1.39e9}},
        timed={label: {"throughput": timing} for label in ("baseline", "Average Pooling")},
        published={
            "Depth-wise Conv2d": {"top1": 72.88, "params": 10.49},
            "Average Pooling": {"top1": 72.64, "status": "derived"},
            "Max Pooling": {"top1": 72.2, "status": "unverified"},
        },
        claims=("Average Pooling is worse than Depth-wise Conv2d on top1 by 0.24",),
    )


@pytest.fixture
def tabulated(lab):
    """The wide table of a laboratory, which has every column."""

    def table(*factors, **outcomes):
        plan, store = lab(*factors, **outcomes)
        return report.wide_table(Analysis(plan, store))

    return table


NASTY = [
    "<script>alert('x')</script> & &amp;",
    "100 % & more_",
    "a|b \\| c",
    "back\\slash \\\\",
    "[link](http://x) ![i][j]",
    "*bold* __it__ ~~s~~",
    "`code` ``x",
    "$x_1$ #1 ~ ^{2}",
    '"quoted"',
    "[0.5] first",
    "* star",
    "=1+1",
    "--",
    "Δ ± é × −",
]


@pytest.fixture
def nasty(lab):
    """Every text that a study file may hold, full of what formats give a meaning to."""
    every = " ".join(NASTY)
    claims = tuple(f"{label} is worse than first on top1" for label in NASTY)
    return lab(
        {"model.x": ["first", *NASTY], "recipe.lr": ["one", "two"]},
        question=every,
        claims=claims,
        source=every,
        name="a_b/..%",
        seeds=2,
        top1={label: [0.5, 0.6] for label in ["baseline", *NASTY[2:]]},
        cost={NASTY[0]: f"the counters disagree on {every}"},
        published={NASTY[1]: {"top1": 12.5, "source": every}},
    )


@pytest.fixture
def nothing(lab):
    """No trial has begun."""
    return lab()


@pytest.fixture
def one_seed(lab):
    return lab(seeds=1, top1={"baseline": [0.9], "Max Pooling": [0.8]})


@pytest.fixture
def diverged(lab):
    values = {"baseline": [0.9, 0.91, 0.92], "Max Pooling": [0.8, float("nan"), 0.81]}
    return lab(top1=values)


@pytest.fixture
def failed(lab):
    return lab(top1={"baseline": [0.9, 0.91, 0.92], "Max Pooling": ["failed"] * 3})
