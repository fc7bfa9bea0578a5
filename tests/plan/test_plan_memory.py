"""`benchmarks/plan_memory.py` measures what a plan needs."""

import pytest

from benchmarks.plan_memory import ALLOWED, GB, measured


@pytest.mark.slow
def test_the_memory_of_a_plan_is_measured_in_a_process_of_its_own():
    record = measured("resnet18")
    assert record.keys() >= {"peak", "weights", "seconds"}, record
    assert 0 < record["weights"] < record["peak"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vit_giant_patch14_reg4_dinov2", "maxvit_xlarge_tf_512"])
def test_a_plan_of_the_largest_models_takes_less_memory_than_the_docs_say(name):
    record = measured(name)
    assert not record.get("refused"), record
    assert record["peak"] < ALLOWED * GB


@pytest.mark.slow
def test_a_model_that_does_not_exist_is_a_row_of_its_own():
    assert "error" in measured("nonesuch")
