"""Notes on costs that are refused or not audited."""

from study.store.cost_records import ArmCost

BY_TORCH, BY_BOTH = {"torch": {"conv": 1}}, {"torch": {"conv": 1}, "fvcore": {"conv": 1}}


def test_an_audit_that_was_given_up_is_a_note():
    assert "not audited" in ArmCost(counts=BY_TORCH).caveat
    assert not ArmCost(counts=BY_BOTH).caveat


def test_an_arm_outside_the_sample_has_no_note_of_its_own():
    assert not ArmCost(counts=BY_TORCH, audited=False).caveat


def test_costs_that_are_refused_are_a_note_with_the_reason():
    assert ArmCost(refused="cost: why").caveat == "MACs refused: cost: why"
    assert not ArmCost(cost={"params": 1}).caveat
