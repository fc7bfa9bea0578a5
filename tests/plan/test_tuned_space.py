"""A tuned space is checked in the arms of its study, before anything is tuned."""

import pytest

from study.api import Study
from study.errors import SpecError

MOMENTUM = {"low": 0.5, "high": 0.95}
RATE = {"low": 1e-3, "high": 1e-1, "log": True}

pytestmark = pytest.mark.heavy  # torch computes the updates of every optimizer


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Plans of one store, so that the updates of an optimizer are computed once."""
    folder = tmp_path_factory.mktemp("spaces")

    def plan(space, **recipe):
        values = {
            "question": "Is an optimizer worth its tuning?",
            "baseline": {
                "model": "test_resnet",
                "data": {"name": "digits", "img_size": 32},
                "recipe": {"name": "smoke", "epochs": 2, **recipe},
            },
            "factors": {"recipe.opt": ["adamw", "sgd"]},
            "seeds": 2,
            "tune": {"space": space, "trials": 2},
            "columns": ["top1"],
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            return Study.of("optimizers", values).plan()

    return plan


def test_a_category_that_the_task_does_not_know_is_refused_at_its_place(planned):
    with pytest.raises(SpecError, match=r'unknown recipe\.sched "cosin"'):
        planned({"recipe.sched": ["cosine", "cosin"]})
    assert len(planned({"recipe.sched": ["cosine", "step"]}).tuning.arms) == 2


def test_a_key_that_another_one_switches_off_in_every_arm_is_refused_at_its_place(planned):
    space = {"recipe.lr": RATE, "recipe.mixup_prob": {"low": 0.1, "high": 0.9}}
    with pytest.raises(SpecError) as error:
        planned(space, mixup=0.0, cutmix=0.0)
    assert '"recipe.mixup_prob" changes nothing in any arm' in str(error.value)
    assert "recipe.lr" not in str(error.value).splitlines()[0]
    assert "1 error" in str(error.value)


def test_a_key_that_another_tuned_key_switches_on_is_not_refused(planned):
    space = {"recipe.mixup": [0.0, 0.8], "recipe.mixup_prob": {"low": 0.1, "high": 0.9}}
    plan = planned(space, mixup=0.0, cutmix=0.0)
    assert not [note for note in plan.notes if "changes nothing" in note]


def test_a_key_without_effect_in_some_arms_is_noted_with_their_names(planned):
    plan = planned({"recipe.lr": RATE, "recipe.momentum": MOMENTUM})
    note = "tuning: recipe.momentum changes nothing in adamw: fewer keys are tuned there"
    assert note in plan.notes


def test_an_arm_in_which_nothing_that_is_tuned_has_an_effect_is_refused_by_name(planned):
    with pytest.raises(SpecError, match="all proposals of adamw compute the same"):
        planned({"recipe.momentum": MOMENTUM})
