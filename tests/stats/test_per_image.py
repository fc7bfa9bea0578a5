"""The same images, seen by two arms."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from study import stats
from study.errors import StoreError

RNG = np.random.default_rng(0)
TARGET = RNG.integers(0, 10, size=200)


def predictions(accuracy, target=TARGET):
    """Five classes of every image, the first right as often as said."""
    top = np.array([RNG.permutation(10)[:5] for _ in target])
    right = RNG.random(len(target)) < accuracy
    top[:, 0] = np.where(right, target, (target + 1) % 10)
    return {"target": target, "top": top}


def arm(accuracy, seeds):
    return {seed: predictions(accuracy) for seed in seeds}


def pairs(*accuracies, seeds=3):
    return stats.hits(*(arm(accuracy, range(seeds)) for accuracy in accuracies))


def test_hits_are_of_the_seeds_that_both_have():
    first, second = arm(0.8, [0, 1, 2]), arm(0.7, [2, 1, 7])
    result = stats.hits(first, second)
    assert result.seeds == [1, 2]
    assert result.first.shape == result.second.shape == (2, 200)
    assert np.array_equal(result.first[1], first[2]["top"][:, 0] == TARGET)


def test_predictions_of_other_images_are_refused():
    with pytest.raises(StoreError, match="same images"):
        stats.hits({0: predictions(0.5)}, {0: predictions(0.5, TARGET[::-1])})


def test_no_seed_in_common_is_nothing_to_test():
    nothing = stats.hits(arm(0.5, [0]), arm(0.5, [1]))
    assert stats.mcnemar(nothing).empty
    assert stats.combined(stats.mcnemar(nothing)).seeds == 0
    assert np.isnan(stats.seeds_and_images(nothing.change).mean)


# ---- McNemar ----


def test_mcnemar_is_the_exact_test_of_statsmodels():
    result = pairs(0.8, 0.7)
    tests = stats.mcnemar(result)
    for row, first, second in zip(tests.itertuples(), result.first, result.second, strict=True):
        table = [
            [(first & second).sum(), (first & ~second).sum()],
            [(~first & second).sum(), (~first & ~second).sum()],
        ]
        assert row.p == pytest.approx(mcnemar(table, exact=True).pvalue)
        assert row.mean == pytest.approx(first.mean() - second.mean())
    assert list(tests["images"]) == [200] * 3


def test_networks_that_get_the_same_images_right_do_not_differ():
    both = pairs(0.8, 0.8)
    tests = stats.mcnemar(both._replace(second=both.first))
    assert list(tests["p"]) == [1.0] * 3
    assert stats.combined(tests) == (3, 0, 0, 1.0, 1.0)


def test_seeds_together_say_no_more_than_the_surest_of_them_allows():
    tests = stats.mcnemar(pairs(0.9, 0.6))
    result = stats.combined(tests)
    assert (result.seeds, result.better, result.worse) == (3, 3, 0)
    assert result.some == pytest.approx(3 * tests["p"].min())
    assert result.every == tests["p"].max()


def test_seeds_that_disagree_show_nothing_of_every_seed():
    both = pairs(0.9, 0.6, seeds=2)
    swapped = stats.Hits(
        both.seeds,
        np.array([both.first[0], both.second[1]]),
        np.array([both.second[0], both.first[1]]),
    )
    result = stats.combined(stats.mcnemar(swapped))
    assert (result.better, result.worse, result.every) == (1, 1, 1.0)
    assert result.some < 0.05


# ---- a metric that is no mean over images ----


def sampled(change, samples=2000):
    """The means of changes (S, N) on the images and on samples of them, as a task gives them."""
    drawn = np.random.default_rng(1).integers(0, change.shape[1], (samples, change.shape[1]))
    return change.mean(1), change[:, drawn].mean(2)


def test_an_interval_of_samples_is_near_that_of_hits():
    """Where all seeds gain the same images there is no part of single seeds to shrink."""
    draws = np.random.default_rng(0)
    change = np.repeat(draws.choice([-1, 0, 1], (1, 200), p=[0.1, 0.7, 0.2]), 4, axis=0)
    low, high = stats.over_seeds_and_images(*sampled(change))
    # Seeds that are alike have no interval of their own, so that only images are left.
    reach = stats.image_error(change).reach()
    assert (low, high) == pytest.approx((change.mean() - reach, change.mean() + reach), abs=0.01)


def test_an_interval_of_samples_grows_with_the_spread_of_seeds():
    change = np.random.default_rng(0).choice([-1, 0, 1], (4, 200))
    differences, samples = sampled(change)
    apart = np.array([-0.2, -0.1, 0.1, 0.2])
    near = stats.over_seeds_and_images(differences, samples)
    far = stats.over_seeds_and_images(differences + apart, samples + apart[:, None])
    assert far[1] - far[0] > 1.5 * (near[1] - near[0])


def test_samples_whose_mean_is_another_are_moved():
    differences, samples = sampled(np.random.default_rng(0).choice([-1, 0, 1], (3, 100)))
    expected = stats.over_seeds_and_images(differences, samples)
    assert stats.over_seeds_and_images(differences, samples + 5) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(1, 50), (3, 50)])
def test_samples_without_a_difference_or_of_one_seed_have_no_interval(shape):
    values = np.zeros(shape) if shape[0] > 1 else np.random.default_rng(0).random(shape)
    assert np.isnan(stats.over_seeds_and_images(values.mean(1), values)).all()
