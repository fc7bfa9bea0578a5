"""Figures of the levels of a factor that are numbers."""

import pytest
from matplotlib.figure import Figure

from study.report.figures.axes import within_percent
from study.spec.metric import Metric
from study.spec.study import Factor, Level
from tests.report import scenes
from tests.report.figures.drawn import levels, reported


def test_only_different_numbers_are_a_curve():
    def of(*values):
        return levels.numbers(Factor("x", tuple(Level(str(v), v) for v in values)))

    assert of(0, 0.1, 8) == {0: 0.0, 1: 0.1, 2: 8.0}
    assert of(0, "a") == of(0, True) == of(1, 1.0) == {}


def test_a_curve_has_the_means_in_the_order_of_the_numbers(lab):
    study_report = reported(scenes.numbers(lab))
    (figure,) = levels.levels(study_report)
    assert figure.name == "model.drop_path_rate-levels"
    means = figure.data[figure.data["what"] == "mean"]
    assert list(means["x"]) == [0, 0.1, 0.2, 0.3, 0.5]
    known = study_report.analysis.means[study_report.plan.baseline.digest, "top1"]
    assert means["low"].iloc[0] == pytest.approx(100 * known.low)
    (axes,) = figure.figure.axes
    assert axes.get_xlabel() == "Drop path rate"


def test_three_numbers_have_no_curve(lab):
    rates = {"0": 0, "0.1": 0.1, "0.2": 0.2}
    top1 = {label: [0.5, 0.6, 0.7] for label in ("baseline", "0.1", "0.2")}
    assert not list(levels.levels(reported(lab({"model.drop_path_rate": rates}, top1=top1))))


def test_an_arm_that_diverged_is_no_point(lab):
    rates = {str(rate): rate for rate in (1, 2, 3, 4, 5)}
    top1 = {label: [0.5, 0.6, 0.7] for label in ("baseline", "2", "3", "4")}
    top1["5"] = [0.5, float("nan"), 0.7]
    (figure,) = levels.levels(reported(lab({"model.x": rates}, top1=top1)))
    assert "5" not in set(figure.data["level"])


def test_the_axis_of_a_percentage_ends_at_100(lab):
    rates = {str(rate): rate for rate in (1, 2, 3, 4)}
    top1 = {label: [1.0, 0.99, 0.97] for label in ("baseline", "2", "3", "4")}
    (figure,) = levels.levels(reported(lab({"model.x": rates}, top1=top1)))
    assert 99 < figure.data["high"].max() <= 100
    assert figure.figure.axes[0].get_ylim()[1] == 100


def test_an_axis_of_values_beyond_100_percent_is_not_cut():
    axes = Figure().subplots()
    axes.plot([0, 1], [-20, 130])
    limits = axes.get_ylim()
    within_percent(axes, Metric("Gain", "%", 100, 1, "higher", "quality"), [-20, 130])
    assert axes.get_ylim() == limits
