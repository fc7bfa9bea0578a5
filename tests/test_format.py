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
def test_a_quality_prints_in_its_own_digits_and_others_in_three(metric):
    if metric.kind == "quality":
        assert len(format.measured(1 / 3, metric).partition(".")[2]) == metric.digits
    else:
        assert format.measured(1 / 3 / metric.scale, metric) == "0.333"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0312, "0.0312"), (9.996, "10.0"), (3.0, "3.00"), (8293.4, "8293"), (0.0, "0")],
)
def test_three_digits_are_significant_and_whole_numbers_stay_whole(value, text):
    assert format.significant(value) == text


@pytest.mark.parametrize(
    ("values", "unit", "texts"),
    [
        ((3.67e6, 12e6, 48.7e6), "M", ["3.67", "12.0", "48.7"]),
        ((31.0e6, 43.2e6), "M", ["31.0", "43.2"]),
        ((735e6, 17.6e9), "G", ["0.735", "17.6"]),
        ((20e6, 8e9), "M", ["20.0", "8000"]),
        ((0.0, 5e3), "k", ["0", "5.00"]),
        ((12.0,), "k", ["0.0120"]),
        ((0.99996e9,), "G", ["1.00"]),
    ],
)
def test_a_column_of_costs_has_one_unit_in_which_its_digits_are_read(values, unit, texts):
    metric = format.suited(METRICS["macs"], values)
    assert metric.unit == unit
    assert [format.measured(value, metric) for value in values] == texts


def test_a_metric_of_another_unit_keeps_it():
    assert format.suited(METRICS["memory"], [5.0]) == METRICS["memory"]


@pytest.mark.parametrize(
    ("means", "sds", "text"),
    [
        ([0.33056, 0.9], [0.019, 0.021], "33.1"),
        ([0.7633, 0.7612], [0.0008, 0.0011], "76.33"),
        ([0.33056], [float("nan")], "33.06"),
        ([0.05], [0.03], "5.00"),
        ([0.5, 0.5], [0.0, 0.0], "50.00"),
    ],
)
def test_a_narrow_column_has_no_more_decimals_than_its_spread_allows(means, sds, text):
    metric = format.readable(METRICS["top1"], means, sds)
    assert format.measured(means[0], metric) == text


def test_published_numbers_keep_the_digits_they_were_printed_with():
    assert format.published(4.0, 1, 0.0, "derived") == "4.0*"
    assert format.published(72.5, 2, 0.0, "derived") == "72.50*"


def test_no_change_can_be_given_from_nothing():
    assert format.change(1.0, 0.0) == "--"


@pytest.mark.parametrize(
    ("value", "text"), [(9.0, "+800 %"), (1.999, "+99.9 %"), (10.0, "×10"), (2555904, "×2,555,904")]
)
def test_ten_times_and_more_is_a_multiple(value, text):
    assert format.change(value, 1.0) == text


def test_no_end_of_an_interval_is_rounded_to_1_and_no_interval_to_nothing():
    assert format.times(SpeedRatio(1.004, 1.002, 1.006), 0.05) == "×1.004 [1.002, 1.006]"
    assert format.times(SpeedRatio(1.0113, 1.0111, 1.0116), 0.05) == "×1.011 [1.011, 1.012]"


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((2.034, 2.02, 2.05), "×2.03"),
        ((2.034, 1.802, 2.368), "×2.03†"),
        ((1.1, 0.9, 1.2), "×1.10‡"),
        ((1.0, 0.99, 1.01), "×1.00"),
    ],
)
def test_a_short_ratio_is_marked_where_its_interval_is_wide(ends, text):
    assert format.short_times(SpeedRatio(*ends), 0.05) == text


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.384, 0.376, 0.401), "×0.384 [0.376, 0.401]†"),
        ((1.5, 1.01, 2.2), "×1.50 [1.01, 2.20]†"),
        ((1.01, 0.99, 1.03), "×1.01 [0.99, 1.03]"),
        ((1.1, 1.0, 1.2), "inconclusive ×1.10 [1.00, 1.20]"),
        ((0.95, 0.90, 1.02), "inconclusive ×0.950 [0.900, 1.020]"),
    ],
)
def test_a_ratio_is_never_withheld_and_inconclusive_only_around_1(ends, text):
    assert format.times(SpeedRatio(*ends), 0.05) == text
