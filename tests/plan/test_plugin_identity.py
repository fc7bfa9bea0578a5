"""The names of trials have the digests of the plugins that they use, and of no other."""

import sys

import pytest

from study.api.request import StudyRequest
from study.errors import SpecError
from tests.registries import restorer

LOSS = """\
from torch import nn
from study.tasks.classification.train.losses import LOSSES

LOSSES["squares"] = lambda recipe: nn.MSELoss()
"""
METRIC = """\
from study.spec.metric import Metric
from study.tasks.classification.quality import QUALITIES

QUALITIES["sure"] = Metric(
    "Sure", "%", 100, 1, "higher", "quality", of=lambda p: float((p.confidence > 0.9).mean())
)
"""
SCHEDULE = """\
from torch.optim.lr_scheduler import LambdaLR
from study.tasks.classification.train.schedules import SCHEDULES

def halves(optimizer, recipe):
    return LambdaLR(optimizer, lambda epoch: 0.5**epoch)

SCHEDULES["halves"] = halves
"""


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


@pytest.fixture
def names(tiny):
    """names(changes, NAME=text): digests of arms by label, of the tiny study with these plugins."""

    def planned(changes=(), **plugins):
        restore = restorer()
        text = tiny.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file = tiny.with_name("changed.yaml")
        file.write_text(text)
        paths = [tiny.with_name(f"{name}.py") for name in plugins]
        for path, code in zip(paths, plugins.values(), strict=True):
            path.write_text(code)
        try:
            imports = tuple(map(str, paths))
            plan, _ = StudyRequest(file, None, (), tiny.parent / "results", imports).plan()
        finally:
            restore()
            for name in plugins:
                sys.modules.pop(name, None)
        return {arm.label: arm.digest for arm in plan.arms}

    return planned


FACTOR = ("model.reduction: {DW: depthwise, Avg: average}", "recipe.loss: {CE: ce, L2: squares}")
COLUMN = ("columns: [params, macs, top1]", "columns: [top1, sure]")


def changed(before, after):
    return {label for label in before if before[label] != after[label]}


def test_an_edit_of_a_loss_renames_the_arms_that_use_it(names):
    before = names([FACTOR], losses=LOSS, metrics=METRIC)
    assert changed(before, names([FACTOR], losses=f"{LOSS}# edited\n", metrics=METRIC)) == {"L2"}
    assert not changed(before, names([FACTOR], losses=LOSS, metrics=f"{METRIC}# edited\n"))


def test_a_plugin_that_nothing_uses_renames_nothing(names):
    assert names() == names(losses=LOSS, metrics=METRIC)


def test_a_metric_is_used_by_the_study_that_names_it(names):
    before = names([COLUMN], metrics=METRIC)
    after = names([COLUMN], metrics=f"{METRIC}# edited\n")
    assert changed(before, after) == {*before}
    claimed = ("columns:", "claims: [Avg is better than DW on sure]\ncolumns:")
    assert changed(names(metrics=METRIC), names([claimed], metrics=METRIC)) == {*before}


def test_an_edited_schedule_is_asked_for_its_rates_again(names):
    slower = ("recipe: {name: smoke, epochs: 2", "recipe: {name: smoke, sched: halves, epochs: 2")
    other = [slower, FACTOR]
    before = names(other, losses=LOSS, schedules=SCHEDULE)
    broken = SCHEDULE.replace("0.5**epoch", "0.5**epoch / (epoch - 1)")
    with pytest.raises(SpecError, match="schedules: ZeroDivisionError"):
        names(other, losses=LOSS, schedules=broken)
    assert changed(before, names(other, losses=LOSS, schedules=f"{SCHEDULE}#\n")) == {*before}


def test_an_unknown_name_is_told_with_those_of_plugins(names):
    wrong = (FACTOR[0], "recipe.loss: {CE: ce, L2: square}")
    with pytest.raises(SpecError, match='did you mean "squares"'):
        names([wrong], losses=LOSS)
