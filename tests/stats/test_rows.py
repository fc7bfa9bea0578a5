"""Rows of frames as named tuples."""

import pandas as pd
import pytest

from study import stats

FRAME = pd.DataFrame(
    {
        "metric": ["top1", "loss", "top1"],
        "arm": ["a", "a", "b"],
        "seed": pd.array([0, 0, None], dtype="Int64"),
        "value": [0.5, 1.5, 0.25],
        "low": [float("nan")] * 3,
        "high": [float("nan")] * 3,
    }
)


def test_fields_are_read_by_name_whatever_the_order_of_the_columns():
    first, *_, last = stats.typed_rows(FRAME, stats.MetricValue)
    assert (first.arm, first.metric, first.seed, first.value) == ("a", "top1", 0, 0.5)
    assert last.seed is pd.NA


def test_a_missing_column_is_an_error():
    with pytest.raises(KeyError, match="high"):
        stats.typed_rows(FRAME.drop(columns="high"), stats.MetricValue)


def test_rows_of_one_arm_of_several_and_of_one_metric():
    assert list(stats.of_arm(FRAME, "a").index) == [0, 1]
    assert list(stats.of_arms(FRAME, {"b"}).index) == [2]
    assert list(stats.of_metric(FRAME, "top1").index) == [0, 2]
