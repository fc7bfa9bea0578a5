"""Qualities against scikit-learn's, or against a computation by hand."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn import metrics as reference

from study.tasks.classification import quality
from study.tasks.classification.multi_label_quality import MULTI_LABEL
from study.tasks.classification.quality import Predictions, qualities
from tests.catalogue import METRICS


def predictions(images: int, classes: int, *, seed: int = 0, skill: float = 1.0) -> Predictions:
    """Answers of a classifier of some skill, by outputs drawn at random."""
    draw = np.random.default_rng(seed)
    target = draw.integers(0, classes, images)
    outputs = draw.normal(size=(images, classes))
    outputs[np.arange(images), target] += skill
    shares = softmax(outputs, axis=1)
    top = np.argsort(-outputs, axis=1)[:, :5]
    loss = float(-log_softmax(outputs, axis=1)[np.arange(images), target].mean())
    return Predictions(loss, target, top, shares.max(1), shares)


CASES = [predictions(200, 10), predictions(50, 3, seed=1), predictions(30, 40, seed=2)]
KNOWN = {
    "top1": lambda p: reference.accuracy_score(p.target, p.top[:, 0]),
    "balanced_accuracy": lambda p: reference.recall_score(
        p.target, p.top[:, 0], average="macro", labels=np.unique(p.target), zero_division=0
    ),
    "macro_f1": lambda p: reference.f1_score(p.target, p.top[:, 0], average="macro"),
    "nll": lambda p: reference.log_loss(
        p.target, p.probabilities, labels=range(p.probabilities.shape[1])
    ),
    "auroc": lambda p: np.mean(
        [reference.roc_auc_score(p.target == n, p.probabilities[:, n]) for n in np.unique(p.target)]
    ),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.probabilities.shape))
@pytest.mark.parametrize("name", KNOWN)
def test_a_quality_is_that_of_scikit_learn(name, case):
    assert qualities(case)[name] == pytest.approx(KNOWN[name](case))


def test_every_quality_of_the_catalogue_has_a_function_of_predictions():
    names = {name for name, metric in METRICS.items() if metric.kind == "quality"}
    assert {*qualities(CASES[0]), *MULTI_LABEL} == names


def test_calibration_is_the_gap_of_accuracy_and_confidence_by_bin():
    # 0.6 right of two at confidence 0.8 and 0.5 right of two at 0.3.
    p = Predictions(
        0.0,
        np.array([0, 0, 0, 0]),
        np.array([[0], [1], [0], [1]]),
        np.array([0.8, 0.8, 0.3, 0.3]),
        None,
    )
    assert quality.ece(p) == pytest.approx((2 * abs(0.5 - 0.8) + 2 * abs(0.5 - 0.3)) / 4)


def test_a_sure_and_right_classifier_is_calibrated_and_perfect():
    sure = predictions(40, 4, skill=1000.0)
    values = qualities(sure)
    assert values["ece"] == pytest.approx(0, abs=1e-6)
    assert values["auroc"] == values["macro_f1"] == values["balanced_accuracy"] == 1


def test_without_probabilities_there_is_no_area():
    p = Predictions(1.0, np.array([0, 1]), np.array([[0], [0]]), np.array([0.5, 0.5]), None)
    assert quality.auroc(p) is None


def test_of_one_class_there_is_no_area():
    p = Predictions(1.0, np.array([0]), np.array([[0, 1]]), np.array([0.5]), np.array([[0.5, 0.5]]))
    assert quality.auroc(p) is None
