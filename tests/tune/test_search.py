"""A search from the store: refusals, the front, and the same whatever was killed."""

import random

import pytest

from study.errors import SpecError
from study.spec.problems import Problem
from study.store.store import Store
from study.tasks.arms import ResolvedArms
from tests.registries import restorer
from tests.tune.searches import SEARCH, finish, grown, open_records, planned, valley

SMALL = """\
    args.steps: [40, 80, 120]
    args.momentum: {none: 0.0, half: 0.5}
"""
FREE = SEARCH.replace("  constraints:\n    work: {max: 150}\n", "")
FEW = FREE.partition("    args.rate")[0] + SMALL + FREE[FREE.index("  objectives") :]


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def facts(plan):
    """Everything that a search decides."""
    search = plan.search
    return (
        [(p.number, dict(p.values), search.objectives(p), p.state) for p in search.proposals],
        search.rejected,
        list(search.chosen),
        [(arm.label, [t.name for t in arm.trials]) for arm in plan.trained],
    )


def test_the_baseline_is_the_only_arm_and_has_no_trials_until_the_search_has_ended(tmp_path):
    first = planned(tmp_path)
    assert [arm.label for arm in first.arms] == ["baseline"]
    assert [len(arm.trials) for arm in first.arms] == [0]
    assert len(first.search.proposals) == len(first.missing) == 4
    assert first.search.proposals[0].values == {}
    assert {trial.seed for trial in first.trials} == {2_000_000}
    assert not first.reported


def test_the_next_batch_waits_for_every_candidate_of_this_one(tmp_path):
    store, first = Store(tmp_path / "results"), planned(tmp_path)
    *most, last = first.records().items()
    for name, record in most:
        finish(store, name, record)
    assert len(planned(tmp_path).search.proposals) == 4
    finish(store, *last)
    assert len(planned(tmp_path).search.proposals) == 8


def test_a_candidate_that_breaks_a_constraint_is_refused_before_training_and_counted(tmp_path):
    plan = grown(tmp_path)
    search = plan.search
    costs = [search.objectives(proposal)[1] for proposal in search.proposals]
    assert max(costs) <= 150
    # Refused ones cost no trial, so there are as many candidates as without a constraint.
    assert len(costs) == len({p.trial.name for p in search.proposals}) == 10
    assert search.rejected.outside == search.rejected.constraints["work"] > 0
    assert search.rejected.repeated == search.rejected.unfit == 0
    free = grown(tmp_path / "free", FREE).search
    assert free.rejected.count == 0
    assert max(free.objectives(proposal)[1] for proposal in free.proposals) > 150


def test_a_multiple_is_one_of_the_baseline(tmp_path):
    relative = grown(tmp_path, SEARCH.replace("max: 150", "max: 1.5x")).search
    absolute = grown(tmp_path / "absolute", SEARCH).search
    assert [p.values for p in relative.proposals] == [p.values for p in absolute.proposals]


def test_a_baseline_outside_the_constraints_is_an_arm_and_no_candidate(tmp_path):
    plan = grown(tmp_path, SEARCH.replace("max: 150", "max: 90"))
    assert all(proposal.values for proposal in plan.search.proposals)
    assert plan.arms[0].label == "baseline"
    assert [trial.seed for trial in plan.arms[0].trials] == [0, 1]


def test_constraints_that_no_candidate_keeps_are_refused_at_their_place(tmp_path):
    with pytest.raises(
        SpecError, match="none of 500 candidates can be trained; they break"
    ) as error:
        planned(tmp_path, SEARCH.replace("max: 150", "max: 10") + "  sampler: random\n")
    assert f"valley.yaml:{SEARCH.splitlines().index('  constraints:') + 1}:3" in str(error.value)


def test_a_multiple_of_an_unknown_cost_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(
        valley(), "cost", lambda self, v: {"work": v["args"].steps if v["args"].momentum else None}
    )
    with pytest.raises(SpecError, match="the baseline's work is not known"):
        planned(tmp_path, SEARCH.replace("max: 150", "max: 1.5x"))


def test_a_candidate_whose_cost_is_unknown_cannot_be_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(
        valley(), "cost", lambda self, v: {"work": None if v["args"].momentum else v["args"].steps}
    )
    search = grown(tmp_path, FREE).search
    assert {p.values.get("args.momentum", 0.0) for p in search.proposals} == {0.0}
    assert search.rejected.unfit > 0
    assert search.rejected.example.startswith("work cannot be counted")


