"""Claims about ranks, and the reason that each form of claim gives."""

from itertools import product

import pandas as pd
import pytest

from study.analysis.claims import FORMS
from tests.analysis.claim_frames import SLOTS, TWO, exact, frame, judgement

KINDS = ("macs", "top1", "loss", "throughput", "memory")
SAYINGS = [form.format(metric=name, **SLOTS) for form in FORMS for name in KINDS]


# ---- ranks ----


@pytest.mark.parametrize("counts", list(product([1, 2, 3], repeat=3)), ids=str)
def test_a_rank_is_that_of_strictly_sorted_counts(counts):
    measured = exact("macs", a=counts[0], b=counts[1], c=counts[2])
    best = sum(other < counts[0] for other in counts[1:])
    tied = counts.count(counts[0]) > 1
    for place, word in enumerate(["first", "2nd", "last"]):
        outcome = judgement(f"A ranks {word} on macs", measured)
        assert outcome.state == ("supported" if place == best and not tied else "contradicted")
        assert ("ties with" in outcome.why) == tied


CLEAR, NEAR = [0.90, 0.91, 0.89], [0.9001, 0.9105, 0.8895]


@pytest.mark.parametrize(
    ("rank", "expected", "why"),
    [
        ("first", "undecided", "place 1 to 2 of 3: undecided against C, −0.00"),
        ("2nd", "undecided", "place 1 to 2 of 3: undecided against C, −0.00"),
        ("3rd", "contradicted", "place 1 to 2 of 3: ahead of B, +40.00 pp ["),
        ("last", "contradicted", "place 1 to 2 of 3: ahead of B, +40.00 pp ["),
        ("4th", "contradicted", "there are 3 arms"),
    ],
)
def test_a_rank_is_open_while_a_neighbour_is(rank, expected, why):
    measured = frame("top1", a=CLEAR, b=[0.5, 0.52, 0.48], c=NEAR)
    outcome = judgement(f"A ranks {rank} on top1", measured)
    assert outcome.state == expected
    assert outcome.why.startswith(why)


def test_a_rank_is_contradicted_only_by_what_holds_of_all_together():
    behind = frame("top1", a=[0.80, 0.80, 0.80], b=[0.8015, 0.802, 0.8026])
    level = [value - 0.3 for value in (0.8, 0.81, 0.79)]
    assert judgement("A ranks first on top1", behind, TWO).state == "contradicted"
    several = pd.concat([behind, frame("top1", c=level, d=level, e=level)])
    outcome = judgement("A ranks first on top1", several, {arm.upper(): arm for arm in "abcde"})
    assert outcome.state == "undecided"
    assert outcome.why.startswith("place 1 to 2 of 5: undecided against B, −0.20 pp [")
    assert "3 pairs at 98.75 %" in outcome.why


def test_an_open_rank_names_who_keeps_it_open():
    near = [value - lead for value, lead in zip(CLEAR, [0.001, 0.0011, 0.0012], strict=True)]
    outcome = judgement("A ranks first on top1", frame("top1", a=CLEAR, b=near, c=[0.5, 0.99, 0.7]))
    assert outcome.why.startswith("place 1 to 2 of 3: undecided against C, +17.00 pp [")


def test_a_decided_rank_names_its_neighbour():
    measured = frame("top1", a=[0.90, 0.91, 0.89], b=[0.5, 0.52, 0.48], c=[0.70, 0.72, 0.69])
    outcome = judgement("C ranks 2nd on top1", measured)
    assert outcome.state == "supported"
    assert outcome.why.startswith("place 2 of 3: behind A, −19.67 pp [")


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
    outcome = judgement("A ranks first on macs", exact("macs", a=1), {"A": "a", "baseline": "a"})
    assert (outcome.state, outcome.why) == ("undecided", "there is no other arm")


# ---- what is said ----


@pytest.mark.heavy
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
    outcome = judgement(text, measured, TWO)
    assert outcome.state in ("supported", "contradicted", "undecided")
    assert any(character.isdigit() for character in outcome.why)


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
