"""The table, the figure, the notes, the exports and the journal of a search."""

import csv
import json
from dataclasses import replace

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from study.analysis.analysis import Analysis
from study.analysis.measurements import fingerprint
from study.cli.budget import _missing as missing
from study.cli.plan_table import plan_head, plan_notes, plan_record
from study.report import report
from study.report.export import EXPORTS
from study.store.store import Store
from study.track import _subject
from study.tune import journal
from tests.registries import restorer
from tests.tune.searches import SEARCH, finish, grown, planned
from tests.tune.test_search import breaking
from tests.tune.test_stopping import TEXT, searched


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def store(tmp_path):
    return Store(tmp_path / "results")


def rows_of(path):
    return [*csv.DictReader(path.read_text().splitlines())]


def noisy(store, name, record):
    """Seeds differ, so that intervals have a width."""
    args = record.config.parts["args"]
    finish(store, name, record, value=1 / args["steps"] + record.seed % 7 * 1e-4)


def test_the_table_has_the_front_and_what_fresh_seeds_reached(tmp_path):
    plan = grown(tmp_path, finish=noisy)
    tables = report.tables(plan, store(tmp_path))
    table, search = tables["search"], plan.search
    (block,) = table.blocks
    assert len(block.rows) == len(search.front)
    assert all(len(row.cells) == len(table.heads) == len(table.keys) for row in block.rows)
    costs = [row.cells[1].value for row in block.rows]
    assert costs == sorted(costs)
    chosen = {*search.chosen}
    for row in block.rows:
        fresh = row.cells[-1]
        assert (fresh.value is not None) == (row.label in {*chosen, "baseline"})
    own = plan.arms[1]
    values = [store(tmp_path).result(t.name).metrics["height"] for t in own.trials]
    row = next(row for row in block.rows if row.label == own.label)
    assert row.cells[-1].value == pytest.approx(sum(values) / len(values))
    assert row.cells[-2].value == search.chosen[own.label].objective
    notes = " ".join(table.notes)
    assert "10 candidates trained in 10 s of trials" in notes
    assert "refused before training for their cost" in notes
    assert "one trial among many" in notes
    assert "Arms: of the front of 10 candidates by" in " ".join(tables["table"].notes)


def test_the_notes_say_what_went_wrong_and_what_was_left_out(tmp_path):
    def some(store, name, record):
        args = record.config.parts["args"]
        state = "failed" if record.seed > 1 and args["momentum"] else "completed"
        finish(store, name, record, state, value=1 / args["steps"])

    text = SEARCH.replace("keep: 3", "keep: 1")
    notes = " ".join(
        report.tables(grown(tmp_path, text, finish=some), store(tmp_path))["search"].notes
    )
    assert "failed or diverged" in notes
    assert "of the front not trained again (keep: 1)" in notes


@pytest.mark.parametrize("state", ["new", "one batch"])
def test_a_report_can_be_written_before_the_search_has_ended(tmp_path, state, unrendered):
    if state == "one batch":
        for name, record in planned(tmp_path).records().items():
            finish(store(tmp_path), name, record)
    today = planned(tmp_path)
    table = report.tables(today, store(tmp_path))["search"]
    assert any("The search goes on" in note for note in table.notes)
    contents = report.report(today, store(tmp_path))
    names = {path.name for path in report.write(contents, tmp_path / "report")}
    assert ("search.png" in names) == (state == "one batch")
    assert {"proposals.csv", "search.md"} <= names


def test_the_figure_has_candidates_their_front_and_fresh_seeds(tmp_path, unrendered):
    plan = grown(tmp_path, finish=noisy)
    folder = tmp_path / "report"
    report.write(report.report(plan, store(tmp_path)), folder)
    rows = rows_of(folder / "figures" / "search.csv")
    kinds = [row["what"] for row in rows]
    front = {p.number for p in plan.search.front}
    assert kinds.count("front") == len(front)
    assert kinds.count("candidate") == 10 - len(front)
    trained = sum(p.number in front for p in plan.search.proposals if not p.values)
    assert kinds.count("fresh") == len(plan.search.chosen) + max(trained, 1)
    assert all(float(r["low"]) <= float(r["value"]) <= float(r["high"]) for r in rows)


