"""The grammar of claims."""

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.analysis.claims import FORMS, parse
from study.errors import SpecError
from tests.analysis.claim_frames import ARMS, SLOTS
from tests.catalogue import METRICS


def test_claims_are_read_without_pandas():
    heavy = "{'pandas', 'numpy', 'torch'}"
    code = f"import sys, study.spec.claims; sys.exit(bool({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


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
    numbers = [
        float(parts[slot].rstrip("x")) for slot in ("amount", "factor") if f"{{{slot}}}" in form
    ]
    assert numbers in ([], [claim.number])


@settings(deadline=None)
@given(st.lists(phrases, **several), st.sampled_from(list(FORMS)), parts)
def test_labels_full_of_keywords_read_back_to_the_same_sentence(labels, form, parts):
    claim = parse(form.format(arm=labels[0], other=labels[1], **parts), labels, METRICS)
    slots = {"arm": claim.arm, "other": claim.other, "metric": claim.metric}
    assert claim.form.format(**{**parts, **slots}) == claim.text


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


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_no_claim_is_told_with_what_was_meant(text, message):
    with pytest.raises(SpecError) as raised:
        parse(text, KNOWN, METRICS)
    assert message in str(raised.value)


def test_of_two_that_an_abbreviation_may_mean_none_is_guessed():
    with pytest.raises(SpecError, match=r'^unknown arm "DW" \(known: Depth-wise, Down\)$'):
        parse("DW ranks first on top1", ["Depth-wise", "Down"], METRICS)


def test_a_study_without_arms_has_no_claims():
    with pytest.raises(SpecError, match=r'unknown arm "A" \(there is none\)'):
        parse("A ranks first on top1", [], METRICS)
