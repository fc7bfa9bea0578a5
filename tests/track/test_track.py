"""Trials in somebody else's viewer, by the real packages."""

import json
import os
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from study import track
from study.api.request import StudyRequest
from tests.conftest import ROOT, environment

TRAINED = ("epoch", "lr", "train_loss", "top1", "loss")


@pytest.fixture
def followed(tiny):
    """A plan with its store, in which a test writes what workers would."""
    plan, store = StudyRequest(tiny, None, (), tiny.parent / "results").plan()
    return plan, store, plan.trials[0].name


def write_epochs(store, name, *values):
    store.trial(name).mkdir(parents=True, exist_ok=True)
    rows = [dict(zip(TRAINED, (n, 0.1, 2.0, v, 1.0), strict=True)) for n, v in enumerate(values)]
    (store.trial(name) / "history.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in rows))


def write_result(store, name, plan, state):
    """As much of a result as a store takes for one."""
    config, metrics = plan.baseline.config.plain, {"top1": 0.5}
    record = {"format": 1, "trial": name, "state": state, "config": config, "metrics": metrics}
    (store.trial(name) / "result.json").write_text(json.dumps(record))


def events(store, plan, name):
    """Steps and values of one trial's event files, by tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (folder,) = track.folder(store, plan, "tensorboard").glob(f"*{name}")
    read = EventAccumulator(str(folder))
    read.Reload()
    return {
        tag: [(e.step, round(e.value, 6)) for e in read.Scalars(tag)]
        for tag in read.Tags()["scalars"]
    }


def look(plan, store):
    """The number of epochs and ends that a new follower logs."""
    follower = track.Follower(plan, store, "tensorboard")
    logged = follower.look()
    follower.close()
    return logged


def test_every_epoch_is_told_once_whenever_the_follower_was_started(followed):
    plan, store, name = followed
    assert look(plan, store) == 0
    write_epochs(store, name, 0.1)
    assert (look(plan, store), look(plan, store)) == (1, 0)
    write_epochs(store, name, 0.1, 0.2, 0.3)
    write_result(store, name, plan, "completed")
    assert (look(plan, store), look(plan, store)) == (3, 0)
    logged = events(store, plan, name)
    assert logged["eval/top1"] == [(0, 0.1), (1, 0.2), (2, 0.3)]
    assert [value for _, value in logged["final/top1"]] == [0.5]
    assert [value for _, value in logged["final/params"]] == [
        plan.baseline.cost_record.cost["params"]
    ]


def test_a_trial_that_begins_afresh_repeats_nothing(followed):
    plan, store, name = followed
    write_epochs(store, name, 0.1, 0.2)
    assert look(plan, store) == 2
    write_epochs(store, name, 0.1)
    assert look(plan, store) == 0
    write_epochs(store, name, 0.1, 0.2, 0.3)
    assert look(plan, store) == 1
    assert events(store, plan, name)["eval/top1"] == [(0, 0.1), (1, 0.2), (2, 0.3)]


def test_a_failed_trial_that_is_tried_again_ends_twice(followed):
    plan, store, name = followed
    write_epochs(store, name, 0.1)
    write_result(store, name, plan, "failed")
    assert (look(plan, store), look(plan, store)) == (2, 0)
    store.retry(name)
    assert look(plan, store) == 0
    write_epochs(store, name, 0.1, 0.2)
    write_result(store, name, plan, "completed")
    assert look(plan, store) == 2


def test_what_is_unfinished_is_cut_short_and_no_mistake(followed):
    plan, store, name = followed
    write_epochs(store, name, 0.1, None)  # as the store has what is not finite
    with (store.trial(name) / "history.jsonl").open("a") as file:
        file.write('{"epoch": 2, "top')
    assert look(plan, store) == 2


def test_a_package_that_is_not_there_is_named_before_anything_starts(inside, tiny, monkeypatch):
    monkeypatch.setattr(track, "find_spec", lambda name: None)
    for words in (["track", tiny, "--to", "wandb"], ["run", tiny, "--track", "wandb"]):
        done = inside(*words)
        assert done.returncode == 2
        assert 'pip install -e ".[wandb]"' in done.stderr
    assert not (tiny.parent / "results" / "trials").exists()


def test_an_unknown_tracker_is_refused(inside, tiny):
    done = inside("track", tiny, "--to", "tensorbord")
    assert done.returncode == 2
    assert 'did you mean "tensorboard"? (known: mlflow, tensorboard, wandb)' in done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("on", ["inline", pytest.param("local", marks=pytest.mark.slow)])
def test_a_run_is_tracked_as_it_goes(inside, tiny, on):
    done = inside("run", tiny, "--on", on, "--track", "tensorboard", "--no-speed")
    assert done.returncode == 0, done.stderr
    assert "tensorboard --logdir" in done.stderr
    plan, store = StudyRequest(tiny, None, (), tiny.parent / "results").plan()
    for trial in plan.trials:
        logged = events(store, plan, trial.name)
        assert [step for step, _ in logged["eval/top1"]] == [0, 1]
        assert round(store.result(trial.name).metrics["top1"], 6) == logged["final/top1"][0][1]
    again = inside("run", tiny, "--on", on, "--track", "tensorboard", "--no-speed")
    assert "nothing to train" in again.stderr
    assert "tensorboard --logdir" in again.stderr
    assert (
        "0 new epochs and results" in inside("track", tiny, "--to", "tensorboard", "--watch").stderr
    )


@pytest.mark.slow
def test_a_tracker_that_fails_does_the_run_no_harm(study, tiny):
    in_the_way = tiny.parent / "results" / "track" / "tensorboard" / "tiny" / "told"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("no folder")
    done = study("run", tiny, "--track", "tensorboard", "--no-speed")
    assert done.returncode == 0, done.stderr
    assert "tracking failed, the study did not" in done.stderr
    assert done.stderr.count(" done ") == 4


def test_a_tracker_that_cannot_write_is_refused_before_anything_starts(inside, tiny):
    (tiny.parent / "results" / "track").mkdir()
    (tiny.parent / "results" / "track" / "tensorboard").write_text("no folder")
    done = inside("run", tiny, "--track", "tensorboard", "--no-speed")
    assert done.returncode == 2
    assert "cannot be written: Not a directory" in done.stderr
    assert not (tiny.parent / "results" / "trials").exists()


# ---- packages that are not in the test extra: installed apart ----


@pytest.fixture(scope="session")
def apart(tmp_path_factory):
    """A folder with wandb and MLflow, which timm would else import in every process."""
    folder = tmp_path_factory.mktemp("apart")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*extras["wandb"], *extras["mlflow"], "-c", str(ROOT / "constraints.txt")]
    tools = (
        ["uv", "pip", "install", "--python", sys.executable],
        [sys.executable, "-m", "pip", "install"],
    )
    for tool in tools:
        command = [*tool, "-q", "--target", str(folder), *wanted]
        try:
            if not subprocess.run(command, capture_output=True, timeout=300).returncode:
                return {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
        except (OSError, subprocess.TimeoutExpired):
            continue
    pytest.skip("wandb and MLflow cannot be installed here")


def python(code, *words, **env):
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.check_output(command, env={**environment(), **env}, text=True)


@pytest.mark.slow
def test_mlflow_has_one_run_for_each_trial(followed, study, tiny, apart):
    plan, store, name = followed
    for epochs in ((0.1,), (0.1, 0.2)):
        write_epochs(store, name, *epochs)
        done = study("track", tiny, "--to", "mlflow", env=apart)
        assert done.returncode == 0, done.stderr
    write_result(store, name, plan, "completed")
    assert study("track", tiny, "--to", "mlflow", env=apart).returncode == 0
    database = track.folder(store, plan, "mlflow") / "mlflow.db"
    (logged,) = json.loads(python(READ_MLFLOW, database, **apart))
    assert logged["top1"] == [[0, 0.1], [1, 0.2]]
    assert (logged["status"], logged["trial"]) == ("FINISHED", name)
    assert logged["params"]["level.model.reduction"] == "DW"
    assert logged["params"]["recipe.epochs"] == "2"


READ_MLFLOW = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(f"sqlite:///{sys.argv[1]}")
number = client.get_experiment_by_name("tiny").experiment_id
print(json.dumps([{
    "top1": [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, "eval/top1")],
    "params": run.data.params, "status": run.info.status, "trial": run.data.tags["study.trial"],
} for run in client.search_runs([number])]))
"""


@pytest.mark.slow
def test_wandb_keeps_every_epoch_on_disk_without_a_network(followed, study, tiny, apart):
    plan, store, name = followed
    write_epochs(store, name, 0.1, 0.2)
    write_result(store, name, plan, "completed")
    done = study("track", tiny, "--to", "wandb", env=apart)
    assert done.returncode == 0, done.stderr
    assert "wandb sync" in done.stderr
    (log,) = track.folder(store, plan, "wandb").glob(f"wandb/offline-run-*{name}/*.wandb")
    parts = [part.hex() for part in transactions(log)]
    logged = json.loads(python(READ_WANDB, json.dumps(parts), **apart))
    assert [json.loads(row["eval/top1"]) for row in logged["history"]] == [0.1, 0.2]
    assert [int(row["_step"]) for row in logged["history"]] == [0, 1]
    assert logged["run"] == [name, "DW, seed 0", "tiny"]
    assert json.loads(logged["summary"]["final/top1"]) == 0.5


READ_WANDB = """
import json, sys
from wandb.proto import wandb_internal_pb2 as pb
logged = {"history": [], "summary": {}}
def items(some):
    return {i.key or ".".join(i.nested_key): i.value_json for i in some}
for part in json.loads(sys.argv[1]):
    record = pb.Record()
    record.ParseFromString(bytes.fromhex(part))
    kind = record.WhichOneof("record_type")
    if kind == "history":
        logged["history"].append(items(record.history.item))
    if kind == "summary":
        logged["summary"] |= items(record.summary.update)
    if kind == "run":
        logged["run"] = [record.run.run_id, record.run.display_name, record.run.project]
print(json.dumps(logged))
"""


def transactions(path: Path):
    """The records of wandb's file: LevelDB's log format behind a head of seven bytes."""
    data, at, record = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if (left := 2**15 - at % 2**15) < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        record += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""
