"""Figures of the levels of a factor."""

import itertools

import pytest
from matplotlib.figure import Figure

from study.report import figures
from study.report.figures import level_marks
from study.report.figures.axes import within_percent
from study.report.figures.style_sheets import styled
from study.spec.metric import Metric
from tests.report.figures.drawn import LONG, RATIOS, reported


def test_points_stand_in_the_order_of_the_file_in_paper_units(complete):
    points = level_marks.points(reported(complete), 0)
    assert list(points["level"].unique()) == ["Depth-wise Conv2d", "Average Pooling", "Max Pooling"]
    assert points.loc[points["what"] == "cost", "value"].tolist() == pytest.approx([1.4, 1.4, 1.39])
    assert points.loc[points["what"] == "seed", "value"].tolist()[:2] == pytest.approx(
        [91.39, 91.97]
    )


def test_what_diverged_or_is_missing_is_named(lab):
    study_report = reported(
        lab(top1={"baseline": [0.9, 0.8, 0.7], "Max Pooling": [0.9, float("nan"), 1]})
    )
    points = level_marks.points(study_report, 0)
    named = points[~points["what"].isin(["seed", "mean", "cost"])].set_index("level")["what"]
    assert dict(named) == {"Average Pooling": "missing", "Max Pooling": "1 of 3 diverged"}


@pytest.mark.parametrize(("macs", "scale"), [(2e9, "linear"), (20e9, "log")])
def test_a_wide_spread_of_cost_is_drawn_on_a_logarithmic_axis(lab, macs, scale):
    (figure,) = figures.all_figures(
        reported(lab(cost={"Max Pooling": {"params": 1, "macs": macs}}))
    )
    assert figure.figure.axes[-1].get_yscale() == scale
    if scale == "linear":
        assert figure.figure.axes[-1].get_ylim()[0] == 0  # bars stand on zero


@pytest.mark.parametrize("labels", [RATIOS[:2], RATIOS[:4], RATIOS, LONG[:2], LONG[:4], LONG])
def test_labels_neither_overlap_nor_leave_the_page(lab, labels):
    (figure,) = figures.all_figures(reported(lab({"model.ratios": labels})))
    with styled():
        figure.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.figure.axes[-1].get_xticklabels()]
    assert all(a.x1 <= b.x0 + 0.5 for a, b in itertools.pairwise(boxes))
    assert min(box.y0 for box in boxes) >= 0


@pytest.mark.parametrize("name", ["model.reduction-levels", "pareto"])
def test_an_interval_beyond_100_percent_leaves_the_axis_to_the_values(lab, name):
    top1 = {"baseline": [0.9, 0.5], "Average Pooling": [0.1, 0.6], "Max Pooling": [0.3, 0.9]}
    cost = {"Max Pooling": {"macs": 2e9}}
    drawn = figures.all_figures(reported(lab(top1=top1, seeds=2, cost=cost)))
    figure = next(figure for figure in drawn if figure.name == name)
    assert figure.data["high"].max() > 150  # what is cut is in the figure's data
    low, high = figure.figure.axes[0].get_ylim()
    assert (low, high) == (0, 100)


def test_an_axis_of_values_beyond_100_percent_is_not_cut():
    axes = Figure().subplots()
    axes.plot([0, 1], [-20, 130])
    limits = axes.get_ylim()
    within_percent(axes, Metric("Gain", "%", 100, 1, "higher", "quality"), [-20, 130])
    assert axes.get_ylim() == limits
