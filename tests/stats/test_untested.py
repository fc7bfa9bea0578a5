"""Arms of which it is unknown how they stand to the best."""

import pandas as pd
import pytest

from study import stats

NAN = float("nan")
BEST = [0.90, 0.92, 0.91]


def frame(**arms):
    rows = [(a, s, "top1", v) for a, values in arms.items() for s, v in enumerate(values)]
    table = pd.DataFrame(rows, columns=["arm", "seed", "metric", "value"])
    return table.assign(low=NAN, high=NAN)


@pytest.mark.parametrize(
    ("other", "unknown", "tied"),
    [
        ([0.70, 0.73, 0.70], False, False),
        ([0.90, 0.91, 0.92], False, True),
        ([0.90, 0.92, 0.91], False, True),
        ([0.70], True, False),
        ([0.75, 0.77, 0.76], True, False),
        ([0.70, NAN, 0.80], True, False),
    ],
    ids=["told apart", "tied", "equal", "one seed", "constant", "diverged"],
)
def test_an_arm_is_told_apart_tied_or_unknown(other, unknown, tied):
    measured = frame(best=BEST, other=other)
    assert ("other" in stats.untested(measured, "top1", higher=True)) is unknown
    assert ("other" in stats.ties(measured, "top1", higher=True)) is tied
    assert "best" not in stats.untested(measured, "top1", higher=True)


def test_without_a_best_arm_nothing_is_compared():
    assert not stats.untested(frame(a=[NAN], b=[NAN]), "top1", higher=True)
    assert not stats.untested(frame(), "top1", higher=True)
