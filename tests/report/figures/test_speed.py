"""Figures of speed."""

import pytest

from study.report.figures.speed import SpeedMark, _decimals, _ratio, points, speed
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


def test_all_ratios_have_the_same_decimals_and_no_end_reads_1_unless_it_is():
    marks = [
        SpeedMark("a", "a", "throughput", "ratio", *numbers)
        for numbers in ((2.57, 2.55, 2.59), (1.002, 0.99996, 1.01))
    ]
    digits = _decimals(marks)
    assert [_ratio(mark, digits, whole=True) for mark in marks] == [
        "×2.57000 [2.55000, 2.59000]",
        "×1.00200 [0.99996, 1.01000]",
    ]
