"""Qualities of images with several labels against scikit-learn's."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn import metrics as reference

from study.tasks.classification import multi_label_quality
from study.tasks.classification.multi_label_quality import MULTI_LABEL, MultiLabelPredictions
from study.tasks.classification.multi_label_quality import measured as qualities


def predictions(images: int, classes: int, *, ties: bool = False) -> MultiLabelPredictions:
    """Answers of some skill by logits drawn at random; with `ties` many of them are equal."""
    draw = np.random.default_rng(classes)
    target = draw.random((images, classes)) < 0.3
    logits = draw.normal(-0.5, 1, (images, classes)) + target
    logits = (logits.round() if ties else logits).astype(np.float32)
    loss = reference.log_loss(target.ravel(), expit(logits.astype(float)).ravel())
    return MultiLabelPredictions(loss, target, logits)


CASES = [predictions(200, 6), predictions(40, 15), predictions(60, 5, ties=True)]
KNOWN = {
    "map": lambda p: reference.average_precision_score(p.target, p.logits, average="macro"),
    "micro_f1": lambda p: reference.f1_score(p.target, p.logits >= 0, average="micro"),
    "macro_f1": lambda p: reference.f1_score(p.target, p.logits >= 0, average="macro"),
    "auroc": lambda p: reference.roc_auc_score(p.target, p.logits, average="macro"),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.logits.shape))
@pytest.mark.parametrize("name", KNOWN)
def test_a_quality_is_that_of_scikit_learn(name, case):
    assert qualities(case)[name] == pytest.approx(KNOWN[name](case))


def test_a_class_without_an_image_is_left_out():
    p = predictions(80, 6)
    target, logits = p.target.copy(), p.logits.copy()
    target[:, 2], logits[:, 2] = False, -5
    whole = qualities(MultiLabelPredictions(0.0, target, logits))
    rest = [0, 1, 3, 4, 5]
    assert whole["map"] == pytest.approx(KNOWN["map"](p) * 6 / 5 - _ap(p, 2) / 5)
    part = qualities(MultiLabelPredictions(0.0, target[:, rest], logits[:, rest]))
    for name in ("map", "macro_f1", "auroc"):
        assert whole[name] == pytest.approx(part[name])


def _ap(p: MultiLabelPredictions, number: int) -> float:
    return reference.average_precision_score(p.target[:, number], p.logits[:, number])


def test_outputs_that_are_not_finite_have_no_quality():
    p = predictions(20, 3)
    p.logits[0, 0] = np.nan
    values = qualities(p)
    assert values.keys() == MULTI_LABEL.keys()
    assert {values[name] for name in ("map", "micro_f1", "macro_f1", "auroc")} == {None}


def test_images_without_any_label_have_no_mean(monkeypatch):
    p = predictions(20, 3)
    none = MultiLabelPredictions(0.0, np.zeros_like(p.target), p.logits)
    assert (qualities(none)["map"], qualities(none)["auroc"]) == (None, None)
    monkeypatch.setattr(multi_label_quality, "STORED", 10)
    assert none.stored == {}
