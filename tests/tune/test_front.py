"""The front of a search, and the candidates of it that become arms."""

from dataclasses import replace

import pytest

from study.spec.metric import Catalogue, Metric
from study.spec.problems import Problem
from study.tasks import TASKS
from tests.registries import restorer
from tests.tune.searches import finish, grown, planned, valley
from tests.tune.test_search import FEW, FREE, SMALL


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def test_no_candidate_of_the_front_is_beaten_and_every_other_one_is(tmp_path):
    search = grown(tmp_path, FREE).search
    rows = [search.objectives(proposal) for proposal in search.proposals]
    front = {search.objectives(proposal) for proposal in search.front}
    for height, work in rows:
        beaten = any(h <= height and w <= work and (h, w) != (height, work) for h, w in rows)
        assert ((height, work) in front) != beaten


def test_the_front_is_trained_again_with_the_seeds_of_the_study(tmp_path):
    plan = grown(tmp_path)
    search = plan.search
    others = [proposal.number for proposal in search.front if proposal.values]
    assert 0 < len(search.chosen) <= 3
    assert {proposal.number for proposal in search.chosen.values()} <= {*others}
    assert [arm.label for arm in plan.arms] == ["baseline", *search.chosen]
    for arm, proposal in zip(plan.arms[1:], search.chosen.values(), strict=True):
        assert arm.config.values["args.steps"] == proposal.values["args.steps"]
        assert [trial.seed for trial in arm.trials] == [0, 1]
    assert not {t.name for t in plan.reported} & {a.trials[0].name for a in search.trials}
    costs = [arm.cost_record.cost["work"] for arm in plan.arms[1:]]
    assert costs == sorted(costs)


def falling(store, name, record):
    """Every candidate is on the front: the height is the inverse of the work."""
    finish(store, name, record, value=1 / record.config.parts["args"]["steps"])


def test_of_a_larger_front_the_ends_stay_and_the_crowded_ones_go(tmp_path):
    text = FREE.replace("args.steps: {low: 20, high: 200}", "args.steps: [20, 22, 24, 90, 200]")
    search = grown(tmp_path, text, finish=falling).search
    front = sorted({p.arm.cost_record.cost["work"] for p in search.front})
    chosen = [p.arm.cost_record.cost["work"] for p in search.chosen.values()]
    assert len(front) > 3
    assert len(chosen) == 3
    assert (chosen[0], chosen[-1]) == (20, 200)
    assert chosen[1] == 90


def test_of_candidates_that_are_equal_in_all_objectives_the_first_is_trained_again(tmp_path):
    def level(store, name, record):
        finish(store, name, record, value=0.5)

    text = FREE.replace("args.steps: {low: 20, high: 200}", "args.steps: [20, 100]")
    search = grown(tmp_path, text, finish=level).search
    least = [p.number for p in search.front if p.arm.cost_record.cost["work"] == 20]
    assert len(least) > 1
    assert [p.number for p in search.chosen.values()] == [min(least)]


def test_a_front_of_the_baseline_alone_leaves_nothing_to_compare(tmp_path):
    def worst(store, name, record):
        finish(store, name, record, value=float(record.config.parts["args"]["steps"] != 100))

    text = FREE.replace("{low: 20, high: 200}", "{low: 101, high: 200}")
    plan = grown(tmp_path, text, finish=worst)
    assert [arm.label for arm in plan.arms] == ["baseline"]
    assert not plan.missing


def test_a_candidate_that_only_the_audit_refuses_is_left_out_with_a_note(tmp_path, monkeypatch):
    label = [*grown(tmp_path).search.chosen][1]
    resolve = valley().arms

    def arms(self, file, store, **how):
        every, study = resolve(self, file, store, **how), file.study
        marked = [arm for arm in study.arms if study.arm_label(arm) == label]
        problems = [Problem("has a switch without effect", file.places.key("search"))]
        return replace(every, problems=problems) if marked else every

    monkeypatch.setattr(valley(), "arms", arms)
    plan = planned(tmp_path)
    assert label in plan.search.chosen
    assert [a.label for a in plan.arms] == [
        "baseline",
        *(n for n in plan.search.chosen if n != label),
    ]
    assert f"{label} was on the front, and is left out: has a switch without effect" in plan.notes


def test_three_objectives_have_one_front(tmp_path):
    text = FREE.replace("[height, work]", "[height, work, room]")
    room = Metric("Room", "m", 1, 0, better="higher", kind="cost")

    class Roomy(valley()):
        catalogue = Catalogue({**valley().catalogue, "room": room})

        def cost(self, values):
            return super().cost(values) | {"room": 200 * values["args"].momentum}

    TASKS["roomy"] = Roomy()
    search = grown(tmp_path, text.replace("task: valley", "task: roomy")).search
    assert search.higher == (False, False, True)
    rows = [search.objectives(p) for p in search.proposals]
    front = {search.objectives(p) for p in search.front}
    for a in rows:
        beaten = any(b != a and b[0] <= a[0] and b[1] <= a[1] and b[2] >= a[2] for b in rows)
        assert (a in front) != beaten


def test_labels_that_read_alike_are_those_of_two_arms(tmp_path):
    space = """\
    args.steps: {a + b: 40, a: 60, c: 80}
    args.momentum: {none: 0.0, b: 0.5}
"""
    text = FEW.replace(SMALL, space).replace("keep: 3", "keep: 9")
    plan = grown(tmp_path, text, finish=falling)
    works = {p.arm.cost_record.cost["work"] for p in plan.search.front if p.values}
    assert {arm.cost_record.cost["work"] for arm in plan.arms[1:]} == works
    assert len({arm.label for arm in plan.arms}) == len(plan.arms)
