"""Figures of speed."""

import pytest

from study.report.figures.speed import SpeedMark, _ratio, points, speed
from study.stats import typed_rows
from tests.report.figures.drawn import reported

RATE = {"throughput": {"value": 100.0, "low": 90.0, "high": 110.0}}
FAST = {"throughput": {"value": 150.0, "low": 140.0, "high": 160.0}}


def test_a_speed_is_its_ratio_to_the_baseline(lab):
    study_report = reported(lab(timed={"baseline": RATE, "Average Pooling": FAST}))
    (mark,) = typed_rows(points(study_report), SpeedMark)
    assert mark.value == pytest.approx(1.5)
    assert not mark.has_interval
    (figure,) = speed(study_report)
    assert "Average Pooling ×1.50" in figure.alt


def test_arms_that_are_as_fast_as_the_baseline_have_no_figure(lab):
    study_report = reported(lab(timed={"baseline": RATE, "Average Pooling": RATE}))
    assert not list(speed(study_report))


def test_an_interval_decides_whether_an_arm_differs():
    def mark(low, high):
        return SpeedMark("a", "a", "throughput", "ratio", 1.05, low, high)

    assert mark(1.01, 1.1).differs
    assert not mark(0.99, 1.1).differs


def test_an_interval_beside_one_never_ends_at_one():
    near = SpeedMark("A", "a", "throughput", "ratio", 1.02, 1.002, 1.04)
    assert _ratio(near, whole=True) == "×1.020 [1.002, 1.040]"
