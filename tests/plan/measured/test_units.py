"""Numbers of a file that are in another unit than the table: refused, unless a scale is given."""

import pytest

from study.errors import SpecError
from tests.plan.measured.conftest import values


def test_fractions_in_the_place_of_per_cent_are_refused(planned):
    metrics = "acc: {better: higher, unit: '%', scale: 100}"
    with pytest.raises(SpecError, match="if these are fractions, say columns"):
        planned("method,seed,acc\nours,0,0.7\nsgd,0,0.6\n", metrics=metrics)
    with pytest.raises(SpecError, match="is in per cent, and column acc has 700"):
        planned("method,seed,acc\nours,0,700\nsgd,0,60\n", metrics=metrics)
    assert values(planned(metrics=metrics), 0)[0] == pytest.approx(0.76)


def test_fractions_are_refused_in_per_cent_without_a_scale_too(planned):
    metrics = "acc: {better: higher, unit: '%'}"
    fractions = "method,seed,acc\nours,0,0.7\nsgd,0,-0.2\n"
    with pytest.raises(SpecError, match=r"has nothing above 0\.7: if these are fractions"):
        planned(fractions, metrics=metrics)
    meant = "{file: runs.csv, columns: {acc: {column: acc, scale: 1}}}"
    assert values(planned(fractions, meant, metrics=metrics), 0) == {0: 0.7}


PERCENT = "acc: {better: HOW, unit: '%'}"


@pytest.mark.parametrize(
    ("better", "scale", "value", "message"),
    [
        ("higher", "100", "90.75", "has 9075 with scale 100: its numbers are in per cent already"),
        ("lower", "100", "9.25", None),
        ("lower", "100", "90.75", "has 9075 with scale 100"),
        ("higher", "", "120", "has 120: if more than 100 % is meant, say scale: 1"),
        ("higher", "1", "120", None),
        # A word error rate is in per cent, and may be above 100 %.
        ("lower", "", "120", None),
        ("lower", "100", "1.2", None),
    ],
)
def test_per_cent_that_is_scaled_again_is_refused(planned, better, scale, value, message):
    column = f"{{column: acc, scale: {scale}}}" if scale else "acc"
    arguments = {
        "rows": f"method,seed,acc\nours,0,{value}\nsgd,0,0.5\n",
        "measured": f"{{file: runs.csv, columns: {{acc: {column}}}}}",
        "metrics": PERCENT.replace("HOW", better),
    }
    if message:
        with pytest.raises(SpecError, match=message):
            planned(**arguments)
    else:
        number = float(value) * float(scale or 1)
        assert values(planned(**arguments), 0) == {0: pytest.approx(number)}
