"""The steps of a metric: which of several values counts, for every reader that has steps."""

import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from study.spec.reading import Reading
from study.tasks.program.readers import READERS, ReadingError, TrialPlaces
from study.tasks.program.trial.series import StepValue, in_order, measurement

Points = Sequence[tuple[float, float]]


def places(folder: Path) -> TrialPlaces:
    return TrialPlaces(folder, folder / "output.txt", folder / "metrics.jsonl")


def tell(folder: Path, attempts: Sequence[Points]) -> Reading:
    rows = [json.dumps({"step": step, "x": x}) for points in attempts for step, x in points]
    places(folder).metrics.write_text("\n".join(rows))
    return Reading("tell", "", "x")


def stdout(folder: Path, attempts: Sequence[Points]) -> Reading:
    lines = [f"step {step} x {x}" for points in attempts for step, x in points]
    places(folder).output.write_text("\n".join(lines))
    return Reading("stdout", r"step (?P<step>\S+) x (?P<value>\S+)", "x")


def csv_of_each(folder: Path, attempts: Sequence[Points]) -> Reading:
    for number, points in enumerate(attempts):
        # By the time of writing, and not by name.
        path = folder / f"version_{9 - number}.csv"
        path.write_text("step,x\n" + "".join(f"{step},{x}\n" for step, x in points))
        os.utime(path, (number, number))
    return Reading("csv", "version_*.csv", "x")


def trackio(folder: Path, attempts: Sequence[Points]) -> Reading:
    with closing(sqlite3.connect(folder / "p.db")) as database, database:
        database.execute("create table metrics (id integer primary key, step int, metrics text)")
        for step, x in (point for points in attempts for point in points):
            row = (step, json.dumps({"x": x}))
            database.execute("insert into metrics (step, metrics) values (?, ?)", row)
    return Reading("trackio", ".", "x")


def tensorboard(folder: Path, attempts: Sequence[Points]) -> Reading:
    writers = pytest.importorskip("tensorboard.summary.writer.event_file_writer")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    for number, points in enumerate(attempts):
        writer = writers.EventFileWriter(str(folder / "runs"), filename_suffix=str(9 - number))
        for step, x in points:
            value = Summary(value=[Summary.Value(tag="x", simple_value=x)])
            writer.add_event(Event(step=int(step), wall_time=number + 1.0, summary=value))
        writer.close()
        (path,) = (folder / "runs").glob(f"*{9 - number}")
        os.utime(path, (number, number))
    return Reading("tensorboard", "runs", "x")


WRITERS = [tell, stdout, csv_of_each, trackio, tensorboard]
PHASES = [[(0, 9), (1, 8), (2, 7), (3, 6)], [(0, 5), (1, 4)]]
RESUMED = [[(0, 9), (10, 8), (20, 7)], [(15, 3), (25, 2)]]


@pytest.mark.parametrize("write", WRITERS)
def test_the_value_that_was_written_last_counts_where_steps_begin_again(
    tmp_path: Path, write: Callable[[Path, Sequence[Points]], Reading]
) -> None:
    reading = write(tmp_path, PHASES)
    series = in_order(READERS[reading.reader](places(tmp_path), reading))
    assert series == [StepValue(5, 0), StepValue(4, 1)]
    assert measurement(series, 3) == 4.5


@pytest.mark.parametrize("write", WRITERS)
def test_an_attempt_that_resumes_drops_what_was_written_beyond_its_first_step(
    tmp_path: Path, write: Callable[[Path, Sequence[Points]], Reading]
) -> None:
    reading = write(tmp_path, RESUMED)
    series = in_order(READERS[reading.reader](places(tmp_path), reading))
    assert [(v.step, v.value) for v in series] == [(0, 9), (10, 8), (15, 3), (25, 2)]


def test_steps_that_only_fall_are_refused_as_the_newest_value_is_the_first(tmp_path: Path) -> None:
    reading = csv_of_each(tmp_path, [[(3, 1.0), (2, 2.0), (1, 3.0)]])
    with pytest.raises(ReadingError, match="its steps fall from 3 to 1"):
        in_order(READERS["csv"](places(tmp_path), reading))
