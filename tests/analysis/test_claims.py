"""The grammar of claims, and what is said of them against independent computations."""

import math
import subprocess
import sys
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from study.analysis import claims
from study.analysis.claim_forms import amount
from study.analysis.claims import FORMS, evaluated, parse
from study.errors import SpecError
from study.metrics import METRICS
from study.plan.label_checks import other_unit
from study.stats import holm
from study.store.timing_records import RatioRecord

TWO = {"A": "a", "B": "b"}
ARMS = {"A": "a", "B": "b", "C": "c", "also A": "a"}
SLOTS = {"arm": "A", "other": "B", "amount": "0.5", "factor": "1.1x", "place": "2nd"}
KINDS = ("macs", "top1", "loss", "throughput", "memory")
SAYINGS = [form.format(metric=name, **SLOTS) for form in FORMS for name in KINDS]


def frame(metric, **arms):
    """A list is of seeds 0, 1, ...; a tuple is (value, low, high) without a seed."""
    rows = []
    for arm, values in arms.items():
        if isinstance(values, list):
            rows += [(arm, seed, metric, v, None, None) for seed, v in enumerate(values)]
        else:
            rows.append((arm, None, metric, *values))
    made = pd.DataFrame(rows, columns=["arm", "seed", "metric", "value", "low", "high"])
    return made.astype({"seed": "Int64", "value": float, "low": float, "high": float})


def exact(metric, **counts):
    return frame(metric, **{arm: (count, None, None) for arm, count in counts.items()})


def judgement(text, measured, arms=ARMS):
    return evaluated(parse(text, arms, METRICS), measured, arms)


def state(text, measured):
    """Of three arms, none of which is missing in what is measured."""
    return judgement(text, measured, {arm.upper(): arm for arm in set(measured["arm"])}).state


def test_claims_are_read_without_pandas():
    heavy = "{'pandas', 'numpy', 'torch'}"
    code = f"import sys, study.spec.claims; sys.exit(bool({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# ---- the grammar ----

