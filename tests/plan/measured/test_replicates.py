"""Rows that are replicates: no steps of a run, no copies, and seeds where there are any."""

import pytest

from study.errors import SpecError
from tests.plan.measured.conftest import ROWS, values


def test_without_a_column_of_seeds_rows_are_replicates(planned):
    rows = "".join(f"{m},{v}\n" for m, _, v in (r.split(",") for r in ROWS.split()))
    plan = planned(rows + "sgd,75.9\n")
    assert not plan.paired
    assert values(plan, 1) == {0: 75.5, 1: 74.8, 2: 76.1, 3: 75.9}
    assert "Arms have different numbers of rows: Ours 3, SGD 4" in plan.notes


EPOCHS = {
    "one run per arm": "ours,0,1\nours,1,2\nours,2,3\nsgd,0,1\nsgd,1,2\nsgd,2,4\n",
    "two runs per arm": "ours,0,1\nours,1,2\nours,0,3\nours,1,4\nsgd,1,4\n",
    "two runs by epoch": "ours,0,1\nours,0,2\nours,1,3\nours,1,4\nsgd,1,4\n",
    "runs that stopped early": "ours,0,1\nours,1,2\nours,2,3\nours,0,1\nours,1,2\nsgd,1,4\n",
    "runs that stopped early, by epoch": "ours,0,1\nours,0,2\nours,1,2\nours,1,3\nours,2,4\n"
    "sgd,1,4\n",
    "runs that log other steps": "ours,1,2\nours,2,3\nours,4,4\nours,1,2\nours,3,3\nours,5,4\n",
    "steps with a row for training": "ours,0,\nours,1,\nours,1,2\nours,2,\nsgd,1,4\n",
}


@pytest.mark.parametrize("rows", EPOCHS.values(), ids=EPOCHS)
def test_epochs_of_one_run_are_no_replicates(planned, rows):
    rows = "method,epoch,acc\n" + rows
    with pytest.raises(SpecError, match="epoch counts the steps of one run: choose one by where"):
        planned(rows)
    last = planned(rows, "{file: runs.csv, where: {epoch: 1}}")
    # Of the rows of one step, one may be of training, without a value.
    assert all(row.get("acc", 2) >= 2 for row in last.measured.values.values())


def test_the_last_epochs_of_runs_that_stopped_early_are_replicates(planned):
    plan = planned(
        "method,epoch,acc\nours,57,1\nours,63,2\nours,60,3\nsgd,60,1\nsgd,60,2\nsgd,57,3\n"
    )
    assert values(plan, 0) == {0: 1.0, 1: 2.0, 2: 3.0}
    assert values(plan, 1) == {0: 1.0, 1: 2.0, 2: 3.0}


def test_a_column_of_seeds_has_a_capital_or_is_named(planned):
    plan = planned(ROWS.replace("seed", "Seed"))
    assert (plan.paired, plan.notes) == (True, ("Seed is taken as the column of seeds",))
    plan = planned(ROWS.replace("seed", "config.seed"))
    assert not plan.paired
    assert plan.notes[0].startswith("Nothing is paired; if config.seed is a column of seeds")
    # Which of two is meant, nobody can say; one that is called as it should be is.
    two = ROWS.replace("seed", "SEED,Seed").replace(",7", ",5,7")
    assert not planned(two).paired
    assert planned(two.replace("SEED", "seed")).paired


def test_seeds_that_mean_nothing_are_left_out(planned):
    assert not planned(measured="{file: runs.csv, seed: null}").paired


UNPAIRED = "{file: runs.csv, seed: null}"


def test_two_results_of_one_seed_are_no_replicates_where_nothing_is_paired(planned):
    rows = "method,Seed,acc,data\nours,0,1,a\nours,0,2,b\nours,1,3,a\nsgd,0,3,a\n"
    with pytest.raises(SpecError, match="they differ in data: choose by where"):
        planned(rows, UNPAIRED)
    # A seed that all runs have is one that nobody chose.
    assert len(values(planned(rows.replace(",1,", ",0,"), UNPAIRED), 0)) == 3


COPIES = {
    "without seeds": ("method,acc\nours,1\nours,2\nsgd,3\n", "runs.csv"),
    "of one seed": ("method,seed,acc\nours,42,1\nours,42,2\nsgd,42,3\n", UNPAIRED),
}


@pytest.mark.parametrize(("rows", "measured"), COPIES.values(), ids=COPIES)
def test_a_file_that_is_there_twice_is_refused(planned, rows, measured):
    twice = rows + rows.partition("\n")[2]
    with pytest.raises(SpecError, match=r"is there 2 times .* copies are no replicates"):
        planned(twice, measured)


def test_rows_that_are_equal_in_every_cell_are_named(planned):
    plan = planned("method,acc\nours,1\nours,1\nours,2\nsgd,3\n")
    note = "2 rows of runs.csv are equal to another row in every cell, and count as replicates"
    assert any(text.startswith(note) for text in plan.notes), plan.notes
