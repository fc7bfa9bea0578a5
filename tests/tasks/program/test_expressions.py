"""Expressions for lines of output: every number is matched whole, or the trial fails."""

import re
from pathlib import Path

import pytest

from study.spec.reading import Reading
from study.tasks.program.readers import READERS, ReadingError, TrialPlaces
from study.tasks.program.readers.expressions import not_matched
from tests.tasks.program.conftest import FILE


def values(folder: Path, expression: str, output: str, last: int = 1) -> list[float]:
    (folder / "output.txt").write_text(output)
    places = TrialPlaces(folder, folder / "output.txt", folder / "metrics.jsonl")
    return [v.value for v in READERS["stdout"](places, Reading("stdout", expression, "x", last))]


CUT = {
    "exponent": (r"x:([\d.]+)", "x:9.8e-05", "9.8e-05"),
    "sign": (r"x.*?([\d.]+)", "x: -3.5", "-3.5"),
    "greedy": (r"x.*([\d.]+)", "x: 12.5", "12.5"),
    "thousands": (r"x:([\d.]+)", "x:1,234.5", "1,234"),
    "decimal comma": (r"x:(\d+)", "x:0,5", "0,5"),
    "fraction": (r"x:(\d+)", "x:0.5", "0.5"),
    "step": (r"epoch (?P<step>\d+).* x (?P<value>\S+)", "epoch 0.5 x 1", "0.5"),
}


@pytest.mark.parametrize(("expression", "output", "number"), CUT.values(), ids=CUT)
def test_an_expression_that_takes_a_part_of_a_number_is_refused(
    tmp_path, expression, output, number
):
    with pytest.raises(ReadingError, match=f"is a part of '{re.escape(number)}'"):
        values(tmp_path, expression, output)


WHOLE = {
    "sentence": (r"x (\d+)", "x 10.", 10),
    "unit": (r"x ([\d.]+)", "x 12.5%", 12.5),
    "plus": (r"x \+(\d+)", "x +3", 3),
    "hyphen": (r"epoch-(\d+)", "epoch-3", 3),
    "range": (r"x ([\d.]+)", "x 0.5-0.7", 0.5),
    "a comma that the expression knows": (r"(\d+),(?:\d+)", "3,14", 3),
    "a list of fractions": (r"x:([\d.]+)", "x:0.5,0.3", 0.5),
}


@pytest.mark.parametrize(("expression", "output", "number"), WHOLE.values(), ids=WHOLE)
def test_a_number_that_is_matched_whole_is_read(tmp_path, expression, output, number):
    assert values(tmp_path, expression, output) == [number]


@pytest.mark.parametrize("number", ["nan", "NaN", "inf", "-inf", "-3.5", "+1.5", "1e-05"])
@pytest.mark.parametrize("before", ["", "x:0.25\n", "x:0.5\rx:0.25\r"])
def test_a_number_at_the_end_that_is_passed_over_is_refused(tmp_path, number, before):
    with pytest.raises(ReadingError, match=f"passes over '{re.escape(number)}'"):
        values(tmp_path, r"x:(\d\.\d+)", f"{before}x:{number}\n")


def test_a_number_that_is_passed_over_may_precede_those_that_count(tmp_path):
    output = "x:inf\nx:0.5\nbest:-inf\nx:0.25\nsaved 3 files, nan of them empty\n"
    assert values(tmp_path, r"x:([\d.]+)", output, last=2) == [0.5, 0.25]
    with pytest.raises(ReadingError, match="passes over 'inf'"):
        values(tmp_path, r"x:([\d.]+)", output, last=3)


GROUPS = {
    r"loss:([\d.]+)": ["nan", "-1.5", "1e-05"],
    r"\((-?\d+(?:\.\d+)?)\)": ["nan", "1e-05"],
    r"(?:a|b) [(](\S+)": [],
    r"(?P<step>\d+) (?P<value>[^,)]+)": [],
    r"(.)(?P<value>\1)(?P<step>a)": [],  # it refers to another group
}


@pytest.mark.parametrize(("expression", "samples"), GROUPS.items())
def test_numbers_that_a_group_cannot_match_are_known_without_a_run(expression, samples):
    assert not_matched(expression) == samples


def test_a_plan_has_a_note_of_an_expression_that_takes_no_nan(inside, program):
    assert "loss: its expression takes no nan or -1.5 or 1e-05" in _output(inside, program)
    program.write_text(FILE.replace(r"([\d.]+)", r"(\S+)"))
    assert "its expression" not in _output(inside, program)


def _output(inside, program) -> str:
    done = inside("plan", program)
    assert done.returncode == 0, done.stderr
    return " ".join((done.stdout + done.stderr).split())
