"""Designs: the contract of each, and what makes it the one it is."""

import pytest

from study.errors import SpecError
from study.spec.designs import DESIGNS, cumulative, factorial, leave_one_out, one_at_a_time
from study.spec.study import Factor, Level


def factors(*levels: int) -> list[Factor]:
    return [
        Factor(f"model.f{index}", tuple(Level(str(n), n) for n in range(count)))
        for index, count in enumerate(levels)
    ]


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("levels", [(), (2,), (2, 2), (2, 2, 2)])
def test_a_design_opens_with_the_baseline_and_repeats_nothing(name, levels):
    choices = DESIGNS[name](factors(*levels))
    assert choices[0] == (0,) * len(levels)
    assert len(set(choices)) == len(choices)
    assert all(0 <= c < n for chosen in choices for c, n in zip(chosen, levels, strict=True))


def test_one_at_a_time_departs_in_one_factor():
    choices = one_at_a_time(factors(3, 2))
    assert choices == [(0, 0), (1, 0), (2, 0), (0, 1)]


def test_leave_one_out_asks_for_with_and_without():
    assert leave_one_out(factors(2, 2)) == [(0, 0), (1, 0), (0, 1)]
    with pytest.raises(SpecError, match=r"model\.f1 has 0, 1, 2"):
        leave_one_out(factors(2, 3))


def test_cumulative_keeps_what_it_has_departed_in():
    assert cumulative(factors(2, 3)) == [(0, 0), (1, 0), (1, 1), (1, 2)]


def test_factorial_has_every_combination():
    assert len(factorial(factors(2, 3, 2))) == 12