def test_every_proposal_is_in_the_report_and_in_the_export(tmp_path, unrendered):
    plan = grown(tmp_path, finish=breaking)
    folder = tmp_path / "report"
    report.write(report.report(plan, store(tmp_path)), folder)
    rows = rows_of(folder / "proposals.csv")
    assert [int(row["proposal"]) for row in rows] == [*range(10)]
    assert [row["state"] for row in rows] == [p.state for p in plan.search.proposals]
    assert [row["front"] for row in rows].count("True") == len(plan.search.front)
    assert {row["arm"] for row in rows} - {""} <= {arm.digest for arm in plan.arms}
    exported = EXPORTS["csv"](plan, store(tmp_path))["proposals.csv"].decode()
    assert len(exported.splitlines()) == 11


def test_a_candidate_s_result_makes_a_report_stale(tmp_path):
    plan = planned(tmp_path)
    before = fingerprint(plan, store(tmp_path))
    name, record = next(iter(plan.records().items()))
    finish(store(tmp_path), name, record)
    assert fingerprint(planned(tmp_path), store(tmp_path)) != before


def test_a_refused_candidate_is_part_of_what_a_report_shows(tmp_path):
    plan = grown(tmp_path)
    refused, *others = plan.search.rejected.every
    less = replace(plan.search, rejected=replace(plan.search.rejected, every=tuple(others)))
    before, after = (fingerprint(p, store(tmp_path)) for p in (plan, replace(plan, search=less)))
    assert refused.excess
    assert before != after


def test_the_plan_says_how_far_the_search_is_and_what_it_refused(tmp_path):
    first = planned(tmp_path)
    assert "up to 4 arms × 2 seeds + 10 of the search = 18 trials" in plan_head(first)
    notes = " ".join(plan_notes(first, None, 1))
    assert "search: 10 candidates, by height and work, in batches of 4; 0 of 10 have ended" in notes
    assert "up to 3 candidates of the front, and the baseline, are trained again with 2" in notes
    last = grown(tmp_path)
    notes = " ".join(plan_notes(last, None, 1))
    assert "work at most 150: 3 candidates refused before training" in notes
    assert "4 arms × 2 seeds + 10 of the search = 18 trials" in plan_head(last)
    assert "nothing to run" in notes


def test_the_record_of_a_plan_has_every_candidate(tmp_path):
    plan = grown(tmp_path)
    record = json.loads(json.dumps(plan_record(plan, None)))["search"]
    assert (record["trials"], record["ended"]) == (10, 10)
    assert record["objectives"] == ["height", "work"]
    assert record["refused"] == {"constraints": {"work": 3}, "repeated": 0, "unfit": 0}
    assert [c["number"] for c in record["candidates"]] == [*range(10)]
    assert {c["arm"] for c in record["candidates"]} - {None} == {*plan.search.chosen}
    assert sum(c["front"] for c in record["candidates"]) == len(plan.search.front)


SEQUENTIAL = SEARCH.replace("seeds: 2", "seeds: {min: 2, max: 4, stop: decided}\naa: true")


def test_seeds_are_added_to_the_arms_of_a_search_until_they_are_decided(tmp_path):
    first = planned(tmp_path, SEQUENTIAL)
    notes = " ".join(plan_notes(first, None, 1))
    assert "trained again with 2 to 4 seeds when the search has ended" in notes
    assert "decided: those of all arms with the baseline, 5 %" in notes
    plan = grown(tmp_path, SEQUENTIAL, finish=noisy)
    assert len(plan.arms) == 4
    assert all(2 <= len(arm.replicates) <= 4 for arm in plan.arms)
    # Of the baseline as many again, for the noise floor.
    assert len(plan.arms[0].trials) == 2 * len(plan.arms[0].replicates)
    assert f"= {len(plan.trials)} trials so far" in plan_head(plan)
    assert "3 comparisons" in " ".join(plan_notes(plan, None, 1))
    tables = report.tables(plan, store(tmp_path))
    assert "holds at every look" in tables["contrasts"].caption


