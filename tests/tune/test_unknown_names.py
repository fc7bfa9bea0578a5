"""Categories of a tuned space that the task does not know are refused at their place."""

import pytest

from study.api import Study
from study.errors import SpecError


@pytest.mark.heavy
def test_a_misspelt_category_is_refused_before_anything_is_tuned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = {
        "question": "Is a schedule worth its tuning?",
        "baseline": {
            "model": "test_resnet",
            "data": {"name": "digits", "img_size": 32},
            "recipe": {"name": "smoke", "epochs": 2},
        },
        "factors": {"recipe.opt": ["adamw", "sgd"]},
        "seeds": 2,
        "tune": {"space": {"recipe.sched": ["cosine", "cosin"]}, "trials": 2},
        "columns": ["top1"],
    }
    with pytest.raises(SpecError, match=r'unknown recipe\.sched "cosin"'):
        Study.of("schedules", values).plan()
    values["tune"]["space"]["recipe.sched"] = ["cosine", "step"]
    assert len(Study.of("schedules", values).plan().tuning.arms) == 2
