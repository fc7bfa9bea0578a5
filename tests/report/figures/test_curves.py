"""Figures of training curves."""

import itertools

import numpy as np
import pytest

from study.report.figures.curve_points import metrics_of
from study.report.figures.separation import separated
from tests.report import scenes
from tests.report.figures.drawn import curves, kind, reported


def test_a_mean_ends_where_the_first_of_its_seeds_does(lab):
    study_report = reported(scenes.learnt(lab(top1={"baseline": [0.9, 0.9, "failed"]})))
    points = curves.points(study_report)
    own = points[points["metric"] == "top1"]
    assert own.loc[own["what"] == "mean", "epoch"].max() == 6
    beyond = own[(own["what"] == "seed") & (own["epoch"] > 6)]
    assert set(beyond["seed"]) == {0, 1}


def test_a_diverged_arm_is_drawn_seed_by_seed(shown):
    data = shown("mixed")[1]["curves"].data
    own = data[(data["label"] == "Diverges at once") & (data["metric"] == "top1")]
    assert set(own["what"]) == {"seed", "diverged"}
    assert own.loc[own["what"] == "diverged", "epoch"].tolist() == [5]


def test_every_one_of_a_few_seeds_is_a_line_and_many_have_an_interval(lab):
    for seeds in (3, 6):
        top1 = {"baseline": [0.9 + 0.01 * seed for seed in range(seeds)]}
        (figure,) = curves.curves(reported(scenes.learnt(lab(top1=top1, seeds=seeds))))
        kinds = set(figure.data["what"])
        assert kinds == ({"mean", "seed"} if seeds == 3 else {"mean"})
        assert figure.data["low"].notna().any() == (seeds == 6)


def test_a_loss_among_the_columns_has_a_panel_where_no_training_loss_is_known(lab):
    laboratory = lab(top1={"baseline": [0.9, 0.8, 0.7]}, columns=("params", "top1", "loss"))
    study_report = reported(scenes.learnt(laboratory))
    assert [*metrics_of(study_report.plan)] == ["train_loss", "loss", "top1"]
    assert set(curves.points(study_report)["metric"]) == {"train_loss", "top1"}


def test_factors_have_a_panel_each_and_the_baseline_is_in_all(shown):
    study_report, drawn = shown("emsa")
    axes = [axes for axes in drawn["curves"].figure.axes if axes.get_visible()]
    assert len(axes) == len(study_report.plan.study.factors)
    assert all("#666666" in {line.get_color() for line in panel.lines} for panel in axes)


@pytest.mark.heavy
def test_a_panel_tells_seven_arms_apart_at_most(shown):
    for name, figure in shown("many")[1].items():
        if kind(name) == "curves":
            for axes in figure.figure.axes:
                dashes = [
                    (line.get_color(), str(line._unscaled_dash_pattern))
                    for line in axes.lines
                    if line.get_linewidth() > 1 and len(line.get_xdata())
                ]
                assert len(dashes) == len(set(dashes)) <= 7


@pytest.mark.parametrize(
    ("heights", "apart"), [([0.5] * 5, 0.1), ([0.0, 0.01, 0.99, 1.0], 0.1), ([], 0.1), ([0.3], 0.1)]
)
def test_labels_are_spread_as_little_as_it_takes(heights, apart):
    placed = separated(heights, [apart] * len(heights), (0.02, 1.02))
    assert all(b - a >= apart - 0.01 for a, b in itertools.pairwise(placed))
    assert np.allclose(np.mean(placed or [0]), np.mean(heights or [0]), atol=0.06)
