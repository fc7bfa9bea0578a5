"""Seeds that are added until comparisons are decided: what a plan calls for, from results alone."""

import sys

import pytest

from study.api import Study
from study.errors import SpecError
from study.plan import sequential
from study.store import leases
from study.store.records import Environment, Outcome
from tests.conftest import ROOT
from tests.registries import restorer

TOY = str(ROOT / "tests" / "tasks" / "toy.py")
LEVELS = {"none": 0.0, "tiny": 0.01, "half": 0.5}
HEIGHTS = [0.40, 0.34, 0.41, 0.35, 0.37, 0.36]


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()
    sys.modules.pop("toy", None)


@pytest.fixture
def bowl(tmp_path, monkeypatch):
    """bowl(**keys): a study of three arms with 3 to 6 seeds."""
    monkeypatch.chdir(tmp_path)

    def study(**keys):
        values = {
            "task": "toy",
            "question": "Does momentum help?",
            "baseline": {"args": {"rate": 0.01, "steps": 100}},
            "factors": {"args.momentum": LEVELS},
            "seeds": {"min": 3, "max": 6, "stop": "decided"},
            "columns": ["work", "height"],
        }
        return Study.of("bowl", values | keys, imports=[TOY])

    return study


def finish(study, values, state="completed"):
    """Write results of the first trials of arms: values by label."""
    plan = study.plan()
    records = plan.records()
    for arm in plan.arms:
        for seed, value in enumerate(values.get(arm.label, ())):
            name = f"{arm.digest}-{seed}"
            record = records.get(name) or plan.task.record(arm, seed, plan.study)
            study.store.enter(name, record)
            if study.store.result(name) is not None:
                continue
            outcome = Outcome(
                state="failed" if value is None else state,
                metrics={} if value is None else {"height": value, "resumed": 0},
                config=record.config,
                error="no value" if value is None else None,
                seconds=1.0,
                environment=Environment(machine="here"),
            )
            with leases.claim(study.store.trial(name)) as lease:
                study.store.save(name, outcome, lease)


def counts(study):
    return {arm.label: len(arm.trials) for arm in study.plan().arms}


def test_a_study_begins_with_the_fewest_seeds(bowl):
    assert counts(bowl()) == {"none": 3, "tiny": 3, "half": 3}


def test_only_arms_of_undecided_comparisons_get_another_seed(bowl):
    study = bowl()
    finish(
        study,
        {
            "none": HEIGHTS[:3],
            "tiny": [h - d for h, d in zip(HEIGHTS, [0.01, -0.02, 0.01], strict=False)],
            "half": [h - 0.2 - d for h, d in zip(HEIGHTS, [0, 1e-4, 2e-4], strict=False)],
        },
    )
    assert counts(study) == {"none": 4, "tiny": 4, "half": 3}


def test_a_look_waits_for_both_arms(bowl):
    study = bowl()
    finish(study, {"none": HEIGHTS[:3], "tiny": [0.4, 0.3], "half": [0.4, 0.3, 0.42]})
    assert counts(study) == {"none": 3, "tiny": 3, "half": 3}


def test_no_arm_gets_more_than_the_most_seeds(bowl):
    study = bowl()
    noisy = [h + d for h, d in zip(HEIGHTS, [0.01, -0.01, 0.02, -0.02, 0.01, -0.01], strict=True)]
    for n in range(3, 7):
        finish(study, {"none": HEIGHTS[:n], "tiny": noisy[:n], "half": noisy[::-1][:n]})
    assert counts(study) == {"none": 6, "tiny": 6, "half": 6}
    assert study.plan().missing == []
    states = sequential.decisions(study.plan(), study.store).values()
    assert {(state.state, state.seeds) for state in states} == {("undecided", 6)}


@pytest.mark.parametrize("ended", ["diverged", "failed"])
def test_a_comparison_that_nothing_can_decide_gets_no_more_seeds(bowl, ended):
    study = bowl()
    broken = [0.4, None, 0.4] if ended == "failed" else [0.4, 0.3, 0.4]
    finish(study, {"none": HEIGHTS[:3]})
    finish(study, {"tiny": broken}, state="diverged" if ended == "diverged" else "completed")
    finish(study, {"half": [0.41, 0.30, 0.42]})
    assert counts(study) == {"none": 4, "tiny": 3, "half": 4}


def test_declared_contrasts_alone_call_for_seeds(bowl):
    study = bowl(contrasts=["tiny"])
    undecided = [0.39, 0.35, 0.40]
    finish(study, {"none": HEIGHTS[:3], "tiny": undecided, "half": undecided})
    assert counts(study) == {"none": 4, "tiny": 4, "half": 3}


def test_with_a_margin_arms_that_are_equal_within_it_are_decided(bowl):
    study = bowl(margins={"height": 5.0})  # cm, of values in m
    near = [h + d for h, d in zip(HEIGHTS, [1e-4, 2e-4, 0], strict=False)]
    finish(study, {"none": HEIGHTS[:3], "tiny": near, "half": near})
    assert counts(study) == {"none": 3, "tiny": 3, "half": 3}
    states = sequential.decisions(study.plan(), study.store).values()
    assert {state.state for state in states} == {"equal"}


def test_the_a_a_arm_has_as_many_seeds_as_the_baseline(bowl):
    plan = bowl(aa=True).plan()
    assert sum(trial.is_aa for trial in plan.baseline.trials) == 3


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"factors": {}}, "nothing is compared"),
        ({"columns": ["work"]}, "nothing is compared"),
        ({"seeds": {"min": 4, "max": 3, "stop": "decided"}}, "max is 3, below min, 4"),
        ({"seeds": {"min": 3, "max": 6}}, 'missing key "stop"'),
        ({"seeds": {"min": 3, "max": 6, "stop": "never"}}, "seeds.stop: input should be 'decided'"),
        ({"seeds": {"min": 1, "max": 6, "stop": "decided"}}, "seeds.min"),
    ],
)
def test_seeds_that_decide_nothing_are_refused(bowl, keys, message):
    with pytest.raises(SpecError, match="seeds") as error:
        bowl(**keys).plan()
    assert message in str(error.value)


@pytest.mark.parametrize("state", ["diverged", "failed"])
def test_a_trial_that_ends_a_comparison_stays_in_the_study(bowl, state):
    study, near = bowl(), [0.41, 0.33, 0.42, 0.34]
    finish(study, {"none": HEIGHTS[:4], "half": near})
    finish(study, {"tiny": near[:3]})
    last = [*near[:3], None if state == "failed" else 0.5]
    finish(study, {"tiny": last}, state="diverged" if state == "diverged" else "completed")
    assert counts(study) == {"none": 5, "tiny": 4, "half": 5}
    assert study.plan().arms[1].trials[-1].state == state
    assert len(study.plan().missing) == 2 + (state == "failed")
