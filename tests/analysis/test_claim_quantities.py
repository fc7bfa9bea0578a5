"""Claims of quality, costs and speed, against independent computations."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats as reference

from study.analysis.claim_forms import amount
from study.analysis.claims import parse
from tests.analysis.claim_frames import NAN, TWO, exact, frame, judgement, state
from tests.catalogue import METRICS

# ---- quality: the t interval, computed apart ----


@pytest.fixture
def chance():
    return np.random.default_rng(0)


def expected(sample, low, high):
    ends = reference.ttest_1samp(sample, 0).confidence_interval(0.95)
    if low <= ends.low and ends.high <= high:
        return "supported"
    return "contradicted" if ends.high < low or ends.low > high else "undecided"


SPANS = {  # in percent, or as a ratio: what is sampled, and where the claim wants its mean
    "A is better than B on top1": (lambda a, b: a - b, 0, math.inf),
    "A is better than B on top1 by 1": (lambda a, b: a - b, 1, math.inf),
    "A is better than B on top1 by at most 1": (lambda a, b: a - b, 0, 1),
    "A is worse than B on top1": (lambda a, b: b - a, 0, math.inf),
    "A is worse than B on top1 by at least 1": (lambda a, b: b - a, 1, math.inf),
    "A is worse than B on top1 by at most 1": (lambda a, b: b - a, 0, 1),
    "A is within 1 of B on top1": (lambda a, b: a - b, -1, 1),
    "A has less top1 than B": (lambda a, b: b - a, 0, math.inf),
    "A has more top1 than B": (lambda a, b: a - b, 0, math.inf),
    "A has at most 1.02x the top1 of B": (lambda a, b: a / b, -math.inf, 1.02),
    "A has at least 0.98x the top1 of B": (lambda a, b: a / b, 0.98, math.inf),
    "A has at most 71 top1": (lambda a, b: a, -math.inf, 71),
    "A has at least 71 % top1": (lambda a, b: a, 71, math.inf),
}


@pytest.mark.heavy
@pytest.mark.parametrize(("text", "span"), SPANS.items(), ids=SPANS)
def test_a_claim_of_quality_is_judged_by_the_interval_of_its_pairs(text, span, chance):
    of, low, high = span
    seen = set()
    for _ in range(40):
        b = chance.normal(70, 1.0, 4)
        a = b + chance.uniform(-3, 3) + chance.normal(0, 0.1, 4)
        verdict = state(text, frame("top1", a=list(a / 100), b=list(b / 100)))
        assert verdict == expected(of(a, b), low, high)
        seen.add(verdict)
    assert len(seen) == 3


@pytest.mark.heavy
def test_what_is_true_is_seldom_contradicted_and_what_is_not_seldom_supported(chance):
    """On the edge of truth each happens in one of forty."""
    states = []
    for _ in range(400):
        difference = chance.normal(0.01, 0.003, 5)
        measured = frame("top1", a=list(0.7 + difference), b=[0.7] * 5)
        states.append(state("A is better than B on top1 by 1", measured))
    assert 0 < states.count("supported") < 24
    assert 0 < states.count("contradicted") < 24


def test_pairs_are_made_by_seed():
    measured = frame("top1", a=[0.71, 0.81, 0.62], b=[0.7, 0.8, 0.6, 0.1])
    outcome = judgement("A is better than B on top1", measured.sample(frac=1, random_state=0))
    low, high = reference.ttest_1samp([1, 1, 2], 0).confidence_interval()
    shown = f"+1.33 pp [{low:.2f}, {high:.2f}], 3 pairs".replace("-", "−")
    assert outcome.why == (
        f"{shown}, 4 (3 to 61) seeds in total are needed (80 % power), set in advance"
    )


def test_the_seeds_that_would_decide_are_the_fewest_that_probably_do():
    sample = np.array([0.2, 1.0, 0.1, 0.4])  # percentage points
    measured = frame("top1", a=list(0.7 + sample / 100), b=[0.7] * 4)
    why = judgement("A is better than B on top1 by 0.1", measured).why
    needed = int(why.rpartition(" pairs, ")[2].split()[0])
    for seeds, decided in ((needed - 1, False), (needed, True)):
        quantiles = reference.t.ppf([0.975, 0.8], seeds - 1).sum()
        reach = quantiles * sample.std(ddof=1) / np.sqrt(seeds)
        assert (sample.mean() - reach > 0.1) == decided


def test_the_seeds_are_those_that_the_nearer_bound_asks_for():
    measured = frame("top1", a=[0.712, 0.705, 0.710], b=[0.7] * 3)
    near = judgement("A is better than B on top1 by at least 1", measured).why
    assert judgement("A is within 1 of B on top1", measured).why == near


def test_lower_is_better_where_the_catalogue_says_so():
    measured = frame("loss", a=[0.50, 0.61, 0.69], b=[0.60, 0.70, 0.80])
    assert state("A is better than B on loss by 0.05", measured) == "supported"
    assert state("A has less loss than B", measured) == "supported"
    assert state("A ranks last on loss", measured) == "contradicted"


UNKNOWN = {
    "one seed": (frame("top1", a=[0.7], b=[0.6]), "+10.00 pp, 1 pair: no interval"),
    "no spread": (frame("top1", a=[0.7] * 3, b=[0.6] * 3), "+10.00 pp, 3 pairs: no interval"),
    "not measured": (frame("top1", a=[0.7]), "top1 of B is not measured"),
    "another metric": (frame("loss", a=[0.7], b=[0.6]), "top1 of A is not measured"),
    "nothing": (frame("top1"), "top1 of A is not measured"),
    "no pair": (frame("top1", a=[0.7], b=[0.6]).assign(seed=[0, 1]), "no seed in common"),
    "no seed": (exact("top1", a=0.7, b=0.6), "top1 of A is not measured"),
    "both diverged": (
        frame("top1", a=[NAN, 0.7], b=[0.6, NAN]),
        "1 of 2 seeds of A diverged (B: 1 of 2)",
    ),
    "hopeless": (
        frame("top1", a=[0.7, 0.6], b=[0.6, 0.7001]),
        "more than 1000 seeds in total are needed",
    ),
}


@pytest.mark.parametrize(("measured", "why"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_told_is_undecided_and_says_why(measured, why):
    outcome = judgement("A is better than B on top1", measured)
    assert outcome.state == "undecided"
    assert why in outcome.why


@pytest.mark.parametrize(
    "text",
    [
        "A is worse than B on {m}",
        "B is better than A on {m}",
        "A is better than B on {m} by 1",
        "A is within 1 of B on {m}",
        "A ranks last on {m}",
        "A has at least 2x the {m} of B",
        "A has at least 0.1 {m}",
    ],
)
@pytest.mark.parametrize("metric", ["top1", "loss"])
@pytest.mark.parametrize("diverged", [1, 3])
def test_no_seed_that_diverged_decides_a_claim_on_quality(text, metric, diverged):
    values = [*[NAN] * diverged, *[0.9, 0.91, 0.92][diverged:]]
    measured = frame(metric, a=values, b=[0.1, 0.2, 0.3])
    outcome = judgement(text.format(m=metric), measured, TWO)
    assert outcome.state == "undecided"
    assert f"{diverged} of 3 seeds of A diverged" in outcome.why


# ---- costs ----


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "A has at most 2.52 M params": "supported",
        "A has at least 2.52 params": "supported",
        "A has at most 2.519999 params": "contradicted",
        "A is within 0 of B on params": "contradicted",
        "A has at most 1.2x the params of B": "supported",
        "A has at least 1.2x the params of B": "supported",
        "A is worse than B on params by 0.420001": "contradicted",
        "A is better than B on params": "contradicted",
        "A is worse than B on params by at most 0.42": "supported",
    }.items(),
)
def test_counts_are_compared_as_they_are(text, expected):
    measured = exact("params", a=2_520_000, b=2_100_000)
    assert state(text, measured) == expected


def test_equal_counts_are_neither_better_nor_worse():
    measured = exact("macs", a=31e6, b=31e6)
    assert {state(f"A is {word} than B on macs", measured) for word in ("better", "worse")} == {
        "contradicted"
    }
    assert state("A is worse than B on macs by at most 1", measured) == "contradicted"
    assert state("A is within 0 of B on macs", measured) == "supported"
    assert (
        judgement("A ranks 2nd on macs", measured, TWO).why == "place 1 to 2 of 2: ties with B, 0 M"
    )


def test_a_count_may_equal_what_was_written_of_it():
    for millions in range(1, 4000):
        claim = parse(f"A has at most {millions / 1000} macs", ["A"], METRICS)
        assert amount(claim, METRICS["macs"]) == millions * 10**6


def test_a_cost_that_was_refused_is_not_measured():
    outcome = judgement("A has less macs than B", exact("macs", a=NAN, b=1))
    assert (outcome.state, outcome.why) == ("undecided", "macs of A is not measured")


def test_a_count_has_no_multiple_of_zero():
    outcome = judgement("A has at most 2x the macs_matmul of B", exact("macs_matmul", a=1, b=0))
    assert (outcome.state, outcome.why) == (
        "undecided",
        "macs_matmul of B is 0, so there is no ratio to it",
    )


# ---- what was timed ----


def holds(text, a, b):
    """For single values."""
    return {
        "better": a > b,
        "by": a - b >= 2,
        "within": abs(a - b) <= 3,
        "ratio": a <= 1.1 * b,
        "level": a >= 10,
    }[text]


TIMED = {
    "better": "A is better than B on throughput",
    "by": "A is better than B on throughput by 2",
    "within": "A is within 3 of B on throughput",
    "ratio": "A has at most 1.1x the throughput of B",
    "level": "A has at least 10 throughput",
}


@pytest.mark.parametrize("claim", TIMED)
def test_a_timing_is_judged_by_all_that_its_rounds_allow(claim, chance):
    seen = set()
    for _ in range(60):
        (a_low, a_high), (b_low, b_high) = np.sort(
            chance.uniform(6, 14, (2, 1)) + chance.uniform(0, 2, (2, 2))
        )
        measured = frame("throughput", a=(a_low, a_low, a_high), b=(b_high, b_low, b_high))
        grid = product(np.linspace(a_low, a_high, 20), np.linspace(b_low, b_high, 20))
        all_of = {holds(claim, a, b) for a, b in grid}
        verdict = state(TIMED[claim], measured)
        assert verdict == (
            "undecided" if len(all_of) > 1 else "supported" if True in all_of else "contradicted"
        )
        seen.add(verdict)
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("b", "expected"), [(102.1e6, "supported"), (101.9e6, "undecided"), (97e6, "contradicted")]
)
def test_a_peak_is_known_to_a_hundredth(b, expected):
    outcome = judgement("A is better than B on memory", exact("memory", a=100e6, b=b))
    assert outcome.state == expected
    assert outcome.why.endswith("], each ± 1 %")


def test_an_end_that_may_be_reached_is_not_passed():
    measured = frame("throughput", a=(9, 8, 10))
    assert state("A has at least 8 throughput", measured) == "supported"
    assert state("A has at least 10 throughput", measured) == "undecided"


def test_one_round_is_no_spread():
    measured = frame("throughput", a=(9, 9, 9), b=(5, 4, 6))
    outcome = judgement("A is better than B on throughput", measured)
    assert (outcome.state, outcome.why) == (
        "undecided",
        "throughput of A was timed in one round, so it has no range",
    )
