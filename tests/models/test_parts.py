"""Every entry of a slot holds to its contract; some formulas, against independent ones."""

import pytest
import torch

from study.models import SLOTS
from study.models.contract import CHECKS, checks
from study.models.parts.positions import POSITIONS
from study.models.parts.reductions import REDUCTIONS, reduced


@pytest.mark.parametrize(("slot", "name"), [(slot, name) for slot in SLOTS for name in SLOTS[slot]])
def test_every_entry_holds_to_the_contract_of_its_slot(slot, name):
    findings = list(checks(slot, name))
    assert [finding for finding in findings if not finding.ok] == []
    assert len(findings) == len(CHECKS[slot]) >= 9


@pytest.mark.parametrize("ratio", [2, 3, 4, 5])
def test_reduction_of_a_whole_number_of_windows_divides_the_map(ratio):
    assert reduced(6 * ratio, ratio) == 6


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
