"""A timing session over arms of a study, with real models."""

import math

import pytest

from study.launch.machine import Machine
from study.store.job_records import Job
from study.store.records import TrialConfig, TrialRecord
from study.tasks.classification.schema import Recipe
from study.tasks.classification.task import TASK
from study.trial.timing import run_timing_session
from tests.catalogue import METRICS

SPEED = [name for name, metric in METRICS.items() if metric.kind == "speed"]


def record(reduction="depthwise", **recipe):
    model = {"name": "test_rest", "arguments": {"reduction": reduction}}
    recipe = Recipe(**{"batch_size": 4, "epochs": 1, **recipe})
    return TrialRecord(
        config=TrialConfig(model=model, data={"name": "digits"}, recipe=recipe.model_dump()),
        shape={"num_classes": 10, "in_chans": 3, "img_size": 64},
    )


def timed(metrics, baseline="a", how=None, **records):
    machine = Machine(on="inline", workers=1, device="cpu", threads=1)
    work = {"phases": ["timings"], "batch_size": 2, "seconds": 0.01, "metrics": metrics}
    settings = {**machine.order, **work, **(how or {})}
    job = Job.checked({**settings, "store": "results", "baseline": baseline})
    ticks = []
    arms = records or {"a": record(), "b": record("average")}
    session = run_timing_session(
        arms, job, lambda *now: ticks.append(now), workloads=TASK.workloads, steps=TASK.steps
    )
    assert ticks[-1] == (session.how.rounds,) * 2
    return session


@pytest.mark.parametrize(
    ("metrics", "lanes"),
    [
        (["throughput"], {"batch": 2}),
        (["latency_p50"], {"single": 1}),
        (["train_throughput"], {"train": 4}),
        (["throughput", "latency_p50"], {"batch": 2, "single": 1}),
    ],
)
def test_what_is_asked_for_is_taken_and_nothing_else(metrics, lanes):
    session = timed(metrics)
    assert not session.refused
    for arm in "ab":
        taken = session.times[arm]
        assert {lane: times["images"] for lane, times in taken.items()} == lanes
        assert set(metrics) <= set(session.arms[arm])
        assert all(0 < spread.value < math.inf for spread in session.arms[arm].values())
    assert session.how.rounds == len(session.how.loads) >= session.how.builds > 1
    assert len(session.how.around) == 2
    assert session.how.way == "float32, eager"


def test_inference_is_timed_as_the_study_says_and_its_memory_is_apart_from_trainings():
    how = {"precision": "bfloat16", "channels_last": True}
    session = timed(["throughput", "memory", "inference_memory"], how=how)
    assert not session.refused
    assert session.how.way == "bfloat16, eager, channels-last"
    for arm in "ab":
        inference, update = (session.arms[arm][n].value for n in ("inference_memory", "memory"))
        assert 0 < inference < update


def test_both_paths_are_timed_in_one_session_where_a_model_has_both():
    columns = ["throughput", "throughput@fast", "inference_memory@fast"]
    shape, data = {"num_classes": 10, "in_chans": 3, "img_size": 64}, {"name": "digits"}
    model = {"name": "test_resnet", "arguments": {}}
    config = {"model": model, "data": data, "recipe": Recipe().model_dump()}
    resnet = TrialRecord(config=TrialConfig(**config), shape=shape)
    session = timed(columns, a=record(), b=resnet)
    assert session.arms["a"].keys() == set(columns)
    assert session.arms["b"].keys() == {"throughput"}
    why = "test_resnet has no fast path (ResT and PVT have)"
    assert session.refused["b"]["throughput@fast"] == f"throughput@fast: {why}"
    assert why in session.refused["b"]["inference_memory@fast"]


def test_several_batch_sizes_are_taken_in_one_session():
    columns = ["throughput@b1", "throughput", "throughput@b3", "inference_memory@b3"]
    session = timed(columns)
    assert not session.refused
    for arm in "ab":
        images = {name: times["images"] for name, times in session.times[arm].items()}
        assert images == {"batch@b1": 1, "batch": 2, "batch@b3": 3}
        assert session.arms[arm].keys() == set(columns)


@pytest.mark.parametrize("baseline", ["a", "b"])
def test_the_baseline_is_the_one_that_is_named(baseline):
    arms = timed(["throughput"], baseline).arms
    assert [arm for arm in arms if not arms[arm]["throughput"].ratio] == [baseline]


@pytest.mark.heavy
def test_memory_alone_times_nothing():
    session = timed(["memory"])
    assert session.how.rounds == 0
    assert not session.times
    measured = {**session.arms, **session.refused}
    assert set(measured) == {"a", "b"}


@pytest.mark.parametrize(
    "recipe",
    [
        {"mixup": 0.2, "cutmix": 1.0, "reprob": 0.25},
        {"opt": "adamw", "clip_grad": 1.0, "model_ema": True, "channels_last": True},
        {"amp": True, "amp_dtype": "bfloat16", "grad_accum_steps": 2},
        {"class_weights": "balanced"},
    ],
    ids=lambda recipe: next(iter(recipe)),
)
def test_every_kind_of_recipe_is_stepped(recipe):
    session = timed(["train_throughput"], a=record(**recipe), b=record("average", **recipe))
    assert not session.refused
    assert session.arms["b"]["train_throughput"].ratio.value > 0


@pytest.mark.heavy
def test_an_arm_that_cannot_be_built_is_refused_and_the_others_are_timed():
    arms = {"a": record(), "b": record("averag"), "c": record("average")}
    session = timed(["throughput", "memory"], **arms)
    assert set(session.refused) >= {"b"}
    assert 'did you mean "average"?' in session.refused["b"]["speed"]
    assert {"a", "c"} <= set(session.arms)


def test_the_baseline_is_timed_against_itself():
    session = timed(["throughput", "latency_p50"])
    assert session.how.builds > 2
    assert session.again.keys() == {"throughput", "latency_p50"}
    assert session.arms.keys() == session.times.keys() == {"a", "b"}


def test_equal_arms_have_a_ratio_of_about_one():
    """Of a machine that others use: wide, but not wrong."""
    arms = {name: record() for name in "ab"}
    ratio = timed(["throughput"], **arms).arms["b"]["throughput"].ratio
    assert 0.5 < ratio.value < 2
    assert ratio.low <= ratio.value <= ratio.high
    assert set(ratio.plain) == {"value", "low", "high"}


@pytest.mark.heavy
def test_the_metrics_of_the_catalogue_are_all_made():
    """But for what this machine cannot tell, and tails of a short session."""
    metrics = {name for arm in timed(SPEED).arms.values() for name in arm}
    assert set(SPEED) - metrics <= {"energy", "latency_p90", "latency_p99", "memory"}


def test_a_tail_of_few_calls_is_refused_with_what_would_help():
    session = timed(["throughput", "latency_p99"])
    for arm in "ab":
        assert "latency_p99" not in session.arms[arm]
        assert "timing.seconds" in session.refused[arm]["latency_p99"]


def test_energy_that_nobody_counts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("study.metrics.energy.RAPL", tmp_path)
    session = timed(["energy"])
    assert session.refused["a"] == {"energy": "energy: no counter can be read on this device"}