def test_a_front_of_the_baseline_alone_decides_nothing(tmp_path):
    def worse(store, name, record):
        finish(store, name, record, value=float(record.config.parts["args"]["steps"] != 100))

    text = SEQUENTIAL.replace("low: 20, high: 200", "low: 101, high: 200")
    plan = grown(tmp_path, text, finish=worse)
    assert [arm.label for arm in plan.arms] == ["baseline"]
    assert "nothing to compare" in " ".join(plan_notes(plan, None, 1))
    assert {*report.tables(plan, store(tmp_path))} >= {"table", "search"}


def test_no_result_of_a_candidate_is_called_stale(tmp_path):
    # A candidate of the file's values has the baseline's configuration under another name.
    plan = grown(tmp_path, SEARCH + "  stop: median\n")
    assert not [note for note in plan.notes if "stale" in note]


def test_a_tracker_is_given_candidates_and_arms(tmp_path):
    plan = grown(tmp_path)
    subjects = [_subject(plan, arm, arm.trials[0]) for arm in plan.trained]
    assert [subject.label for subject in subjects][:1] == ["candidate 0"]
    assert [subject.levels for subject in subjects if subject.seed > 1] == [{}] * 10
    assert {"args": plan.arms[1].label} in [subject.levels for subject in subjects]


def test_a_run_whose_budget_is_spent_says_what_of_the_search_is_missing(tmp_path):
    first = planned(tmp_path)
    assert missing(first) == "10 of 10 proposals, and the trials of arms that follow them"
    assert missing(grown(tmp_path)) == ""


def journal_of(plan, tmp_path):
    path = journal.record(plan.study, plan.search, store(tmp_path))
    storage = JournalStorage(JournalFileBackend(str(path)))
    (name,) = optuna.get_all_study_names(storage)
    return path, optuna.load_study(study_name=name, storage=storage)


def test_optuna_reads_the_journal_in_both_directions(tmp_path):
    plan = grown(tmp_path, finish=breaking)
    path, written = journal_of(plan, tmp_path)
    search = plan.search
    assert [direction.name for direction in written.directions] == ["MINIMIZE", "MINIMIZE"]
    assert written.metric_names == ["height", "work"]
    for trial, proposal in zip(written.trials, search.proposals, strict=True):
        own = search.objectives(proposal)
        assert trial.state.name == ("COMPLETE" if own else "FAIL")
        assert (trial.values and tuple(trial.values)) == own
    best = {trial.number for trial in written.best_trials}
    assert best == {proposal.number for proposal in search.front}
    before = path.read_bytes()
    journal_of(plan, tmp_path)
    assert path.read_bytes() == before


def test_the_journal_has_a_candidate_that_was_stopped_early_as_pruned(tmp_path):
    plan = searched(tmp_path, TEXT + "  stop: median\n")
    _, written = journal_of(plan, tmp_path)
    pruned = [trial.number for trial in written.trials if trial.state.name == "PRUNED"]
    assert pruned
    assert pruned == [p.number for p in plan.search.proposals if p.state == "censored"]


def test_a_quality_that_is_better_higher_is_maximized(tmp_path):
    from study.spec.metric import Catalogue, Metric
    from study.tasks import TASKS
    from tests.tune.searches import valley

    class Peak(valley()):
        catalogue = Catalogue(
            {
                **valley().catalogue,
                "height": Metric("Height", "m", 1, 2, better="higher", kind="quality"),
            }
        )

    TASKS["peak"] = Peak()
    plan = grown(tmp_path, SEARCH.replace("task: valley", "task: peak"))
    _, written = journal_of(plan, tmp_path)
    assert [direction.name for direction in written.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert {t.number for t in written.best_trials} == {p.number for p in plan.search.front}


def test_an_analysis_of_a_search_has_its_front_by_cost(tmp_path):
    candidates = Analysis(grown(tmp_path), store(tmp_path)).candidates
    costs = [row.objectives[1] for row in candidates.front]
    assert costs == sorted(costs)
    assert candidates.seconds == 10.0
    assert candidates.failed == 0
