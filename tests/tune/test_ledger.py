"""The ledger of tuning against a computation by hand, its table, its figure and its notes."""

from itertools import combinations

import numpy as np
import pytest

from study.analysis.analysis import Analysis
from study.analysis.measurements import fingerprint
from study.report import report
from study.report.export import EXPORTS
from study.store.store import Store
from tests.registries import restorer
from tests.tune.bowls import BOWL, finish, grown, height, planned
from tests.tune.test_replay import breaking


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def analysis(tmp_path, text=BOWL, finish=finish):
    return Analysis(grown(tmp_path, text, finish=finish), Store(tmp_path / "results"))


def test_the_spend_is_counted_by_hand(tmp_path):
    def slow(store, name, record):
        state = "failed" if record.config.parts["args"]["rate"] < 1e-3 else "completed"
        finish(store, name, record, state, seconds=600.0)

    ledger = analysis(tmp_path, finish=slow).ledger
    for row in ledger.rows:
        assert len(row.ended) == 10
        assert row.failed == sum(p.state == "failed" for p in row.tuned.proposals) > 0
        assert row.seconds == 600 * len({p.trial.name for p in row.tuned.proposals})
        known = [p.objective for p in row.tuned.proposals if p.objective is not None]
        assert row.best == min(known)
        assert row.of_file == row.tuned.proposals[0].objective


def test_the_expected_best_is_of_the_proposals_without_the_values_of_the_file(tmp_path):
    ledger = analysis(tmp_path, finish=breaking).ledger
    row = ledger.rows[0]
    drawn = [p.objective for p in row.tuned.proposals[1:]]
    worst = max(value for value in drawn if value is not None)
    values = [worst if value is None else value for value in drawn]
    assert None in drawn
    for expected in row.expected:
        exact = np.mean([min(subset) for subset in combinations(values, expected.k)])
        assert expected.mean == pytest.approx(exact)
    assert len(row.expected) == 9


def flipping(store, name, record):
    """With the values of the first arm the second is worse; with its own it is better."""
    args = record.config.parts["args"]
    tuned = args["rate"] < 0.01 if args["momentum"] else args["rate"] > 0.02
    gain = 1.0 if args["momentum"] else 0.5
    noise = record.seed % 7 * 1e-3
    finish(store, name, record, value=(2.0 - gain if tuned else 2.0) + noise * (1 + gain))


def test_a_conclusion_that_flips_is_flagged(tmp_path):
    ledger = analysis(tmp_path, finish=flipping).ledger
    base, half = ledger.rows
    assert ledger.conclusion(half.effect) == "better"
    assert ledger.conclusion(half.at_baseline) == "worse"
    assert ledger.flag(half) == "flips"
    assert ledger.order(own=True) == ["half", "none"]
    assert ledger.order(own=False) == ["none", "half"]
    assert ledger.flag(base) == ""
    tables = report.tables(grown(tmp_path), Store(tmp_path / "results"))
    notes = " ".join(tables["tuning"].notes)
    assert "The conclusion on half in Depth flips" not in notes  # the label is the catalogue's
    assert "The conclusion on half in Height flips: better with each arm tuned, worse" in notes
    assert "ranks change (best first): half, none with each arm tuned; none, half" in notes


def test_the_effects_are_those_of_the_reported_seeds_by_hand(tmp_path):
    result = analysis(tmp_path)
    base, half = result.ledger.rows
    plan, store = result.plan, result.store

    def values(arm):
        return np.array([store.result(trial.name).metrics["height"] for trial in arm.trials])

    own, other = values(plan.arms[1]), values(plan.arms[0])
    assert half.effect.mean == pytest.approx((own - other).mean())
    there = half.tuned.at_baseline
    assert half.at_baseline.mean == pytest.approx((values(there) - other).mean())
    assert half.mean == pytest.approx(own.mean())
    assert half.mean_at_baseline == pytest.approx(values(there).mean())
    assert base.mean == base.mean_at_baseline == pytest.approx(other.mean())


def test_no_tuning_trial_enters_a_mean_of_the_table(tmp_path):
    result = analysis(tmp_path)
    assert {*result.measurements["seed"].dropna()} == {0, 1}


