"""Levels that no row of a file has: an error where a value is much alike, a note elsewhere."""

import pytest

from study.errors import SpecError
from tests.plan.measured.conftest import planned_levels


def test_a_level_that_is_misspelt_is_told_the_value_that_is_meant(tmp_path):
    rows = "method,seed,acc\nours,0,70\nsam,0,71\n"
    with pytest.raises(SpecError) as error:
        planned_levels(tmp_path, "setting.method: {Ours: ours, SAM: samm}", rows, "{method: ours}")
    message = 'has the level "SAM" of setting.method: method is never "samm"; did you mean "sam"?'
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("levels", "rows", "note"),
    [
        ("{Ours: ours, SGD: sgd}", "ours,0,70\nlion,0,71\n", "method that no level has: lion"),
        # 0.01 is like 0.1, and another learning rate.
        ("{A: 0.1, B: 0.01}", "0.1,0,70\n0.001,0,71\n", "method that no level has: 0.001"),
    ],
)
def test_a_level_without_rows_is_noted_beside_values_without_a_level(tmp_path, levels, rows, note):
    base = levels.split()[1].rstrip(",")
    plan = planned_levels(
        tmp_path, f"setting.method: {levels}", f"method,seed,acc\n{rows}", f"{{method: {base}}}"
    )
    assert note in plan.notes[-1]
