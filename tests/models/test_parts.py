"""Every entry of a slot is built with the same arguments and maps the same shapes."""

import pytest
import torch

from study.models import SLOTS
from study.models.parts.positions import POSITIONS
from study.models.parts.reductions import REDUCTIONS, reduced
from study.models.parts.stems import STEMS

SIZES = [(64, 64), (33, 50), (65, 97), (70, 31)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", STEMS)
def test_stem_quarters_the_image(name, size):
    stem = STEMS[name](5, 8)
    quarter = tuple(-(-side // 4) for side in size)
    assert stem(torch.randn(2, 5, *size)).shape == (2, 8, *quarter)


@pytest.mark.parametrize("ratio", [2, 3, 4, 5, 7, 8])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduction_leaves_the_declared_number_of_keys(name, ratio):
    reduction = REDUCTIONS[name](8, ratio)
    for height, width in [(24, 16), (9, 13), (2, 5)]:
        keys = (reduced(height, ratio), reduced(width, ratio))
        assert reduction(torch.randn(2, 8, height, width)).shape == (2, 8, *keys)


@pytest.mark.parametrize("ratio", [2, 3, 4, 5])
def test_reduction_of_a_whole_number_of_windows_divides_the_map(ratio):
    assert reduced(6 * ratio, ratio) == 6


@pytest.mark.parametrize("size", [(8, 8), (5, 7), (12, 3)])
@pytest.mark.parametrize("name", POSITIONS)
def test_position_keeps_the_shape(name, size):
    position = POSITIONS[name](4, (8, 8))
    assert position(torch.randn(2, 4, *size)).shape == (2, 4, *size)


@pytest.mark.parametrize("slot", SLOTS)
def test_every_entry_says_what_it_is(slot):
    for part in SLOTS[slot].values():
        assert part.__doc__.splitlines()[0].endswith((".", ":", "choice."))


def test_average_does_not_count_padding():
    ones = torch.ones(1, 1, 9, 6)
    torch.testing.assert_close(REDUCTIONS["average"](1, 4)(ones), torch.ones(1, 1, 3, 2))


def test_maximum_does_not_see_padding():
    below = -torch.ones(1, 1, 9, 6)
    torch.testing.assert_close(REDUCTIONS["maximum"](1, 4)(below), -torch.ones(1, 1, 3, 2))


def test_strided_windows_are_those_of_pvt_where_they_fit():
    strided = REDUCTIONS["strided"](4, 4)
    x = torch.randn(1, 4, 8, 16)
    plain = torch.nn.functional.conv2d(x, strided.conv.weight, strided.conv.bias, stride=4)
    torch.testing.assert_close(strided(x), plain)


def test_learned_position_is_added_as_it_is_at_its_own_size():
    learned = POSITIONS["learned"](4, (6, 5))
    x = torch.randn(2, 4, 6, 5)
    torch.testing.assert_close(learned(x), x + learned.theta)


def test_pixel_attention_and_group_linear_are_the_formulas_of_the_paper():
    x = torch.randn(2, 4, 6, 5)
    pa, gl = POSITIONS["pa"](4, (6, 5)), POSITIONS["gl"](4, (6, 5))
    torch.testing.assert_close(pa(x), x * torch.sigmoid(pa.conv(x)))
    torch.testing.assert_close(gl(x), x + gl.conv(x))
