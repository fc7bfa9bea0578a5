"""Published numbers that are printed in another unit."""

import pytest

from study.plan.label_checks import other_unit
from tests.catalogue import METRICS


@pytest.mark.parametrize(
    ("metric", "printed", "here", "words"),
    [
        ("top1", 0.7264, None, "below 1 %"),
        ("top1", 0.7264, 0.731, "100 times less than the 73.1"),
        ("params", 10_490_000, 10.51e6, "1,000,000 times the 10.51"),
        ("params", 10_490, 10.51e6, "1,000 times the 10.51"),
        ("macs", 1_400_000_000, 1.5e9, "1,000,000,000 times the 1.5"),
        ("params", 10.49, 10.51e6, ""),
        ("params", 13.66, 10.51e6, ""),
        ("top1", 72.64, 0.1, ""),
        ("macs", 1.4, None, ""),
    ],
)
def test_a_printed_number_in_another_unit_is_noted(metric, printed, here, words):
    note = other_unit(metric, METRICS[metric], printed, here=here)
    assert words in note
    assert bool(note) == bool(words)
