"""The same images, seen by two arms."""

import numpy as np
import pytest
from scipy import stats as reference
from statsmodels.stats.contingency_tables import mcnemar

from study import stats
from study.errors import StoreError

CHANCE = np.random.default_rng(0)
TARGET = CHANCE.integers(0, 10, size=200)


def predictions(accuracy, target=TARGET):
    """Five classes of every image, the first right as often as said."""
    top = np.array([CHANCE.permutation(10)[:5] for _ in target])
    right = CHANCE.random(len(target)) < accuracy
    top[:, 0] = np.where(right, target, (target + 1) % 10)
    return {"target": target, "top": top}


def arm(accuracy, seeds):
    return {seed: predictions(accuracy) for seed in seeds}


def seen(*accuracies, seeds=3):
    return stats.hits(*(arm(accuracy, range(seeds)) for accuracy in accuracies))


def test_hits_are_of_the_seeds_that_both_have():
    one, other = arm(0.8, [0, 1, 2]), arm(0.7, [2, 1, 7])
    found = stats.hits(one, other)
    assert found.seeds == [1, 2]
    assert found.first.shape == found.second.shape == (2, 200)
    assert np.array_equal(found.first[1], one[2]["top"][:, 0] == TARGET)


def test_predictions_of_other_images_are_refused():
    with pytest.raises(StoreError, match="same images"):
        stats.hits({0: predictions(0.5)}, {0: predictions(0.5, TARGET[::-1])})


def test_no_seed_in_common_is_nothing_to_test():
    nothing = stats.hits(arm(0.5, [0]), arm(0.5, [1]))
    assert stats.mcnemar(nothing).empty
    assert stats.together(stats.mcnemar(nothing)).seeds == 0
    assert np.isnan(stats.hierarchical(nothing)["mean"])


# ---- McNemar ----


def test_mcnemar_is_the_exact_test_of_statsmodels():
    found = seen(0.8, 0.7)
    tests = stats.mcnemar(found)
    for row, one, other in zip(tests.itertuples(), found.first, found.second, strict=True):
        table = [[(one & other).sum(), (one & ~other).sum()],
                 [(~one & other).sum(), (~one & ~other).sum()]]  # fmt: skip
        assert row.p == pytest.approx(mcnemar(table, exact=True).pvalue)
        assert row.mean == pytest.approx(one.mean() - other.mean())
    assert list(tests["images"]) == [200] * 3


def test_networks_that_get_the_same_images_right_do_not_differ():
    one = seen(0.8, 0.8)
    tests = stats.mcnemar(one._replace(second=one.first))
    assert list(tests["p"]) == [1.0] * 3
    assert stats.together(tests) == (3, 0, 0, 1.0, 1.0)


def test_seeds_together_say_no_more_than_the_surest_of_them_allows():
    tests = stats.mcnemar(seen(0.9, 0.6))
    found = stats.together(tests)
    assert (found.seeds, found.better, found.worse) == (3, 3, 0)
    assert found.some == pytest.approx(3 * tests["p"].min())
    assert found.every == tests["p"].max()


def test_seeds_that_disagree_show_nothing_of_every_seed():
    one = seen(0.9, 0.6, seeds=2)
    swapped = stats.Hits(
        one.seeds, np.array([one.first[0], one.second[1]]), np.array([one.second[0], one.first[1]])
    )
    found = stats.together(stats.mcnemar(swapped))
    assert (found.better, found.worse, found.every) == (1, 1, 1.0)
    assert found.some < 0.05


# ---- seeds and images ----


def test_the_hierarchical_bootstrap_is_the_t_interval_where_all_images_are_alike():
    """Then seeds are all there is, and of many the bootstrap is normal."""
    one = np.repeat(CHANCE.random((40, 1)) < 0.7, 50, axis=1)
    other = np.repeat(CHANCE.random((40, 1)) < 0.5, 50, axis=1)
    found = stats.hierarchical(stats.Hits(list(range(40)), one, other))
    ends = stats.interval(one.mean(axis=1) - other.mean(axis=1))
    assert (found["low"], found["high"]) == pytest.approx(ends, abs=0.02)


def test_the_hierarchical_bootstrap_is_that_of_images_where_all_seeds_are_alike():
    one, other = (np.repeat(CHANCE.random((1, 400)) < p, 3, axis=0) for p in (0.8, 0.7))
    found = stats.hierarchical(stats.Hits([0, 1, 2], one, other))
    change = one[0].astype(float) - other[0]
    ends = reference.bootstrap((change,), np.mean, method="percentile", rng=CHANCE)
    bounds = ends.confidence_interval
    assert (found["low"], found["high"]) == pytest.approx((bounds.low, bounds.high), abs=0.01)


def test_more_images_do_not_make_up_for_few_seeds():
    """A bad seed is bad on every image: the interval over seeds stays as it is."""
    skill = np.array([0.7, 0.8, 0.9])[:, None]
    widths = []
    for images in (500, 50_000):
        one, other = CHANCE.random((2, 3, images)) < np.array([skill, 0 * skill + 0.8])
        found = stats.hierarchical(stats.Hits([0, 1, 2], one, other))
        widths.append(found["high"] - found["low"])
    assert widths[1] == pytest.approx(widths[0], rel=0.3)


@pytest.mark.parametrize("seeds", [1, 3])
def test_without_seeds_or_without_differences_there_is_no_interval(seeds):
    one = seen(0.8, 0.8, seeds=seeds)
    found = stats.hierarchical(one if seeds == 1 else one._replace(second=one.first))
    assert np.isnan([found["low"], found["high"]]).all()
    assert found["images"] == 200
