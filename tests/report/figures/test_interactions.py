"""Figures of a factorial."""

import pytest

from tests.report import scenes
from tests.report.figures.drawn import interactions, reported


def test_a_map_has_what_the_factorial_has(lab):
    study_report = reported(scenes.factorial(lab))
    known = study_report.analysis.factorial
    values = {row.term: row for row in known}
    data = interactions.points(study_report.plan, known, "top1", (0, 1)).set_index(
        ["down", "across"]
    )
    assert data.loc[("w/o IN", "w/o"), "value"] == pytest.approx(100 * values[(0, 1), (1, 1)].mean)
    assert data.loc[("IN", "w/o"), "low"] == pytest.approx(100 * values[((1, 1),)].low)
    assert len(data) == 5
