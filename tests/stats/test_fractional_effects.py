"""Effects of regular fractions: aliases and estimates, against regressions on all effects."""

from itertools import combinations

import numpy as np
import pytest

from study import stats
from study.spec.designs import cumulative, fractional, one_at_a_time
from study.stats.fractional_effects import Aliased
from tests.spec.test_designs import factors
from tests.stats.frames import frame, random, rows

RNG = np.random.default_rng(0)
CASES = [(n, r) for r in (3, 4, 5) for n in range(3, 12) if n > r - 1 and (n, r) != (4, 5)]


def fraction(count, resolution):
    arms = fractional(factors(*[2] * count), resolution=resolution)
    return {"".join(map(str, levels)): levels for levels in arms}


def effects_of(count):
    """All main effects and interactions of two factors, as tuples of factors."""
    return [own for size in (1, 2) for own in combinations(range(count), size)]


def responses(choices, effects):
    """The value of every arm, from effects on the scale of `factorial`: half and a quarter."""
    return {
        arm: sum(
            size * np.prod([2 * levels[f] - 1 for f in own]) / 2 ** len(own)
            for own, size in effects.items()
        )
        for arm, levels in choices.items()
    }


def estimates(choices, effects, seeds=1):
    values = responses(choices, effects)
    measured = frame(*(rows(arm, [value] * seeds) for arm, value in values.items()))
    return {factors_of(row): row for row in stats.fractional(measured, choices).itertuples()}


def factors_of(row):
    return tuple(factor for factor, _ in row.term)


@pytest.mark.parametrize(("count", "resolution"), CASES)
def test_aliases_are_the_effects_that_enter_an_estimate(count, resolution):
    """Each effect in turn is 1 and all others 0: what is estimated then is its coefficient."""
    choices = fraction(count, resolution)
    listed = {
        factors_of(own[0]): {factors_of(alias): alias.coefficient for alias in own}
        for own in stats.alias_classes(choices.values())
    }
    every = effects_of(count)
    assert sorted(effect for own in listed.values() for effect in own) == sorted(every)
    # A main effect and interactions of the first and of the last factors are enough of many.
    for effect in every if count < 6 else [(0,), (count - 1,), (0, 1), (2, count - 1)]:
        seen = {name: row.mean for name, row in estimates(choices, {effect: 1.0}).items()}
        assert seen == pytest.approx({name: own.get(effect, 0) for name, own in listed.items()})


@pytest.mark.parametrize(("count", "resolution"), CASES)
def test_the_resolution_says_what_is_aliased(count, resolution):
    classes = stats.alias_classes(fraction(count, resolution).values())
    main = [own for own in classes if len(own[0].term) == 1]
    assert len(main) == count
    assert all(len(own) == 1 for own in main) == (
        stats.resolution(fraction(count, resolution).values()) > 3
    )
    if resolution == 5:
        assert all(len(own) == 1 for own in classes)


def test_a_main_effect_of_resolution_four_is_free_of_interactions():
    choices = fraction(6, 4)
    truth = {(0,): 0.3, (1,): -0.2, (0, 1): 5.0, (2, 4): -3.0, (3, 5): 1.0}
    seen = estimates(choices, truth)
    assert [seen[f,].mean for f in range(6)] == pytest.approx([0.3, -0.2, 0, 0, 0, 0])


def test_a_main_effect_of_resolution_three_has_half_of_an_interaction():
    choices = fraction(3, 3)  # the third factor is the parity of the first two
    seen = estimates(choices, {(2,): 1.0, (0, 1): 0.5})
    assert seen[2,].mean == pytest.approx(1.0 - 0.5 / 2)
    assert seen[2,].aliases == ((((0, 1), (1, 1)), -0.5),)
    assert (0, 1) not in seen


def test_noisy_effects_are_recovered_with_their_interval():
    choices, truth = fraction(6, 4), {(0,): 1.0, (0, 1): 4.0}
    values = responses(choices, truth).items()
    noisy = frame(*(rows(arm, value + RNG.normal(size=30)) for arm, value in values))
    for row in stats.fractional(noisy, choices).itertuples():
        known = sum(
            truth.get(factors_of(own), 0) for own in (row, *map(Aliased._make, row.aliases))
        )
        # Sd of an effect of 16 arms and 30 seeds: 0.09 of a main effect, 0.18 of an interaction.
        assert row.mean == pytest.approx(known, abs=0.7)
        assert row.low < row.mean < row.high
        assert row.high - row.low < 1


def test_whole_factorials_and_paths_are_no_fractions():
    three = factors(2, 2, 2)
    assert stats.is_fraction(fractional(three, resolution=3))
    for arms in (fractional(three, resolution=4), one_at_a_time(three), cumulative(three), []):
        assert not stats.is_fraction(arms)
    # Two factors that change together: their main effects are aliased.
    assert not stats.is_fraction([(0, 0, 0), (1, 1, 0), (0, 0, 1), (1, 1, 1)])


def test_arms_that_are_no_fraction_are_refused():
    choices = fraction(3, 3)
    choices.popitem()
    with pytest.raises(ValueError, match="no regular fraction"):
        stats.fractional(random(choices, 2, RNG), choices)
