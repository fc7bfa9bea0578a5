"""`benchmarks/plan_memory.py` measures what a plan needs."""

import pytest

from benchmarks.plan_memory import measured


@pytest.mark.slow
def test_the_memory_of_a_plan_is_measured_in_a_process_of_its_own():
    record = measured("resnet18")
    assert record.keys() >= {"peak", "weights", "seconds"}, record
    assert 0 < record["weights"] < record["peak"]
