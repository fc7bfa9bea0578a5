"""Labels that are cut and wrapped."""

import pytest

from study.report.figures import text_fit
from study.report.figures.style_sheets import styled
from tests.report.figures.drawn import LONG


@pytest.mark.parametrize("text", ["", "a", "Average Pooling", "x" * 300, "a b " * 90, *LONG])
@pytest.mark.parametrize("room", [12, 40, 90])
def test_a_wrapped_label_fits(text, room):
    with styled():
        for line in text_fit.wrapped(text, room).split("\n"):
            assert text_fit.width(line, 7.5) <= max(room, text_fit.width("x…", 7.5))


def test_labels_that_begin_alike_stay_unlike():
    with styled():
        first, other = (text_fit.wrapped(f"{'the same beginning ' * 9}+ {end}", 90) for end in "ab")
    assert first != other
