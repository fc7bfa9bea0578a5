"""Scale, rounding, sign and unit."""

import pytest

from study import format
from study.analysis.quantities import SpeedRatio
from tests.catalogue import METRICS


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.005, "1.00"), (-0.5, "−0.50"), (-0.004, "0.00"), (0.0, "0.00"), (float("nan"), "--")],
)
def test_a_number_has_its_digits_and_a_real_minus(value, text):
    assert format.number(value, 2) == text


@pytest.mark.parametrize(("value", "text"), [(0.5, "+0.50"), (0.001, "0.00"), (-0.001, "0.00")])
def test_what_rounds_to_zero_has_no_sign(value, text):
    assert format.number(value, 2, signed=True) == text


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_has_a_head_with_its_unit(metric):
    assert metric.unit in format.head(metric)
    assert format.head(metric).count("(") == 1


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_prints_in_its_own_digits(metric):
    assert len(format.measured(1 / 3, metric).partition(".")[2]) == metric.digits


def test_published_numbers_keep_the_digits_they_were_printed_with():
    assert format.published(4.0, 1, 0.0, "derived") == "4.0*"
    assert format.published(72.5, 2, 0.0, "derived") == "72.50*"


def test_no_change_can_be_given_from_nothing():
    assert format.change(1.0, 0.0) == "--"


@pytest.mark.parametrize(
    ("value", "text"), [(9.0, "+800.0 %"), (10.0, "×10"), (2555904, "×2,555,904")]
)
def test_ten_times_and_more_is_a_multiple(value, text):
    assert format.change(value, 1.0) == text


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.384, 0.376, 0.401), "×0.384 [0.376, 0.401]"),
        ((1.5, 1.01, 2.2), "×1.500 [1.010, 2.200]"),
        ((1.01, 0.99, 1.03), "×1.010 [0.990, 1.030]"),
        ((1.1, 1.0, 1.2), "inconclusive ×1.100 [1.000, 1.200]"),
        ((0.95, 0.90, 1.02), "inconclusive ×0.950 [0.900, 1.020]"),
    ],
)
def test_a_ratio_is_never_withheld_and_inconclusive_only_around_1(ends, text):
    assert format.times(SpeedRatio(*ends), 0.05) == text
