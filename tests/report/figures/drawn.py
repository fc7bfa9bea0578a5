"""Reports of scenes, and readings of what a figure shows."""

import importlib
import re

import numpy as np

from study.report import report

NAMES = (
    "curves",
    "effects",
    "interactions",
    "levels",
    "pareto",
    "published",
    "resolution",
    "cumulative",
)
curves, effects, interactions, levels, pareto, published, resolution, cumulative = (
    importlib.import_module(f"study.report.figures.{name}") for name in NAMES
)
RATIOS = ["8-4-2-1", "4-2-1-1", "1-1-1-1 (MSA)", "16-8-4-2", "8-8-8-8", "2-2-2-1", "4-4", "2-2"]
LONG = [f"{ratio}, a name of $many$ words that says & explains_all" for ratio in RATIOS]
NUMBERS = ("value", "low", "high", "cost", "cost_low", "cost_high", "side", "epoch")


def reported(plan_and_store):
    return report.report(*plan_and_store)


def kind(name):
    return "levels" if re.search(r"-levels(-\d+)?$", name) else name.partition("-")[0]


def near(value, known):
    return bool(np.isclose(known, value, rtol=1e-9, atol=1e-12).any())
