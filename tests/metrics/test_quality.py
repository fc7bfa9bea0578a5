import numpy as np
import pytest
import torch
from sklearn.metrics import top_k_accuracy_score

from study.errors import MetricError
from study.metrics.quality import quality


def test_accuracies_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(200, 10)), rng.integers(10, size=200)
    taken = quality(targets, np.argsort(-scores)[:, :5])
    for k in (1, 5):
        assert taken[f"top{k}"] == top_k_accuracy_score(targets, scores, k=k)


def test_tensors_are_as_good_as_arrays():
    logits, targets = torch.eye(4), torch.tensor([0, 1, 3, 3])
    assert quality(targets, logits.topk(2).indices) == {"top1": 0.75}


def test_a_rank_that_was_not_stored_is_left_out():
    assert quality([1], [[0, 1, 2]], top=(1, 3, 5)) == {"top1": 0.0, "top3": 1.0}


@pytest.mark.parametrize(
    ("targets", "ranked"), [([], []), ([], np.zeros((0, 5))), ([1, 2], [[1]]), ([1], [1])]
)
def test_shapes_that_do_not_fit_are_refused(targets, ranked):
    with pytest.raises(MetricError, match="at least one image"):
        quality(targets, ranked)
