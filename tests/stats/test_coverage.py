"""How often the statistics are right over simulated studies: `benchmarks/coverage.py` asserted."""

import numpy as np
import pytest

from benchmarks.coverage import Line, lines, rate

EXACT = ("t interval", "main effect", "interaction")
NEARLY = {"seeds and images": (94, 99.5), "noise floor": (94, 100), "BCa": (80, 92)}


def few(line: Line) -> list[tuple[Line, int]]:
    return [(line, seeds) for seeds in (3, 6, 10)]


def named(pair: tuple[Line, int]) -> str:
    line, seeds = pair
    return f"{line.method}, {line.study}, {seeds}"


def held(line: Line) -> bool:
    """Theory promises 95 %: exactly for normal differences, nearly for counts of images."""
    return line.method in EXACT and line.promised == "95" and "skewed" not in line.study


PAIRS = [pair for line in lines() for pair in few(line)]


@pytest.mark.slow
@pytest.mark.parametrize("pair", [p for p in PAIRS if held(p[0])], ids=named)
def test_an_interval_holds_the_truth_as_often_as_it_says(pair):
    assert 93 <= rate(*pair, studies=4000) <= 97


@pytest.mark.slow
@pytest.mark.parametrize("pair", [p for p in PAIRS if p[0].method in NEARLY], ids=named)
def test_what_promises_less_keeps_what_its_docstring_says(pair):
    low, high = NEARLY[pair[0].method]
    share = rate(*pair, studies=4000)
    assert low <= share <= high or np.isnan(share)


@pytest.mark.slow
@pytest.mark.parametrize("pair", [p for p in PAIRS if p[0].method == "smallest effect"], ids=named)
def test_the_smallest_effect_is_shown_as_often_as_it_says(pair):
    assert 78 <= rate(*pair, studies=4000) <= 82


@pytest.mark.slow
@pytest.mark.parametrize(
    "pair",
    [p for p in PAIRS if p[0].promised == "≤ 5" and "skewed" not in p[0].study],
    ids=named,
)
def test_equal_arms_are_told_apart_no_more_often_than_stated(pair):
    """Within three standard errors of a rate of 5 % over the studies simulated."""
    error = 100 * (0.05 * 0.95 / (4000 * pair[0].share)) ** 0.5
    assert rate(*pair, studies=4000) <= 5 + 3 * error


def test_every_line_of_the_table_can_be_made():
    for line in lines():
        share = rate(line._replace(share=1.0), 6, studies=2)
        assert 0 <= share <= 100
