"""Whether two models answer the same is decided alike in single and in double precision."""

import pytest
import torch

from study.models import build, equivalence

SIZE = (3, 64, 64)


def rest(**arguments):
    shape = {"num_classes": 10, "in_chans": 3, "img_size": 64}
    return lambda device: build("test_rest", arguments, **shape, device=device)


@pytest.fixture(params=["large", "small"])
def precisions(request, monkeypatch):
    """The precisions that models are run in, one entry for each run."""
    if request.param == "large":
        monkeypatch.setattr(equivalence, "LARGE", 0)
    seen, answers = [], equivalence.model_outputs
    monkeypatch.setattr(
        equivalence, "model_outputs", lambda *words: (seen.append(words[2]), answers(*words))[1]
    )
    return seen


def test_a_switch_that_does_nothing_is_told_from_one_that_acts(precisions):
    assert equivalence.equivalent(rest(), rest(drop_rate=0.0), SIZE)
    assert not equivalence.equivalent(rest(), rest(drop_path_rate=0.5), SIZE)
    assert not equivalence.equivalent(rest(), rest(reduction="average"), SIZE)
    assert len({*precisions}) == 1  # clear cases need no second precision


def test_what_could_be_rounding_is_decided_in_double_precision(precisions, monkeypatch):
    def shifted(device):
        model = rest()(device)
        model.register_forward_hook(lambda module, images, out: out * (1 + 1e-6))
        return model

    assert not equivalence.equivalent(rest(), shifted, SIZE)
    assert precisions[-1] == torch.float64
