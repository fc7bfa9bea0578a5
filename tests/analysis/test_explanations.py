"""Why a printed cost is not the measured one."""

import pytest

from study.analysis import explanations
from study.analysis.explanations import Alternative
from study.api.request import StudyRequest
from study.spec.schema import Protocol
from study.spec.study import PublishedNumber
from tests.catalogue import METRICS

LITE = {"model.reduction": "{DW: depthwise, Avg: average}"}
STUDY = """\
question: Which stem was printed?
baseline:
  model: rest_lite
  data: {name: torch/imagenet, img_size: 224}
  recipe: smoke
factors:
  model.reduction: {DW: depthwise, Avg: average}
seeds: 0
columns: [params, macs]
"""


def printed(value):
    digits = len(str(value).partition(".")[2])
    return PublishedNumber(value, digits, "verified", None, Protocol())


@pytest.mark.parametrize(
    ("value", "matched"),
    [(10_508_300, False), (10_489_196, True), (10_494_999, True), (1e9, False)],
)
def test_a_cost_matches_when_it_rounds_to_what_was_printed(value, matched):
    assert explanations.matches(value * 1e-6, printed(10.49)) is matched


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """tried(metric=value, ...): what matches these numbers of ResT-Lite."""
    folder = tmp_path_factory.mktemp("reasons")
    (folder / "lite.yaml").write_text(STUDY)
    plan, store = StudyRequest(folder / "lite.yaml", None, (), folder / "results").plan()

    def matches(**numbers):
        rows = {plan.baseline.digest: {m: printed(v) for m, v in numbers.items()}}
        return explanations.cost_matches(plan, store, rows)

    return matches


@pytest.mark.heavy
def test_the_printed_costs_of_rest_lite_are_those_of_another_stem(tried):
    matches = tried(params=10.49, macs=1.4)
    assert [*explanations.best_alternatives(matches).values()] == [
        [Alternative("stem", "resnet", "conv+linear")]
    ]
    assert list(explanations.sentences(matches, METRICS)) == [
        "Params: 0 of 1 published values match the models unchanged; of the other 1, 1 match "
        "stem resnet (of 33 alternatives tried, 0.03 are expected to match as many random numbers "
        "of that precision).",
        "MACs: 0 of 1 published values match the models unchanged, under some counting rule; "
        "of the other 1, 1 match stem resnet, counting conv+linear (of 33 alternatives tried, 0.03 "
        "are expected to match as many random numbers of that precision).",
    ]


@pytest.mark.heavy
def test_the_model_as_it_is_needs_no_other_part(tried):
    matches = tried(params=10.51, macs=1.459)
    assert [*explanations.best_alternatives(matches).values()] == [
        [Alternative(rule="conv+linear")]
    ]
    assert all(
        "1 of 1 published values match" in sentence
        for sentence in explanations.sentences(matches, METRICS)
    )


@pytest.mark.heavy
def test_what_nothing_matches_has_no_reason(tried):
    matches = tried(params=99.99, macs=1.4)
    assert [*explanations.best_alternatives(matches).values()] == [[]]
    assert next(explanations.sentences(matches, METRICS)).endswith("match the models unchanged.")


def test_of_several_explanations_none_is_picked(tried):
    (guesses,) = explanations.best_alternatives(tried(params=10.49)).values()
    changes = {guess.change for guess in guesses}
    assert changes == {"stem resnet", "reduction average", "reduction maximum"}
    assert {guess.rule for guess in guesses} == {""}


def test_a_single_fit_of_one_decimal_is_no_explanation(tried):
    matches = tried(macs=1.4)
    for guesses in explanations.best_alternatives(matches).values():
        assert guesses
        assert not any(explanations.explains(matches, guess) for guess in guesses)
    assert next(explanations.sentences(matches, METRICS)).endswith(": not an explanation).")


def test_more_printed_costs_that_one_guess_fits_are_an_explanation(tried):
    matches = tried(params=10.49, macs=1.4)
    (guess,) = next(iter(explanations.best_alternatives(matches).values()))
    alone = tried(macs=1.4)
    assert explanations.expected_matches(matches, guess) < explanations.expected_matches(
        alone, guess
    )
    assert explanations.explains(matches, guess)