def test_how_often_the_file_was_right_is_counted(tmp_path):
    same = analysis(tmp_path, finish=lambda s, n, r: finish(s, n, r, value=0.5))
    assert same.ledger.keeping == 2
    tables = report.tables(same.plan, same.store)
    notes = " ".join(tables["tuning"].notes)
    assert "best in 2 of 2 arms" in notes
    assert "All proposals of none, half came out equal" in notes
    assert analysis(tmp_path / "other").ledger.keeping == 0


def test_the_table_and_its_caption_say_how_arms_were_tuned(tmp_path):
    result = analysis(tmp_path)
    tables = report.tables(result.plan, result.store)
    assert "Each arm is tuned: 10 trials per arm on held-out data" in " ".join(
        tables["table"].notes
    )
    table = tables["tuning"]
    (block,) = table.blocks
    assert [row.label for row in block.rows] == ["none", "half"]
    assert all(len(row.cells) == len(table.heads) == len(table.keys) for row in block.rows)
    winner = result.ledger.rows[0].tuned.winner.values
    assert f"rate {winner['args.rate']}" in block.rows[0].cells[6].text


def test_without_the_comparison_at_the_values_of_the_baseline_there_are_no_such_columns(tmp_path):
    result = analysis(tmp_path, BOWL + "  at_baseline: false\n")
    table = report.tables(result.plan, result.store)["tuning"]
    assert table.heads[-1].endswith("each tuned")
    assert not any("values of ●" in note for note in table.notes)


@pytest.mark.parametrize("store_state", ["new", "one batch"])
def test_a_report_can_be_written_before_tuning_has_ended(tmp_path, store_state):
    plan = planned(tmp_path)
    store = Store(tmp_path / "results")
    if store_state == "one batch":
        for name, record in plan.records().items():
            finish(store, name, record)
    today = planned(tmp_path)
    table = report.tables(today, store)["tuning"]
    assert any("Tuning goes on" in note for note in table.notes)
    names = {path.name for path in report.write(report.report(today, store), tmp_path / "report")}
    assert ("tuning.png" in names) == (store_state == "one batch")
    assert {"proposals.csv", "tuning.md"} <= names


@pytest.mark.heavy
def test_a_report_has_the_figure_and_every_proposal(tmp_path, unrendered):
    result = analysis(tmp_path)
    folder = tmp_path / "report"
    report.write(report.report(result.plan, result.store), folder)
    rows = (folder / "proposals.csv").read_text().splitlines()
    assert len(rows) == 1 + 20
    assert (folder / "figures" / "tuning.csv").read_text().startswith("label,what,trials,value")
    assert b"proposal" in EXPORTS["csv"](result.plan, result.store)["proposals.csv"]


def test_a_tuning_result_makes_a_report_stale(tmp_path):
    plan, store = planned(tmp_path), Store(tmp_path / "results")
    before = fingerprint(plan, store)
    name, record = next(iter(plan.records().items()))
    finish(store, name, record, value=height(record))
    assert fingerprint(planned(tmp_path), store) != before


def test_values_outside_the_space_are_noted(tmp_path):
    result = analysis(tmp_path, BOWL.replace("low: 50, high: 150", "low: 50, high: 90"))
    table = report.tables(result.plan, result.store)["tuning"]
    assert any("args.steps 100" in note for note in table.notes)


def test_arms_of_unequal_seeds_are_ordered_by_the_seeds_that_all_have(tmp_path):
    def noisy(store, name, record):
        noise = (record.seed % 7) * (0.01 if record.seed < 100 else 0)
        finish(store, name, record, value=height(record) + noise)

    text = BOWL.replace("seeds: 2", "seeds: {min: 3, max: 6, stop: decided}")
    result = analysis(tmp_path, text, finish=noisy)
    for row, arm in zip(result.ledger.rows, result.plan.arms, strict=True):
        assert len(arm.trials) >= 3
        names = [trial.name for trial in arm.trials[:3]]
        values = [result.store.result(name).metrics["height"] for name in names]
        assert row.mean == pytest.approx(np.mean(values))
    table = report.report(result.plan, result.store).tables["tuning"]
    assert "The first has its repeated 95 % interval" in table.caption
    assert "By mean Height over the first 3 seeds, which all arms have, " in " ".join(table.notes)