NASTY = [
    "A",
    "A + B",
    "better than B on top1",
    "1-1-1-1 (MSA)",
    "1-1-1-1",
    "w/o Conv-1x1 & IN",
    "w/o IN",
    "has at most 2x",
    "of",
    "the",
    ".*",
    "on macs by 3",
    "A  ",
    " A",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("arm", NASTY)
def test_labels_may_hold_any_word(form, arm):
    others = [label for label in NASTY if label != arm]
    for other in others:
        claim = parse(
            form.format(**{**SLOTS, "arm": arm, "other": other}, metric="top1"), NASTY, METRICS
        )
        assert (claim.form, claim.arm, claim.other) == (
            form,
            arm,
            other if "{other}" in form else "",
        )


def test_a_longer_label_gives_way_where_only_a_shorter_one_fits():
    labels = ["A", "A is better than B", "B is better than C"]
    claim = parse("A is better than B is better than C on top1", labels, METRICS)
    assert (claim.arm, claim.other) == ("A", "B is better than C")


KEYWORDS = {word for form in FORMS for word in form.split()}
words = st.sampled_from(["A", "B", "is", "has", "of", "than", "on", "by", "better", "top1", "2x"])
phrases = st.lists(words, min_size=1, max_size=4).map(" ".join)
texts = st.text(min_size=1).filter(lambda text: not {*text.lower().split()} & KEYWORDS)
parts = st.fixed_dictionaries(
    {
        "metric": st.sampled_from([*METRICS, "top1@96"]),
        "amount": st.decimals(0, 1000, places=2).map(str),
        "factor": st.decimals(0, 1000, places=2).map("{}x".format),
        "place": st.sampled_from(["first", "LAST", "2nd", "3rd", "14th"]),
    }
)
several = {"min_size": 2, "max_size": 5, "unique": True}


@settings(deadline=None)
@given(st.lists(texts, **several), st.sampled_from(list(FORMS)), parts)
def test_a_claim_reads_back_to_its_parts(labels, form, parts):
    slots = {"arm": labels[0], "other": labels[1], **parts}
    claim = parse(form.format(**slots), labels[::-1], METRICS)
    assert (claim.form, claim.arm, claim.metric) == (form, labels[0], parts["metric"])
    assert claim.other == (labels[1] if "{other}" in form else "")
    said = [
        float(parts[slot].rstrip("x")) for slot in ("amount", "factor") if f"{{{slot}}}" in form
    ]
    assert said in ([], [claim.number])


@settings(deadline=None)
@given(st.lists(phrases, **several), st.sampled_from(list(FORMS)), parts)
def test_labels_full_of_keywords_read_back_to_the_same_sentence(labels, form, parts):
    claim = parse(form.format(arm=labels[0], other=labels[1], **parts), labels, METRICS)
    said = {"arm": claim.arm, "other": claim.other, "metric": claim.metric}
    assert claim.form.format(**{**parts, **said}) == claim.text


def test_keywords_are_of_any_case_and_space_is_free():
    claim = parse("  A IS  worse Than B\nON top1@96 by At Least 0.24pp ", ARMS, METRICS)
    assert (claim.arm, claim.other, claim.metric, claim.number) == ("A", "B", "top1@96", 0.24)


@pytest.mark.parametrize(
    ("place", "number"), [("first", 1), ("1st", 1), ("12th", 12), ("LAST", math.inf)]
)
def test_places_are_counted_from_one(place, number):
    assert parse(f"A ranks {place} on macs", ARMS, METRICS).number == number


@pytest.mark.parametrize(
    "text",
    [
        "A has at most 2.5 M params",
        "A has at most 70 % top1",
        "A has at least 70% top1",
        "A is within 0.3 pp of B on top1",
        "A is better than B on memory by 3MB",
        "A is better than B on throughput by 20 images/s",
        "A has at most 0.5 nats loss",
    ],
)
def test_the_unit_of_the_table_may_be_said(text):
    assert parse(text, ARMS, METRICS).text == text


KNOWN = ["Depth-wise Conv2d", "Average Pooling", "Max Pooling"]
WRONG = {
    "Avg is worse than Max Pooling on top1": 'unknown arm "Avg"; did you mean "Average Pooling"?',
    "Max Pooling is worse than Average Poling on top1": 'did you mean "Average Pooling"?',
    "P ranks first on macs": 'unknown arm "P" (known: Average Pooling, Depth-wise Conv2d, Max',
    "Max Pooling ranks first on topp1": 'unknown metric "topp1"; did you mean "top1"?',
    "Max Pooling ranks first on macs@96": 'unknown metric "macs@96"; did you mean "macs"?',
    "Max Pooling ranks second on top1": '"second" is not a place, such as first, 2nd or last',
    "Max Pooling ranks 0th on top1": '"0th" is not a place',
    "Max Pooling is better than Max Pooling on top1": '"Max Pooling" is compared with itself',
    "Max Pooling has less macs than Max Pooling": '"Max Pooling" is compared with itself',
    "Max Pooling has at most -2 macs": '"-2" is not a number of 0 or more',
    "Max Pooling has at most 0,2 macs": '"0,2" is not a number of 0 or more',
    f"Max Pooling has at most 1{'0' * 309} macs": "is not a number of 0 or more",
    "Max Pooling has at most twox the macs of Average Pooling": '"two" is not a number',
    "Max Pooling is within 1 % of Average Pooling on top1": 'top1 is in pp here, not in "%"',
    "Max Pooling has at most 2 k params": 'params is in M here, not in "k"',
    "Max Pooling has at most 2 pp top1": 'top1 is in % here, not in "pp"',
    "Max Pooling is beter than Average Pooling on macs": 'not a claim: "Max Pooling is beter than '
    'Average Pooling on macs" (unknown word "beter"), such as: A is better than B on macs',
    "Max Pooling has at most 2 the macs of Average Pooling": "such as: A has at most 1.1x the macs",
    "we win": '(unknown word "we"), such as: A is worse than B on top1 by 0.24',
    "": 'not a claim: "", such as: A is worse than B on top1 by 0.24',
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_no_claim_is_told_with_what_was_meant(text, said):
    with pytest.raises(SpecError) as raised:
        parse(text, KNOWN, METRICS)
    assert said in str(raised.value)


def test_of_two_that_an_abbreviation_may_mean_none_is_guessed():
    with pytest.raises(SpecError, match=r'^unknown arm "DW" \(known: Depth-wise, Down\)$'):
        parse("DW ranks first on top1", ["Depth-wise", "Down"], METRICS)


def test_a_study_without_arms_has_no_claims():
    with pytest.raises(SpecError, match=r'unknown arm "A" \(known: \)'):
        parse("A ranks first on top1", [], METRICS)


# ---- quality: the t interval, computed apart ----

NAN = math.nan


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


@pytest.mark.parametrize(("text", "span"), SPANS.items(), ids=SPANS)
def test_a_claim_of_quality_is_judged_by_the_interval_of_its_pairs(text, span, chance):
    of, low, high = span
    seen = set()
    for _ in range(40):
        b = chance.normal(70, 1.0, 4)
        a = b + chance.uniform(-3, 3) + chance.normal(0, 0.1, 4)
        found = state(text, frame("top1", a=list(a / 100), b=list(b / 100)))
        assert found == expected(of(a, b), low, high)
        seen.add(found)
    assert len(seen) == 3


def test_what_is_true_is_seldom_contradicted_and_what_is_not_seldom_supported(chance):
    """On the edge of truth each happens in one of forty."""
    found = []
    for _ in range(400):
        difference = chance.normal(0.01, 0.003, 5)
        measured = frame("top1", a=list(0.7 + difference), b=[0.7] * 5)
        found.append(state("A is better than B on top1 by 1", measured))
    assert 0 < found.count("supported") < 24
    assert 0 < found.count("contradicted") < 24


def test_pairs_are_made_by_seed():
    measured = frame("top1", a=[0.71, 0.81, 0.62], b=[0.7, 0.8, 0.6, 0.1])
    found = judgement("A is better than B on top1", measured.sample(frac=1, random_state=0))
    low, high = reference.ttest_1samp([1, 1, 2], 0).confidence_interval()
    shown = f"+1.33 pp [{low:.2f}, {high:.2f}], 3 pairs".replace("-", "−")
    assert found.why == f"{shown}, 4 seeds in total are needed (80 % power)"


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
    "both diverged": (frame("top1", a=[NAN, 0.7], b=[0.6, NAN]), "A and B diverged"),
    "hopeless": (
        frame("top1", a=[0.7, 0.6], b=[0.6, 0.7001]),
        "more than 1000 seeds in total are needed",
    ),
}


@pytest.mark.parametrize(("measured", "why"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_told_is_undecided_and_says_why(measured, why):
    found = judgement("A is better than B on top1", measured)
    assert found.state == "undecided"
    assert why in found.why


@pytest.mark.parametrize(
    ("text", "found"),
    {
        "A is worse than B on {m}": "supported",
        "B is better than A on {m}": "supported",
        "A is better than B on {m} by 1": "contradicted",
        "A is worse than B on {m} by 1": "undecided",
        "A is within 1 of B on {m}": "undecided",
        "A ranks last on {m}": "supported",
        "A has at most 1 {m}": "undecided",
    }.items(),
)
@pytest.mark.parametrize("metric", ["top1", "loss"])
def test_what_diverged_is_worse_by_no_known_amount(text, found, metric):
    told = judgement(text.format(m=metric), frame(metric, a=[0.9, NAN], b=[0.1, 0.2]), TWO)
    assert told.state == found
    assert "A diverged" in told.why


@pytest.mark.parametrize(("metric", "found"), [("top1", "contradicted"), ("loss", "undecided")])
def test_what_diverged_is_on_the_worse_side_of_a_ratio(metric, found):
    measured = frame(metric, a=[0.9, NAN], b=[0.1, 0.2])
    assert state(f"A has at least 2x the {metric} of B", measured) == found


# ---- costs ----


@pytest.mark.parametrize(
    ("text", "found"),
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
def test_counts_are_compared_as_they_are(text, found):
    measured = exact("params", a=2_520_000, b=2_100_000)
    assert state(text, measured) == found


def test_equal_counts_are_neither_better_nor_worse():
    measured = exact("macs", a=31e6, b=31e6)
    assert {state(f"A is {word} than B on macs", measured) for word in ("better", "worse")} == {
        "contradicted"
    }
    assert state("A is worse than B on macs by at most 1", measured) == "contradicted"
    assert state("A is within 0 of B on macs", measured) == "supported"
    assert (
        judgement("A ranks 2nd on macs", measured, TWO).why
        == "place 1 to 2 of 2: ties with B, 0.000 G"
    )


def test_a_count_may_equal_what_was_written_of_it():
    for millions in range(1, 4000):
        claim = parse(f"A has at most {millions / 1000} macs", ["A"], METRICS)
        assert amount(claim) == millions * 10**6


def test_a_cost_that_was_refused_is_not_measured():
    found = judgement("A has less macs than B", exact("macs", a=NAN, b=1))
    assert (found.state, found.why) == ("undecided", "macs of A is not measured")


def test_a_count_has_no_multiple_of_zero():
    found = judgement("A has at most 2x the macs_matmul of B", exact("macs_matmul", a=1, b=0))
    assert (found.state, found.why) == (
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
        found = state(TIMED[claim], measured)
        assert found == (
            "undecided" if len(all_of) > 1 else "supported" if True in all_of else "contradicted"
        )
        seen.add(found)
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("b", "found"), [(102.1e6, "supported"), (101.9e6, "undecided"), (97e6, "contradicted")]
)
def test_a_peak_is_known_to_a_hundredth(b, found):
    told = judgement("A is better than B on memory", exact("memory", a=100e6, b=b))
    assert told.state == found
    assert told.why.endswith("], each ± 1 %")


def test_an_end_that_may_be_reached_is_not_passed():
    measured = frame("throughput", a=(9, 8, 10))
    assert state("A has at least 8 throughput", measured) == "supported"
    assert state("A has at least 10 throughput", measured) == "undecided"


def test_one_round_is_no_spread():
    measured = frame("throughput", a=(9, 9, 9), b=(5, 4, 6))
    found = judgement("A is better than B on throughput", measured)
    assert (found.state, found.why) == (
        "undecided",
        "throughput of A was timed in one round, so it has no range",
    )


# ---- ranks ----


@pytest.mark.parametrize("counts", list(product([1, 2, 3], repeat=3)), ids=str)
def test_a_rank_is_that_of_strictly_sorted_counts(counts):
    measured = exact("macs", a=counts[0], b=counts[1], c=counts[2])
    best = sum(other < counts[0] for other in counts[1:])
    tied = counts.count(counts[0]) > 1
    for place, word in enumerate(["first", "2nd", "last"]):
        found = judgement(f"A ranks {word} on macs", measured)
        assert found.state == ("supported" if place == best and not tied else "contradicted")
        assert ("ties with" in found.why) == tied


CLEAR, NEAR = [0.90, 0.91, 0.89], [0.9001, 0.9105, 0.8895]


@pytest.mark.parametrize(
    ("rank", "found", "why"),
    [
        ("first", "undecided", "place 1 to 2 of 3: undecided against C, −0.00"),
        ("2nd", "undecided", "place 1 to 2 of 3: undecided against C, −0.00"),
        ("3rd", "contradicted", "place 1 to 2 of 3: ahead of B, +40.00 pp ["),
        ("last", "contradicted", "place 1 to 2 of 3: ahead of B, +40.00 pp ["),
        ("4th", "contradicted", "there are 3 arms"),
    ],
)
def test_a_rank_is_open_while_a_neighbour_is(rank, found, why):
    measured = frame("top1", a=CLEAR, b=[0.5, 0.52, 0.48], c=NEAR)
    told = judgement(f"A ranks {rank} on top1", measured)
    assert told.state == found
    assert told.why.startswith(why)


def test_a_rank_is_contradicted_only_by_what_holds_of_all_together():
    behind = frame("top1", a=[0.80, 0.80, 0.80], b=[0.8015, 0.802, 0.8026])
    level = [value - 0.3 for value in (0.8, 0.81, 0.79)]
    assert judgement("A ranks first on top1", behind, TWO).state == "contradicted"
    several = pd.concat([behind, frame("top1", c=level, d=level, e=level)])
    told = judgement("A ranks first on top1", several, {arm.upper(): arm for arm in "abcde"})
    assert told.state == "undecided"
    assert told.why.startswith("place 1 to 2 of 5: undecided against B, −0.20 pp [")
    assert "3 pairs at 98.75 %" in told.why


def test_an_open_rank_names_who_keeps_it_open():
    near = [value - lead for value, lead in zip(CLEAR, [0.001, 0.0011, 0.0012], strict=True)]
    told = judgement("A ranks first on top1", frame("top1", a=CLEAR, b=near, c=[0.5, 0.99, 0.7]))
    assert told.why.startswith("place 1 to 2 of 3: undecided against C, +17.00 pp [")


def test_a_decided_rank_names_its_neighbour():
    measured = frame("top1", a=[0.90, 0.91, 0.89], b=[0.5, 0.52, 0.48], c=[0.70, 0.72, 0.69])
    told = judgement("C ranks 2nd on top1", measured)
    assert told.state == "supported"
    assert told.why.startswith("place 2 of 3: behind A, −19.67 pp [")


def test_an_arm_that_is_missing_leaves_ranks_open_until_they_are_impossible():
    measured = exact("macs", a=1, b=2)
    assert judgement("A ranks first on macs", measured).state == "undecided"
    assert judgement("A ranks last on macs", measured).state == "contradicted"
    assert judgement("C ranks last on macs", measured).why.endswith("macs of C is not measured")


def test_an_arm_of_two_names_is_one_arm():
    measured = exact("macs", a=1, b=2, c=3)
    assert judgement("also A ranks first on macs", measured).state == "supported"
    assert judgement("B ranks 4th on macs", measured).why == "there are 3 arms"


def test_an_arm_alone_has_no_rank():
    found = judgement("A ranks first on macs", exact("macs", a=1), {"A": "a", "baseline": "a"})
    assert (found.state, found.why) == ("undecided", "there is no other arm")


# ---- what is said ----


@pytest.mark.parametrize("text", SAYINGS)
def test_every_form_judges_every_kind_of_metric(text):
    measured = pd.concat(
        [
            exact("macs", a=2e9, b=1e9),
            frame("top1", a=[0.8, 0.9], b=[0.7, 0.75]),
            frame("loss", a=[0.8, 0.9], b=[0.7, 0.75]),
            frame("throughput", a=(9, 8, 10), b=(5, 4, 6)),
            exact("memory", a=2e6, b=1e6),
        ]
    )
    found = judgement(text, measured, TWO)
    assert found.state in ("supported", "contradicted", "undecided")
    assert any(character.isdigit() for character in found.why)


@pytest.mark.parametrize(
    ("text", "measured", "why"),
    [
        ("A has less macs than B", exact("macs", a=1.4e9, b=1.5e9), "−0.100 G"),
        ("A has less macs than B", exact("macs", a=1.4e9, b=1.4e9 + 1e3), "−0.000001 G"),
        ("A has at most 1.1x the macs of B", exact("macs", a=1.21e9, b=1.12e9), "1.08x"),
        ("A has at most 1.1x the macs of B", exact("macs", a=1.1001e9, b=1e9), "1.1001x"),
        ("A has at most 2 params", exact("params", a=1.5e6), "1.50 M"),
        (
            "A is better than B on throughput",
            frame("throughput", a=(9, 8, 11), b=(5, 4, 6)),
            "+4 images/s [2, 7], over all rounds",
        ),
        ("A is worse than also A on macs", exact("macs", a=1), "A and also A are the same arm"),
    ],
)
def test_the_reason_has_the_numbers_in_units_of_the_table(text, measured, why):
    assert judgement(text, measured).why == why


# ---- a study's claims together ----


def family(texts, measured, **more):
    labels = {arm: arm for arm in dict.fromkeys(measured["arm"])}
    return claims.family([parse(text, labels, METRICS) for text in texts], measured, labels, **more)


def test_the_only_claim_of_a_study_is_judged_at_95_per_cent():
    measured = frame("top1", A=[0.71, 0.72, 0.73], B=[0.60, 0.62, 0.61])
    (found,) = family(["A is better than B on top1"], measured)
    alone = judgement("A is better than B on top1", measured, {"A": "A", "B": "B"})
    assert (found.state, found.why, found.tests) == (alone.state, alone.why, 1)
    assert "at 9" not in found.why


def test_claims_are_decided_where_holm_rejects():
    chance, words = np.random.default_rng(3), []
    for _ in range(20):
        arms = {f"a{n}": list(chance.normal(0.7 + 0.004 * n, 0.004, 5)) for n in range(5)}
        texts = [f"a{n} is better than a0 on top1" for n in range(1, 5)]
        found = family(texts, frame("top1", **arms))
        p = [reference.ttest_rel(arms[f"a{n}"], arms["a0"]).pvalue for n in range(1, 5)]
        corrected = holm(np.array(p))
        assert [one.state != "undecided" for one in found] == list(corrected <= 0.05)
        words += [one.state for one in found]
    assert {"supported", "undecided"} <= {*words}


def test_costs_are_exact_and_count_for_nothing():
    both = pd.concat(
        [frame("top1", A=[0.71, 0.72, 0.73], B=[0.6, 0.62, 0.61]), exact("macs", A=1e9, B=2e9)]
    )
    quality, cost = family(["A is better than B on top1", "A has less macs than B"], both)
    assert (quality.tests, cost.tests) == (1, 0)
    assert cost.state == "supported"


def test_ratios_of_timings_are_of_the_family_and_single_timings_are_not():
    measured = frame("throughput", A=(110, 105, 112), B=(100, 90, 120))
    texts = ["A is better than B on throughput", "A has at least 100 throughput"]
    assert [one.tests for one in family(texts, measured)] == [0, 0]
    ratio = RatioRecord(value=1.1, low=1.001, high=1.2)
    measured.attrs |= {"baseline": "B", "ratios": {("A", "throughput"): ratio}}
    together, alone = family(texts, measured, other_tests=9)
    assert (together.tests, alone.tests) == (10, 0)
    assert (together.state, alone.state) == ("undecided", "supported")
    assert "by the ratio at 99.5 %" in together.why


def test_a_claim_that_cannot_be_judged_yet_counts():
    measured = frame("top1", A=[0.71, 0.72, 0.73], B=[0.60, 0.62, 0.61], C=[0.5])
    found = family(["A is better than B on top1", "C is better than B on top1"], measured)
    assert [one.tests for one in found] == [2, 2]
    assert "at 97.5 %" in found[0].why


EQUALLY = (
    "{} is better than a0 on top1",
    "{} is worse than {} on top1",
    "{} is within 0 of a0 on top1",
)


@pytest.mark.parametrize("forms", [pytest.param(EQUALLY[:1], marks=pytest.mark.slow), EQUALLY])
def test_of_20_claims_about_equal_arms_few_studies_decide_any(forms):
    chance, alone, together = np.random.default_rng(0), 0, 0
    arms = [f"a{n}" for n in range(21)]
    texts = [forms[n % len(forms)].format(arms[n], arms[n - 1]) for n in range(1, 21)]
    texts[-1] = "a20 ranks first on top1"
    for _ in range(25):
        measured = frame("top1", **{arm: list(chance.normal(0.7, 0.01, 5)) for arm in arms})
        together += any(one.state != "undecided" for one in family(texts, measured))
        labels = dict(zip(arms, arms, strict=True))
        alone += any(judgement(text, measured, labels).state != "undecided" for text in texts)
    print(f"{alone} alone, {together} together, of 25")
    assert alone >= 6
    assert together <= 3


# ---- published numbers in another unit ----


@pytest.mark.parametrize(
    ("metric", "printed", "here", "said"),
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
def test_a_printed_number_in_another_unit_is_noted(metric, printed, here, said):
    found = other_unit(metric, printed, here)
    assert said in found
    assert bool(found) == bool(said)