def test_candidates_that_cannot_be_built_are_counted_and_cost_no_trial(tmp_path, monkeypatch):
    def resolved_alone(self, file, arm, store):
        every = super(valley(), self).resolved_alone(file, arm, store)
        wrong = [Problem("too many", file.places.key("search"))]
        return ResolvedArms([], wrong) if arm.values.get("args.steps", 0) > 110 else every

    monkeypatch.setattr(valley(), "resolved_alone", resolved_alone)
    search = grown(tmp_path, FREE).search
    assert len(search.proposals) == 10
    assert all(proposal.objective is not None for proposal in search.proposals)
    assert (search.rejected.unfit > 0, search.rejected.example) == (True, "too many")


def test_a_space_without_another_candidate_ends_the_search(tmp_path):
    plan = grown(tmp_path, FEW)
    search = plan.search
    # All of the six combinations, and the file's 100 steps, which lie outside the space.
    assert (len(search.proposals), search.budget, search.exhausted) == (7, 7, True)
    assert search.spent
    assert search.rejected.repeated > 0
    assert not plan.missing


@pytest.mark.parametrize("seed", range(5))
def test_a_small_space_is_found_whole(tmp_path, seed):
    text = FEW.replace("trials: 10", f"trials: 7\n  seed: {seed}")
    search = grown(tmp_path, text).search
    assert len(search.proposals) == 7
    assert not search.exhausted


def breaking(store, name, record):
    """Low rates fail, high ones diverge."""
    rate = record.config.parts["args"]["rate"]
    state = "failed" if rate < 5e-3 else "diverged" if rate > 3e-2 else "completed"
    finish(store, name, record, state)


def test_failed_and_diverged_candidates_are_spent_and_on_no_front(tmp_path):
    plan = grown(tmp_path, finish=breaking)
    search = plan.search
    states = [proposal.state for proposal in search.proposals]
    assert {"failed", "diverged", "completed"} == {*states}
    assert len(states) == 10
    assert {proposal.state for proposal in search.front} == {"completed"}
    assert not plan.missing


def test_where_every_candidate_failed_all_are_tried_again(tmp_path):
    def fails(store, name, record):
        finish(store, name, record, "failed")

    plan = grown(tmp_path, finish=fails)
    assert plan.search.spent
    assert not plan.search.front
    assert len(plan.missing) == 10 + 2
    assert [arm.label for arm in plan.arms] == ["baseline"]


@pytest.mark.heavy
def test_results_in_any_order_and_kills_between_any_two_of_them_change_nothing(tmp_path):
    calm = facts(grown(tmp_path / "calm", finish=breaking))
    for seed in range(6):
        draw, store = random.Random(seed), Store(tmp_path / f"{seed}" / "results")
        for _ in range(1000):
            # Whoever plans is killed after a few results; the next process begins anew.
            plan = planned(tmp_path / f"{seed}", store=store)
            left = [*open_records(plan, store).items()]
            if not left:
                break
            draw.shuffle(left)
            for name, record in left[: draw.randint(1, 5)]:
                breaking(store, name, record)
        assert facts(plan) == calm


def test_results_that_were_deleted_are_called_for_again(tmp_path):
    before = facts(grown(tmp_path))
    store = Store(tmp_path / "results")
    name = before[3][1][1][0]
    (store.trial(name) / "result.json").unlink()
    today = planned(tmp_path)
    assert name in today.records()
    assert len(today.search.proposals) == 4
    assert facts(grown(tmp_path)) == before


def test_more_trials_go_on_where_the_search_ended(tmp_path):
    ten = grown(tmp_path).search
    more = grown(tmp_path, SEARCH.replace("trials: 10", "trials: 14")).search
    assert [p.values for p in more.proposals][:10] == [p.values for p in ten.proposals]
    assert len(more.proposals) == 14


def test_a_seed_that_the_study_reports_is_refused(tmp_path):
    with pytest.raises(SpecError, match="proposals would use seed 2000003"):
        planned(tmp_path, SEARCH.replace("seeds: 2", "seeds: [2000003]") + "  seed: 3\n")


@pytest.mark.parametrize("sampler", ["random", "qmc", "nsgaii", "nsgaiii"])
def test_every_sampler_proposes_the_same_again(tmp_path, sampler):
    text = SEARCH + f"  sampler: {sampler}\n"
    left, right = grown(tmp_path / "left", text), grown(tmp_path / "right", text)
    assert facts(left) == facts(right)
    assert len(left.search.proposals) == 10


def test_the_study_of_a_plan_is_planned_by_its_text_alone(tmp_path):
    plan = grown(tmp_path)
    assert facts(planned(tmp_path, plan.study.text)) == facts(plan)
