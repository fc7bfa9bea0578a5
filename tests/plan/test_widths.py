"""The search for a width at which a model has a given cost, on costs in closed form."""

from itertools import pairwise

import pytest

from study.errors import StudyError
from study.plan.widths import REACH, around, candidates, steps

DIMS = (32, 64, 128, 256)


def products(widths):
    """Multiply-adds of a linear layer in every stage."""
    return sum(width**2 for width in widths)


def test_widths_are_multiples_that_heads_divide():
    assert steps((64, 128, 320, 512), (1, 2, 5, 8), 8) == (8, 8, 40, 8)
    assert steps((192,), (3,), 8) == (24,)


def test_candidates_ascend_by_single_steps_and_have_the_width_itself():
    every = candidates(DIMS, (8, 8, 8, 8))
    assert DIMS in every
    assert len(set(every)) == len(every)
    assert all(width % 8 == 0 for widths in every for width in widths)
    for low, high in pairwise(every):
        moved = [b - a for a, b in zip(low, high, strict=True)]
        assert set(moved) <= {0, 8}
        assert any(moved)
    assert every[0] == (8, 8, 16, 32)
    assert every[-1] == tuple(REACH * width for width in DIMS)


def test_one_factor_scales_all_widths():
    for widths in candidates(DIMS, (8, 8, 8, 8)):
        low = max((width - 4) / value for width, value in zip(widths, DIMS, strict=True))
        high = min((width + 4) / value for width, value in zip(widths, DIMS, strict=True))
        # The narrowest stage has 8 channels at least, whatever the factor.
        assert low <= high or 8 in widths


@pytest.mark.parametrize("target", [0.05, 0.3, 0.9, 1.0, 1.1, 4.0, 30.0])
def test_the_target_lies_between_neighbours(target):
    every = candidates(DIMS, (8, 8, 8, 8))
    wanted = target * products(DIMS)
    low, high = around(every, products, wanted)
    assert low.cost < wanted <= high.cost
    assert every.index(high.widths) == every.index(low.widths) + 1
    assert min(abs(products(w) - wanted) for w in every) == min(
        wanted - low.cost, high.cost - wanted
    )


@pytest.mark.parametrize(("target", "end"), [(1e-9, 0), (1e9, -1)])
def test_a_target_beyond_all_widths_gives_the_last_of_them(target, end):
    every = candidates(DIMS, (8, 8, 8, 8))
    assert {each.widths for each in around(every, products, target)} == {every[end]}


def test_few_costs_are_counted():
    counted = []
    every = candidates(DIMS, (1, 1, 1, 1))

    def cost(widths):
        counted.append(widths)
        return products(widths)

    around(every, cost, 1.3 * products(DIMS))
    assert len(every) > 1000
    assert len(counted) < 20


def test_a_factor_of_width_may_be_a_fraction():
    (step,) = steps((1.0,), (1,), 0.1)
    assert (0.3,) in candidates((1.0,), (step,))  # not 0.30000000000000004
    with pytest.raises(StudyError, match="is above the width, 1: give"):
        steps((1.0,), (1,), 8)


def test_whole_numbers_are_multiples_of_whole_numbers():
    with pytest.raises(StudyError, match="widths are whole numbers here"):
        steps((64, 128), (1, 1), 1.5)
