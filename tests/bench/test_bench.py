"""Models side by side without a study."""

import json
import math
import os

import pytest

from study import bench
from study.bench import session
from study.bench.settings import BenchModel, BenchRequest, Setting
from study.errors import SpecError, StudyError
from study.metrics.execution import ExecutionMode
from study.metrics.workloads import Workload
from study.store.atomic import write
from study.store.store import Store
from tests.catalogue import METRICS

AVERAGE = "{name: test_rest, reduction: average}"


def taken(mode, *models, batch=2, size=64, way=None):
    order = BenchRequest(
        models=bench.labelled(bench.model(text, {}) for text in models),
        settings=(),
        device="cpu",
        threads=1,
        seconds=0.01,
        resolution=0.05,
    )
    return session.bench_session(order, Setting(mode, batch, size, way or ExecutionMode()))


@pytest.fixture(autouse=True)
def unbounded(monkeypatch):
    """The limits of a process of its own are none of this one's."""
    monkeypatch.setattr(session.memory, "bound", lambda: None)


# ---- what is asked for ----


def test_a_model_is_a_name_or_what_a_study_file_has():
    assert bench.model("test_rest", {"a": 1}) == BenchModel("test_rest", {"a": 1})
    model = bench.model("{name: test_rest, ratios: [4, 2, 1, 1]}", {"a": 1})
    assert model == BenchModel("test_rest", {"a": 1, "ratios": [4, 2, 1, 1]})
    assert model.said == "test_rest (a=1, ratios=[4, 2, 1, 1])"


@pytest.mark.parametrize(
    "text", ["{reduction: average}", "{name: [x]}", "{name: a", "{a: 1, a: 2}"]
)
def test_what_is_no_model_is_refused(text):
    with pytest.raises(SpecError):
        bench.model(text, {})


def test_a_model_that_stands_twice_is_timed_twice():
    models = [BenchModel("a"), BenchModel("b"), BenchModel("a"), BenchModel("a")]
    assert list(bench.labelled(models)) == ["a", "b", "a #2", "a #3"]


def test_settings_are_each_with_each_and_once():
    ways = [ExecutionMode(), ExecutionMode("bfloat16")]
    settings = bench.settings(["infer", "train"], [1, 32, 1], [64], ways)
    assert len(settings) == len(set(settings)) == 8
    assert settings[0].said == "infer, batch 1, 64 px, float32, eager"


# ---- what is taken ----


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("mode", "metrics"),
    [
        ("infer", {"throughput", "latency_p50"}),
        pytest.param("train", {"train_throughput"}, marks=pytest.mark.slow),
    ],
)
def test_real_models_are_timed_side_by_side(mode, metrics):
    session = taken(mode, "test_rest", AVERAGE, "test_vit", size=160)
    assert not session.refused
    assert list(session.arms) == ["test_rest", "test_rest (reduction=average)", "test_vit"]
    for label, arm in session.arms.items():
        assert metrics <= set(arm) <= set(METRICS)
        assert all(0 < s.value < math.inf for s in arm.values())
        lane = "throughput" if mode == "infer" else "train_throughput"
        assert bool(arm[lane].ratio) == (label != "test_rest")
        if "memory" in arm:  # the kernel tells of it
            assert arm["memory"].value > 10_000
    json.dumps(session.plain)


def test_the_modes_of_the_command_line_are_those_that_are_timed():
    assert tuple(session.WORKLOADS) == bench.MODES


@pytest.mark.heavy
@pytest.mark.parametrize(
    "way",
    [ExecutionMode("bfloat16"), ExecutionMode(channels_last=True)],
    ids=lambda w: w.description,
)
@pytest.mark.parametrize("mode", bench.MODES)
def test_every_way_can_be_taken(mode, way):
    assert set(taken(mode, "test_rest", way=way).arms) == {"test_rest"}


@pytest.mark.slow
def test_compiled_models_are_timed_and_their_memory_is_not():
    session = taken("infer", "test_rest", AVERAGE, way=ExecutionMode(compiled=True))
    assert not session.refused
    assert not any("memory" in arm for arm in session.arms.values())


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("mode", "model", "size", "batch", "message"),
    [
        ("infer", "test_rest", 32, 2, "Use at least 33 px"),
        ("infer", "test_vit", 60, 2, "divisible by patch size"),
        ("train", "test_resnet", 32, 1, "more than 1 value per channel"),
        ("infer", "vgg11", 16, 2, "too small"),
        ("infer", "{name: test_rest, reduction: averag}", 64, 2, 'did you mean "average"?'),
    ],
)
def test_a_model_that_cannot_do_it_is_told_and_the_others_go_on(mode, model, size, batch, message):
    session = taken(mode, model, "test_byobnet", size=size, batch=batch)
    why = next(iter(session.refused.values()))["speed"]
    assert message in why
    assert "\n" not in why
    assert ("test_byobnet" in session.arms) == (batch > 1)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (["test_rest", "test_res"], 'did you mean "test_rest"?'),
        (["{name: test_rest, redction: average}"], 'did you mean "reduction"?'),
        (["test_rest", "resnet18.nosuch"], "unknown tag of resnet18"),
    ],
)
def test_a_slip_of_the_pen_stops_all_before_anything_is_timed(models, message):
    with pytest.raises(StudyError, match=message.replace("?", r"\?")):
        taken("infer", *models)


def test_a_batch_that_does_not_fit_is_told():
    def lane():
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes")

    from study.metrics.speed import session

    timed = session({"large": lambda: {"batch": Workload(lane, 1)}})
    assert timed.refused == {"large": "speed: it does not fit into cpu at this size"}


# ---- the command ----


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument"),
        (["resnet18", "--mode", "trian"], "'trian' is not one of"),
        (["resnet18", "--batch-size", "1,x"], "'x' is not a valid integer"),
        (["resnet18", "--batch-size", ""], "is not a valid integer"),
        (["resnet18", "--dtype", "int8"], "'int8' is not one of"),
        (["resnet18", "--model-arg", "x"], "key=value"),
        (["resnet18", "--device", "cuda"], "no usable NVIDIA device"),
        (["{name: resnet18"], "not YAML"),
        (["resnet18", "--import", "nosuch.py"], "nosuch.py"),
        (["resnet18", "--seconds", "0"], "--seconds"),
    ],
)
def test_a_wrong_command_is_refused(inside, tmp_path, words, message):
    done = inside("bench", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_session_is_nothing_to_clean(inside, tmp_path):
    store = Store(tmp_path / "results")
    write(store.root / "timings" / "bench-20260101-000000-abcd.json", {"sessions": []})
    os.utime(store.root / "timings" / "bench-20260101-000000-abcd.json", (0, 0))
    done = inside("clean")
    assert "bench-" not in done.stdout
