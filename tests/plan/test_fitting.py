"""The choices that fit a budget, on known times of trials."""

import math
import sys
from dataclasses import replace

import pytest

from study.api.request import StudyRequest
from study.plan import budgets, estimate
from study.plan.estimate import Hardware, TrialTimes
from study.plan.fitting import Fitting
from study.stats import smallest_effect
from study.store.atomic import write
from study.store.records import Environment, Result
from tests.conftest import ROOT
from tests.registries import restorer

BOWL = """\
task: toy
question: Does momentum help?
baseline:
  args: {rate: 0.01, steps: 100}
factors:
  args.momentum: {none: 0.0, half: 0.5, more: 0.7}
seeds: 4
columns: [work, height]
"""


@pytest.fixture
def bowl(tmp_path):
    """The plan of three arms of four seeds, and its store."""
    restore = restorer()
    path = tmp_path / "bowl.yaml"
    path.write_text(BOWL)
    toy = str(ROOT / "tests/tasks/toy.py")
    yield StudyRequest(path, None, (), tmp_path / "results", (toy,)).plan()
    restore()
    sys.modules.pop("toy", None)


def fitting(plan, text, *, seconds=60.0, workers=2, units=1.0, price=None):
    times = TrialTimes({arm.digest: seconds for arm in plan.arms}, "known")
    return Fitting(plan, times, budgets.budget(text, price), workers, units)


def rows(fitted):
    return {choice.name: choice for choice in fitted.choices}


def test_workers_share_the_wall_time(bowl):
    plan, _ = bowl
    assert fitting(plan, "6m").whole.spend == 360
    assert fitting(plan, "6m").number == 12
    assert fitting(plan, "200s").number == 6
    assert fitting(plan, "59s").number == 0
    assert fitting(plan, "1m", workers=12).number == 12


def test_device_hours_add_up_whoever_spends_them(bowl):
    plan, _ = bowl
    for workers in (1, 12):
        few = fitting(plan, "0.1gpuh", workers=workers, units=2)
        assert (few.number, few.whole.spend) == (3, 12 * 120)


def test_what_does_not_fit_is_cut_by_seeds_by_arms_or_by_epochs(bowl):
    plan, _ = bowl
    plan = replace(plan, arms=tuple(replace(arm, epochs=10) for arm in plan.arms))
    choices = rows(fitting(plan, "250s"))
    assert [*choices] == ["as planned", "fewer seeds", "fewer arms", "fewer epochs"]
    assert not choices["as planned"].fits
    seeds, arms, epochs = (choices[f"fewer {name}"] for name in ("seeds", "arms", "epochs"))
    assert (seeds.arms, seeds.seeds, seeds.trials, seeds.spend) == (3, 2, 6, 180)
    assert (arms.arms, arms.seeds, arms.trials, arms.spend) == (2, 4, 8, 240)
    assert (epochs.epochs, epochs.trials, epochs.spend) == (6, 12, 216)
    assert seeds.effect == smallest_effect(2)
    assert arms.effect == epochs.effect == smallest_effect(4)
    assert all(choice.fits for choice in (seeds, arms, epochs))


def test_a_budget_may_have_room_for_more_seeds(bowl):
    plan, _ = bowl
    choices = rows(fitting(plan, "1h"))
    assert [*choices] == ["as planned", "more seeds"]
    assert (choices["more seeds"].seeds, choices["more seeds"].spend) == (40, 3600)


def test_finished_trials_cost_nothing(bowl):
    plan, _ = bowl
    done = [replace(trial, state="completed") for trial in plan.baseline.trials]
    plan = replace(plan, arms=(replace(plan.baseline, trials=tuple(done)), *plan.arms[1:]))
    assert (fitting(plan, "1h").whole.trials, fitting(plan, "1h").whole.spend) == (8, 240)


def test_a_budget_of_less_than_a_seed_leaves_no_choice(bowl):
    assert [*rows(fitting(bowl[0], "30s"))] == ["as planned"]


def test_one_seed_shows_no_effect(bowl):
    assert math.isinf(rows(fitting(bowl[0], "2m"))["fewer seeds"].effect)


def measured(plan, store, **environment):
    """The plan, one of whose trials has a result of 60 s."""
    trial = plan.baseline.trials[0]
    result = Result(
        format=1,
        trial=trial.name,
        state="completed",
        config=plan.baseline.config,
        metrics={},
        environment=Environment(**environment),
        seconds=60.0,
    )
    store.trial(trial.name).mkdir(parents=True, exist_ok=True)
    write(store.trial(trial.name) / "result.json", result.model_dump(mode="json"))
    done = (replace(trial, state="completed"), *plan.baseline.trials[1:])
    return replace(plan, arms=(replace(plan.baseline, trials=done), *plan.arms[1:]))


def test_times_on_slurm_come_from_trials_of_that_partition_or_are_absent(bowl):
    node = estimate.platform.node()
    plan, store = bowl

    def times(hardware, **environment):
        planned = measured(plan, store, **environment)
        return estimate.trial_times(planned, store, hardware=hardware)

    here, gpu = Hardware(device="cpu", processes=1), Hardware("gpu", "cuda", 1)
    assert times(here, machine=node, device="cpu") is not None
    assert times(here, machine=node, device="NVIDIA H100") is None
    assert times(gpu, machine=node, device="NVIDIA H100") is None
    assert times(gpu, machine="n1", device="NVIDIA H100", partition="debug") is None
    assert times(gpu, machine="n1", device="NVIDIA H100", partition="gpu", processes=8) is None
    alike = times(gpu, machine="n1", device="NVIDIA H100", partition="gpu")
    assert alike.source == "from finished trials on partition gpu (NVIDIA H100)"
    assert {*alike.seconds.values()} == {60.0}
    anywhere = times(Hardware(anywhere=True), machine="n1", device="NVIDIA H100", partition="gpu")
    assert anywhere.source == "from finished trials on any machine (NVIDIA H100)"
