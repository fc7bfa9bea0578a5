"""Every entry of ours keeps its contract, and a broken one is told what is wrong."""

import pytest
import torch
from torch import nn

from study.registries import REGISTRIES, registry
from study.registries.contracts import CONTRACTS, MODULES, checks
from study.spec.metric import Metric
from tests.registries import restorer

MANY = {"optimizer": ["sgd", "adamw", "lamb", "lion", "muon"]}
"""Of the kinds with a hundred entries, some."""
OURS = [
    (kind, name)
    for kind in REGISTRIES
    if kind not in MODULES
    for name in MANY.get(kind, registry(kind))
]


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


@pytest.mark.parametrize(("kind", "name"), OURS)
def test_every_entry_of_ours_keeps_its_contract(kind, name):
    assert [result for result in checks(kind, name) if not result.ok] == []


def test_every_kind_with_results_has_checks():
    unchecked = REGISTRIES.keys() - CONTRACTS.keys() - {*MODULES}
    assert unchecked == {"data", "operator", "replacement", "task", "figure"}


def faults(kind, entry):
    registry(kind)["broken"] = entry
    return {result.check: result.message for result in checks(kind, "broken") if not result.ok}


def metric(of, better="higher"):
    return Metric("Broken", "", 1, 1, better=better, kind="quality", of=of)


class Forgetful(torch.optim.SGD):
    """Steps twice as far after its state was loaded."""

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.param_groups[0]["lr"] *= 2


class Rates:
    """A schedule that raises the rate to infinity."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def step(self, epoch):
        self.optimizer.param_groups[0]["lr"] = float("inf")

    state_dict = load_state_dict = dict


BROKEN = {
    "a text": ("metric", metric(lambda p: "much"), "is a number", "gives 'much'"),
    "a NaN": ("metric", metric(lambda p: float("nan")), "is a number", "nan"),
    "another direction": (
        "metric",
        metric(lambda p: float(p.right.mean()), "lower"),
        "is better for right answers",
        "right answers have 1",
    ),
    "an error": ("metric", metric(lambda p: p.nosuch), "is a number", "AttributeError"),
    "no scalar": (
        "loss",
        lambda recipe: nn.CrossEntropyLoss(reduction="none"),
        "is a scalar",
        "gives (60,)",
    ),
    "no gradient": (
        "loss",
        lambda recipe: lambda outputs, targets: (outputs.detach() ** 2).mean(),
        "has a gradient",
        "does not require grad",
    ),
    "classes alone": (
        "loss",
        lambda recipe: lambda outputs, targets: nn.functional.nll_loss(outputs, targets),
        "takes mixed targets",
        "RuntimeError",
    ),
    "nothing moves": (
        "optimizer",
        lambda model, recipe: torch.optim.SGD(model.parameters(), lr=0.0),
        "moves weights",
        "leaves weights",
    ),
    "another state": (
        "optimizer",
        lambda model, recipe: Forgetful(model.parameters(), lr=0.1),
        "continues from its state",
        "an interruption changes it",
    ),
    "infinite": ("schedule", lambda optimizer, recipe: Rates(optimizer), "has a rate", "inf"),
    "floats": (
        "transform",
        lambda *how: lambda image: torch.zeros(3, 32, 32),
        "gives an image",
        "not bytes (3, 32, 32)",
    ),
    "no baseline": ("design", lambda factors: [(1, 0, 0)], "chooses levels", "begin"),
    "no level": ("design", lambda f: [(0, 0, 0), (0, 3, 0)], "chooses levels", "(0, 3, 0)"),
    "no cells": ("format", lambda table: table.caption, "writes every cell", "leaves cells out"),
}


@pytest.mark.parametrize(("kind", "entry", "check", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_entry_is_told_what_is_wrong(kind, entry, check, message):
    messages = faults(kind, entry)
    assert any(what.startswith(check) and message in why for what, why in messages.items()), (
        messages
    )


def test_a_docstring_is_a_matter_of_style():
    registry("design")["broken"] = lambda factors: [(0, 0, 0)]
    results = list(checks("design", "broken"))
    assert [result.is_style for result in results if not result.ok] == [True]


def test_the_checks_end_where_an_entry_cannot_be_built():
    registry("reduction")["broken"] = lambda channels, ratio, **dd: 1 / 0
    results = list(checks("reduction", "broken"))
    assert results[-1].check == "builds on cpu and meta"
    assert "ZeroDivisionError" in results[-1].message
