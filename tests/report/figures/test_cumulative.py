"""Figures of a cumulative table."""

import itertools

import numpy as np
import pytest

from study import stats
from tests.report import scenes
from tests.report.figures.drawn import cumulative, reported


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
