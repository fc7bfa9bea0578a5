"""Values and steps that are no numbers: each is an error that names its metric, file and line."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from study.spec.reading import Reading
from study.tasks.program.readers import READERS, ReadingError, TrialPlaces
from study.tasks.program.trial.series import StepValue, history
from study.trial.running import TrialError

DIGITS = "1" * 400  # above the largest float
MORE_DIGITS = "1" * 5_000  # above what Python turns into a number
DEEP = "[" * 5_000 + "]" * 5_000


def values(folder: Path, text: str, reader: str) -> list[StepValue]:
    name = {"tell": "metrics.jsonl", "stdout": "output.txt"}.get(reader, f"r.{reader}")
    (folder / name).write_text(text)
    places = TrialPlaces(folder, folder / "output.txt", folder / "metrics.jsonl")
    source = r"step (?P<step>\S+) x (?P<value>\S+)" if reader == "stdout" else name
    return [*READERS[reader](places, Reading(reader, source, "x"))]


ODD = {
    "NaN": ("tell", '{"step": 1, "x": 1}\n{"step": NaN, "x": 2}', "line 2 .*: x: 'nan' is no step"),
    "infinity": ("tell", '{"step": Infinity, "x": 2}', "line 1 .*: x: 'inf' is no step"),
    "far": ("tell", '{"step": 1e300, "x": 2}', "line 1 .*: x: '1e[+]300' is no step"),
    "text": ("tell", '{"step": "one", "x": 2}', "line 1 .*: x: step: 'one' is no number"),
    "digits": ("tell", f'{{"x": {DIGITS}}}', "line 1 .*: x: '1+' is no number"),
    "digits of a step": ("tell", f'{{"step": {DIGITS}, "x": 1}}', "line 1 .*'1+' is no number"),
    "more digits": (
        "tell",
        f'{{"x": 1}}\n{{"x": {MORE_DIGITS}}}',
        "line 2 .* more than 4300 digits",
    ),
    "levels": ("tell", f'{{"x": 1}}\n{{"x": 2, "y": {DEEP}}}', "line 2 .* too many levels"),
    "json": ("json", f'{{"x": 2, "y": {DEEP}}}', "line 1 of r.json has too many levels"),
    "csv step": ("csv", "step,x\n1,5\nnan,6\n", "line 3 of r.csv: x: 'nan' is no step"),
    "csv value": ("csv", "step,x\n1,low\n", "line 2 of r.csv: x: 'low' is no number"),
    "csv cell": ("csv", f"step,x\n1,{'9' * 200_000}\n", "line 2 of r.csv: field larger than"),
    "csv columns": ("csv", "step,x,x\n1,5,7\n", "r.csv has the column x twice"),
    "csv steps": ("csv", "step,x,step\n1,5,7\n", "r.csv has the column step twice"),
    "stdout step": ("stdout", "step nan x 1\n", "the output 'step nan x 1': 'nan' is no step"),
}


@pytest.mark.parametrize(("reader", "text", "message"), ODD.values(), ids=ODD)
def test_what_is_no_number_is_an_error_at_its_place(tmp_path, reader, text, message):
    with pytest.raises(ReadingError, match=message):
        values(tmp_path, text, reader)


@pytest.mark.parametrize("row", [f'{{"x": {MORE_DIGITS}}}', "[1]", f'{{"x": {DIGITS}}}'])
def test_a_row_of_trackio_that_cannot_be_read_names_the_file(tmp_path, row):
    with closing(sqlite3.connect(tmp_path / "p.db")) as database, database:
        database.execute("create table metrics (id integer primary key, step int, metrics text)")
        database.execute("insert into metrics (step, metrics) values (1, ?)", (row,))
    places = TrialPlaces(tmp_path, tmp_path / "output.txt", tmp_path / "metrics.jsonl")
    with pytest.raises(ReadingError, match=re.escape("p.db")):
        [*READERS["trackio"](places, Reading("trackio", ".", "x"))]


def test_a_column_that_is_not_read_may_be_there_twice(tmp_path):
    assert values(tmp_path, "step,x,y,y\n1,5,7,8\n", "csv") == [StepValue(5, 1)]


STEPS = {
    "tell": '{"step": 0.5, "x": 1}\n{"step": 1.0, "x": 2}\n{"step": 1.5, "x": 3}',
    "csv": "step,x\n0.5,1\n1.0,2\n1.5,3\n",
    "stdout": "step 0.5 x 1\nstep 1.0 x 2\nstep 1.5 x 3\n",
}


@pytest.mark.parametrize("reader", STEPS)
def test_fractions_of_steps_are_steps_of_their_own(tmp_path, reader):
    series = values(tmp_path, STEPS[reader], reader)
    assert [(v.step, v.value) for v in series] == [(0.5, 1), (1, 2), (1.5, 3)]
    steps = [row.measured["iteration"] for row in history({"x": series})]
    assert steps == [0.5, 1, 1.5]
    assert [type(step) for step in steps] == [float, int, float]


def test_an_empty_list_is_named_as_such(attempt):
    script = "import os\nopen(os.environ['STUDY_METRICS'], 'w').write('{\"x\": []}')"
    with pytest.raises(
        TrialError, match="the program has reported no number of x, but empty lists"
    ):
        attempt(script)
