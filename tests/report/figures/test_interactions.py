"""Figures of a factorial."""

import pytest

from tests.report import scenes
from tests.report.figures.drawn import interactions, reported


def test_lines_of_two_factors_are_the_means_of_arms(lab):
    study_report = reported(scenes.factorial(lab))
    data = interactions.points(study_report, "top1", (0, 1)).set_index(["across", "line"])
    arms = {arm.label: arm.digest for arm in study_report.plan.arms}
    mean = study_report.analysis.means[arms["w/o IN + w/o"], "top1"]
    assert data.loc[("w/o IN", "w/o"), "value"] == pytest.approx(100 * mean.mean)
    assert data.loc[("w/o IN", "w/o"), "low"] == pytest.approx(100 * mean.low)
    assert len(data) == 6


def test_a_mean_over_other_factors_has_no_value_if_an_arm_diverged(lab):
    study_report = reported(scenes.three_factors(lab))
    data = interactions.points(study_report, "top1", (1, 0)).set_index(["across", "line"])
    assert list(data.index[data["value"].isna()]) == [("Overlapping", "none")]
    arms = {arm.label: arm.digest for arm in study_report.plan.arms}
    alone, mixed = (
        study_report.analysis.means[arms[a], "top1"].mean for a in ("PA", "PA + Conv-1x1")
    )
    assert data.loc[("Patch", "PA"), "value"] == pytest.approx(100 * (alone + mixed) / 2)


def test_pairs_are_panels_of_one_figure_on_one_scale(lab):
    (figure,) = interactions.interactions(reported(scenes.three_factors(lab)))
    panels = [axes for axes in figure.figure.axes if axes.get_visible()]
    assert len(panels) == 3
    assert len({axes.get_ylim() for axes in panels}) == 1
    names = [text.get_text() for text in panels[0].texts]
    assert names == ["none", "PA"]
