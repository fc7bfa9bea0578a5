"""Figures of a factorial."""

import pytest

from study import stats
from tests.report import scenes
from tests.report.figures.drawn import interactions, told


def test_a_map_has_what_the_factorial_has(lab):
    made = told(scenes.factorial(lab))
    found = {
        row.term: row
        for row in stats.factorial(
            made.measured, {a.digest: a.arm.choices for a in made.plan.arms}
        ).itertuples()
    }
    known = stats.factorial(made.measured, {a.digest: a.arm.choices for a in made.plan.arms})
    data = interactions.points(made.plan, known, "top1", (0, 1)).set_index(["down", "across"])
    assert data.loc[("w/o IN", "w/o"), "value"] == pytest.approx(100 * found[(0, 1), (1, 1)].mean)
    assert data.loc[("IN", "w/o"), "low"] == pytest.approx(100 * found[((1, 1),)].low)
    assert len(data) == 5
