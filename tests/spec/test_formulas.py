"""Formulas of expectations."""

import pytest

from study.errors import SpecError
from study.spec.formulas import formula_of


@pytest.mark.parametrize(
    ("formula", "value"), [("1/r^2", 0.0625), ("2*r - 1", 7.0), ("-r + 3", -1.0), ("r**0.5", 2.0)]
)
def test_a_formula_is_arithmetic(formula, value):
    assert formula_of(formula)(4.0) == value


@pytest.mark.parametrize(
    "formula",
    ["r.real", "__import__('os')", "s", "1/0", "9^9^9^9^9", "(-1)^0.5", "r if r else 1", ""],
)
def test_a_formula_is_nothing_else(formula):
    with pytest.raises(SpecError, match=r"a formula in r|has no value at r = 4"):
        formula_of(formula)(4.0)
