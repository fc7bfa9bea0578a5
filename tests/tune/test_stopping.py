"""Early stopping: what it stops is censored, and no kill and no number of workers changes it."""

import json
import math
from pathlib import Path

import pytest

from study.analysis.analysis import Analysis
from study.errors import SpecError
from study.store import leases
from study.store.records import EpochRow, Stopping
from study.store.store import Store
from study.trial.callbacks import Stopped
from study.trial.group import Alone
from study.trial.run import run_trial
from study.tune import stopping
from tests.registries import restorer
from tests.tune.searches import EPOCHS, SEARCH, open_records, planned, valley

RULES = ("median", "wilcoxon", "hyperband")
TEXT = SEARCH.replace("trials: 10", "trials: 20")


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def run(store: Store, name: str, record, epochs: float = math.inf) -> None:
    """Run a trial in this process as a worker does, which is killed after `epochs` of them."""
    store.enter(name, record)
    lease, seen = leases.claim(store.trial(name)), [0]

    def report(message: object) -> None:
        seen[0] += isinstance(message, EpochRow)
        if seen[0] >= epochs:
            raise Stopped("killed")

    try:
        run_trial(
            valley()().run,
            store,
            name,
            lease=lease,
            device="cpu",
            stop=lambda: False,
            report=report,
            record=record,
            group=Alone(),
            known=("height", "resumed"),
            ends_early=stopping.rule(record, store),
        )
    except Stopped:
        pass
    finally:
        lease.release()


def searched(tmp_path: Path, text: str, run=run, reverse=False):
    store = Store(tmp_path / "results")
    while left := open_records(plan := planned(tmp_path, text, store), store):
        for name, record in sorted(left.items(), reverse=reverse):
            run(store, name, record)
    return plan


def outcome(tmp_path: Path, text: str, **how):
    plan = searched(tmp_path, text, **how)
    store = Store(tmp_path / "results")
    rows = [
        (p.state, p.objective, len(store.result(p.trial.name).history))
        for p in plan.search.proposals
    ]
    return plan, rows, [*plan.search.chosen]


@pytest.mark.heavy
@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_stops_is_censored_and_on_no_front(tmp_path, rule):
    plan, rows, chosen = outcome(tmp_path, TEXT + f"  stop: {rule}\n")
    store, search = Store(tmp_path / "results"), plan.search
    censored = [p for p in search.proposals if p.state == "censored"]
    assert censored
    assert search.censored == len(censored)
    assert all(p.ended and p.objective is None for p in censored)
    for proposal in censored:
        result = store.result(proposal.trial.name)
        assert result.metrics == {}
        assert 1 <= len(result.history) < EPOCHS
    assert not {p.number for p in search.front} & {p.number for p in censored}
    # None of the first batch, to which no other candidate was told.
    assert all(state == "completed" for state, *_ in rows[:4])
    assert chosen
    assert not plan.missing


@pytest.mark.heavy
@pytest.mark.parametrize("rule", RULES)
def test_a_kill_after_any_epoch_and_another_order_decide_the_same(tmp_path, rule):
    text = TEXT + f"  stop: {rule}\n"
    _, rows, chosen = outcome(tmp_path / "calm", text)

    def killed(store, name, record):
        for epochs in (1, 2, 1):
            if store.result(name) is None:
                run(store, name, record, epochs)
        if store.result(name) is None:
            run(store, name, record)

    _, others, same = outcome(tmp_path / "wild", text, run=killed, reverse=True)
    assert (others, same) == (rows, chosen)


def test_censored_candidates_enter_no_mean(tmp_path):
    plan = searched(tmp_path, TEXT + "  stop: median\n")
    analysis = Analysis(plan, Store(tmp_path / "results"))
    assert {*analysis.measurements["seed"].dropna()} == {0, 1}
    assert len(analysis.candidates.rows) == 20 - plan.search.censored
    assert [*analysis.candidates.frame["state"]].count("censored") == plan.search.censored


def test_a_trial_that_is_the_study_s_own_is_never_stopped(tmp_path):
    plan = searched(tmp_path, TEXT + "  stop: median\n")
    store = Store(tmp_path / "results")
    names = [trial.name for arm in plan.arms for trial in arm.trials]
    assert {store.result(name).state for name in names} == {"completed"}
    records = [json.loads((store.trial(n) / "trial.json").read_text()) for n in names]
    assert not any(record.get("stopping") for record in records)


def test_a_candidate_knows_the_whole_batches_before_it(tmp_path):
    text = TEXT + "  stop: median\n"
    store, first = Store(tmp_path / "results"), planned(tmp_path, text)
    assert {(*r.stopping.earlier,) for r in first.records().values()} == {()}
    for name, record in first.records().items():
        run(store, name, record)
    second = open_records(planned(tmp_path, text), store)
    earlier = [p.trial.name for p in first.search.proposals]
    assert len(second) == 4
    assert [r.stopping.earlier for r in second.values()] == [earlier] * 4


def test_another_rule_and_another_space_share_no_trial_of_a_candidate(tmp_path):
    every = [
        {*planned(tmp_path, text).records()}
        for text in (
            TEXT,
            TEXT + "  stop: median\n",
            TEXT + "  stop: hyperband\n",
            TEXT.replace("high: 200", "high: 190") + "  stop: median\n",
        )
    ]
    assert len(set().union(*every)) == 16
    # But those of more trials, and of another number of arms.
    more = TEXT.replace("trials: 20", "trials: 30").replace("keep: 3", "keep: 5")
    assert {*planned(tmp_path, more + "  stop: median\n").records()} == every[1]


def test_a_task_that_asks_no_rule_refuses_one(tmp_path, monkeypatch):
    monkeypatch.setattr(valley(), "ends_early", False)
    with pytest.raises(SpecError, match="trials of valley cannot be stopped early"):
        planned(tmp_path, TEXT + "  stop: median\n")


def test_an_epoch_without_the_metric_says_nothing(tmp_path):
    rule = stopping.EarlyStopping(
        Stopping(rule="median", metric="height", higher=False, earlier=["gone"]),
        Store(tmp_path / "results"),
    )
    rows = [EpochRow(epoch=0), EpochRow(epoch=1, height=None), EpochRow(epoch=2, height=1.0)]
    assert not rule.ends(rows)
