"""Metrics that a study names are told apart from labels of the same letters."""

import pytest

from study.tasks.classification.plan.qualities import problems
from tests.spec.study_files import load_file

STUDY = """\
question: Does smoothing help?
baseline: {model: test_resnet, data: digits, recipe: smoke}
factors:
  recipe.smoothing: {none: 0.0, map: 0.1}
columns: [params, top1]
"""


def messages(tmp_path, claim):
    file = load_file(tmp_path, f'{STUDY}claims: ["{claim}"]\n')
    assert not file.problems
    return [problem.message for problem in problems(file.study, file.places)]


@pytest.mark.parametrize("claim", ["map is better than none on top1", "map ranks first on top5"])
def test_a_label_is_not_taken_for_a_metric(tmp_path, claim):
    assert messages(tmp_path, claim) == []


@pytest.mark.parametrize(
    "claim", ["map is better than none on map", "none ranks first on micro_f1"]
)
def test_the_metric_of_a_claim_is_one_that_its_images_have(tmp_path, claim):
    (message,) = messages(tmp_path, claim)
    assert message.startswith(f"{claim.split()[-1]}: it is of images with several labels")


def test_a_sentence_that_is_no_claim_is_left_to_the_check_of_claims(tmp_path):
    assert messages(tmp_path, "map is map") == []
