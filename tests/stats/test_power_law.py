"""Power laws."""

import numpy as np
import pytest

from study import stats


def test_points_that_follow_no_power_law_have_no_exponent():
    power = [(side, 3.0 * side**4) for side in (64, 128, 256)]
    total = [(side, 1e6 * side**2 + 3.0 * side**4) for side in (64, 256, 1024)]
    assert stats.exponent(power) == pytest.approx(4)
    assert np.isnan(stats.exponent(total))
    assert np.isnan(stats.exponent(power[:2]))
