"""Figures of costs over image sizes."""

import numpy as np
import pytest

from tests.report import scenes
from tests.report.figures.drawn import reported, resolution


def test_an_exponent_is_told_only_of_a_power_law():
    power = [(side, 3.0 * side**4) for side in (64, 128, 256)]
    total = [(side, 1e6 * side**2 + 3.0 * side**4) for side in (64, 256, 1024)]
    assert resolution.exponent(power) == pytest.approx(4)
    assert np.isnan(resolution.exponent(total))
    assert np.isnan(resolution.exponent(power[:2]))


def test_lines_are_by_everything_but_the_size(lab):
    points = resolution.points(reported(scenes.resolution(lab)))
    assert set(points["model"]) == {"EMSA", "MSA"}
    assert list(points["side"].unique()) == [64, 128, 256, 512]
