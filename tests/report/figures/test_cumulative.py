"""Figures of a cumulative table."""

import itertools

import numpy as np
import pytest

from study import stats
from tests.report import scenes
from tests.report.figures.drawn import cumulative, curves, reported


@pytest.mark.heavy
def test_a_step_is_paired_with_the_row_above(shown):
    study_report, drawn = shown("path")
    data = drawn["roadmap"].data
    steps = data[data["what"] == cumulative.STEP].set_index("arm")
    for before, arm in itertools.pairwise(study_report.plan.arms):
        known = (
            stats.effects(study_report.analysis.measurements, before.digest)
            .set_index("arm")
            .loc[arm.digest]
        )
        drawn_step = steps.loc[arm.digest, ["value", "low", "high"]].astype(float)
        np.testing.assert_allclose(drawn_step, 100 * known[["mean", "low", "high"]].astype(float))
    assert list(data.loc[data["what"] == "level", "step"]) == [
        "baseline",
        "+ PA",
        "+ Overlapping",
        "Overlapping → ResT",
        "+ Conv-1x1",
    ]


def test_a_cost_is_written_only_where_it_varies(lab):
    for scene, written in ((scenes.path, True), (scenes.three_factors, False)):
        (figure,) = cumulative.roadmap(reported(scene(lab)))
        assert (figure.data["what"] == cumulative.COST).any() == written
        assert any(t.get_text() == "MACs\n(G, all)" for t in figure.figure.axes[0].texts) == written


def test_the_title_of_the_baseline_is_its_name_in_roadmap_curves_and_table(lab):
    factors = {"model.a": ["x", "y"], "model.b": ["u", "v"]}
    fields = {"baseline_title": "Plain", "seeds": 2}
    path = reported(lab(factors, designs=("cumulative",), **fields))
    assert [step for step, _ in cumulative.cumulative_path(path.plan)][:2] == ["Plain", "+ y"]
    alone = reported(lab(factors, **fields))
    drawn = {arm.digest for arm in alone.plan.arms}
    ((_, labels),) = curves.groups_of_arms(alone.plan, drawn)
    assert labels[alone.plan.baseline.digest] == "Plain"
    rows = [row.label for row in alone.tables["table"].rows if row.baseline]
    assert rows == ["x (Plain)", "u (Plain)"]
