"""Tuning from the store: the same whatever was killed, in whatever order results came in."""

import random
from dataclasses import replace

import pytest

from study.errors import SpecError
from study.store.store import Store
from tests.registries import restorer
from tests.tune.bowls import BOWL, finish, grown, planned


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def facts(plan):
    """Everything that tuning decides."""
    return [
        (
            row.arm.label,
            [(p.number, dict(p.values), p.objective, p.state) for p in row.proposals],
            row.winner and row.winner.number,
        )
        for row in plan.tuning.arms
    ], [(arm.label, [t.name for t in arm.trials]) for arm in plan.trained]


def test_an_arm_has_no_trials_of_its_own_until_it_has_chosen(tmp_path):
    first = planned(tmp_path)
    assert [len(arm.trials) for arm in first.arms] == [0, 0]
    assert [len(row.proposals) for row in first.tuning.arms] == [4, 4]
    assert len(first.records()) == len(first.missing) == 8
    assert {trial.seed for trial in first.trials} == {2_000_000}
    assert not first.reported


def test_the_next_batch_waits_for_every_trial_of_this_one(tmp_path):
    store, first = Store(tmp_path / "results"), planned(tmp_path)
    *most, last = [n for n, r in first.records().items() if r.label.startswith("none")]
    for name in most:
        finish(store, name, first.records()[name])
    assert [len(row.proposals) for row in planned(tmp_path).tuning.arms] == [4, 4]
    finish(store, last, first.records()[last])
    assert [len(row.proposals) for row in planned(tmp_path).tuning.arms] == [8, 4]


def test_the_winner_is_trained_on_the_seeds_of_the_study(tmp_path):
    plan = grown(tmp_path)
    for row, arm in zip(plan.tuning.arms, plan.arms, strict=True):
        best = min(p.objective for p in row.proposals)
        assert row.winner.objective == best
        values = row.winner.values
        assert arm.config.values["args.rate"] == values["args.rate"]
        assert arm.label == row.arm.label
        assert [trial.seed for trial in arm.trials] == [0, 1]
        assert all(trial.done for trial in arm.trials)
    assert not {t.name for t in plan.reported} & {a.trials[0].name for a in plan.tuning.trials}


def test_every_arm_has_the_same_budget_and_the_first_of_equal_ones_wins(tmp_path):
    plan = grown(tmp_path, finish=lambda s, n, r: finish(s, n, r, value=0.5))
    assert [len(row.proposals) for row in plan.tuning.arms] == [10, 10]
    assert [row.winner.number for row in plan.tuning.arms] == [0, 0]
    # The values of the file won: the arm is the one that the file describes, under its old name.
    plain = planned(tmp_path, BOWL.partition("tune:")[0])
    assert [arm.digest for arm in plan.arms] == [arm.digest for arm in plain.arms]


@pytest.mark.heavy
def test_results_in_any_order_and_kills_between_any_two_of_them_change_nothing(tmp_path):
    calm = facts(grown(tmp_path / "calm"))
    for seed in range(10):
        draw, store = random.Random(seed), Store(tmp_path / f"{seed}" / "results")
        for _ in range(1000):
            # Whoever plans is killed after a few results; the next process begins anew.
            plan = planned(tmp_path / f"{seed}", store=store)
            open_ = [(n, r) for n, r in plan.records().items() if store.result(n) is None]
            if not open_:
                break
            draw.shuffle(open_)
            for name, record in open_[: draw.randint(1, 5)]:
                finish(store, name, record, seconds=draw.random())
        assert facts(plan) == calm
        assert len(store.results()) == len({t.name for t in plan.trials})


def breaking(store, name, record):
    """Trials of low rates fail, those of high ones diverge."""
    rate = record.config.parts["args"]["rate"]
    state = "failed" if rate < 1e-3 else "diverged" if rate > 3e-2 else "completed"
    finish(store, name, record, state)


def test_failed_and_diverged_trials_are_spent_and_never_win(tmp_path):
    plan = grown(tmp_path, finish=breaking)
    for row in plan.tuning.arms:
        states = [p.state for p in row.proposals]
        assert {"failed", "diverged"} <= {*states}
        assert row.winner.state == "completed"
        assert len(states) == 10
    # They are no open trials: the study is complete.
    assert not plan.missing


def test_a_failed_trial_of_an_open_batch_may_be_tried_again(tmp_path):
    store, first = Store(tmp_path / "results"), planned(tmp_path)
    name = next(iter(first.records()))
    finish(store, name, first.records()[name], "failed")
    assert name in planned(tmp_path).records()
    store.retry(name)
    finish(store, name, first.records()[name])
    assert name not in planned(tmp_path).records()


def test_an_arm_whose_trials_all_failed_has_no_winner_and_is_tried_again(tmp_path):
    def half_fails(store, name, record):
        finish(
            store,
            name,
            record,
            "failed" if record.config.parts["args"]["momentum"] else "completed",
        )

    plan = grown(tmp_path, finish=half_fails)
    none, half = plan.tuning.arms
    assert none.winner
    assert half.spent
    assert half.winner is None
    assert [len(arm.trials) for arm in plan.arms] == [2, 0]
    assert len(plan.missing) == 10


def test_every_arm_is_also_trained_with_the_values_of_the_baseline(tmp_path):
    plan = grown(tmp_path)
    base, half = plan.tuning.arms
    assert base.at_baseline is None
    there = half.at_baseline
    assert there.config.values["args.rate"] == base.winner.values["args.rate"]
    assert there.config.values["args.momentum"] == 0.5
    assert [trial.seed for trial in there.trials] == [0, 1]
    assert {t.name for t in there.trials} <= {t.name for t in plan.reported}
    off = planned(tmp_path, BOWL + "  at_baseline: false\n")
    assert not off.tuning.at_baseline


def test_values_that_cannot_be_built_are_spent_without_a_trial(tmp_path, monkeypatch):
    from study.spec.problems import Problem
    from study.tasks.arms import ResolvedArms
    from tests.tune.bowls import bowl

    task = bowl()

    def resolved_alone(self, file, arm, store):
        every = super(task, self).resolved_alone(file, arm, store)
        many = arm.values.get("args.steps", 0) > 110
        return ResolvedArms([], [Problem("too many", file.places.key("tune"))]) if many else every

    monkeypatch.setattr(task, "resolved_alone", resolved_alone)
    plan = grown(tmp_path)
    refused = [p for p in plan.tuning.arms[0].proposals if p.state == "refused"]
    assert refused
    assert all(p.refused == "too many" and p.trial is None for p in refused)


def test_a_winner_of_an_arm_changes_no_name_of_an_untuned_study(tmp_path):
    text = BOWL.partition("tune:")[0]
    before = planned(tmp_path, text)
    grown(tmp_path)
    assert [a.digest for a in planned(tmp_path, text).arms] == [a.digest for a in before.arms]
    assert planned(tmp_path, text).tuning is None


def test_a_seed_that_the_study_reports_is_refused(tmp_path):
    text = BOWL.replace("seeds: 2", "seeds: [2000003]") + "  seed: 3\n"
    with pytest.raises(SpecError, match="proposals would use seed 2000003"):
        planned(tmp_path, text)


def test_the_study_of_a_plan_is_planned_by_its_text_alone(tmp_path):
    plan = grown(tmp_path)
    again = planned(tmp_path, plan.study.text)
    assert facts(again) == facts(plan)
    assert replace(again.tuning.arms[0], proposals=()) != again.tuning.arms[0]
