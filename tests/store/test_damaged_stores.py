"""A store with damaged files: every command ends in words, and in at most one trial less."""

import json
import random
import shutil
from io import BytesIO

import numpy as np
import pytest

from study.api.request import StudyRequest
from study.store import archives, atomic, records
from study.store.atomic import read, write
from study.store.job_records import Manifest
from study.store.store import Store
from study.store.timing_records import TimingSession
from study.tasks.classification.plan.trial_records import record
from tests.conftest import TINY
from tests.launch.conftest import ordered
from tests.store.damaged import OBSTACLES, SAMPLES, changed, mangled

STUDY = TINY.replace("epochs: 2", "epochs: 1").replace(
    "columns: [params, macs, top1]",
    "columns: [params, macs, top1, top1@48, throughput]\n"
    "timing: {seconds: 0.2}\n"
    "claims: [Avg is within 50 of DW on top1]\n",
)
KINDS = (
    *("trials/*/trial.json", "trials/*/result.json", "trials/*/history.jsonl"),
    *("trials/*/at-48.json", "trials/*/predictions-1.npz", "trials/*/last.pth.tar"),
    *("trials/*/log.txt", "arms/*.json", "timings/*.json", "jobs/*/job.json"),
    *("trials/*/lease.1", "trials/*/died-1.json", "jobs/*/slurm.json", "jobs/*/worker.x"),
    *("jobs/*/error.x", "track/tensorboard/tiny/told/*.json", "../reports/tiny/report.json"),
)
COMMANDS = {
    "plan": ("plan", "tiny.yaml", "--on", "slurm"),
    "status": ("status", "tiny.yaml"),
    "status --json": ("status", "tiny.yaml", "--json"),
    "logs": ("logs", "tiny.yaml", "DW/s0", "Avg/s1"),
    "results": ("results", "tiny.yaml", "--json"),
    "report": ("report", "tiny.yaml", "--html"),
    "compare": ("compare", "tiny.yaml", "DW", "Avg"),
    "export": ("export", "tiny.yaml", "--format", "csv,timm"),
    "track": ("track", "tiny.yaml", "--to", "tensorboard"),
    "claims": ("claims", "tiny.yaml", "--json"),
    "eval": ("eval", "TRIAL", "--json"),
    "clean --json": ("clean", "tiny.yaml", "--json"),
    "clean": ("clean", "tiny.yaml", "--yes"),
    "doctor": ("doctor", "tiny.yaml"),
    "list": ("list", "."),
    "cancel": ("cancel", "tiny.yaml"),
    "dry run": ("run", "tiny.yaml", "--dry-run", "--on", "inline"),
}


@pytest.fixture
def whole(tiny, inside):
    """A study that is done, with all that it, its workers and its followers leave."""
    tiny.write_text(STUDY)
    store, names = Store(tiny.parent / "results"), []
    plan, _ = StudyRequest(tiny, None, (), store.root).plan()
    for arm in plan.arms:
        for trial in arm.trials:
            names.append(trial.name)
            leave_trial(store, trial.name, record(arm, trial.seed, "tiny"))
    spread = {"value": 2.0, "low": 1.0, "high": 3.0}
    arms = {arm.digest: {"throughput": spread} for arm in plan.arms}
    arms[plan.arms[1].digest] = {"throughput": {**spread, "ratio": spread}}
    shelf = store.root / "timings"
    shelf.unlink()
    session = {**SAMPLES[TimingSession], "arms": arms}
    write(
        shelf / f"{plan.key}.json",
        {**session, "how": {"rounds": 3, "way": "eager", "batch_size": 32}},
    )
    job = ordered(store, names, study="tiny", words=["tiny.yaml"], folder=str(tiny.parent))
    write(job / "slurm.json", {"ids": []})
    (job / "worker.x").write_text(ELSEWHERE)
    (job / "error.x").write_text("out of luck\n")
    write(tiny.parent / "reports" / "tiny" / "report.json", SAMPLES[Manifest])
    return store


ELSEWHERE = json.dumps({"host": "elsewhere", "pid": 1, "born": "1"})


def leave_trial(store, name, computes):
    store.enter(name, computes)
    folder = store.trial(name)
    sample = SAMPLES[records.Result] | {"trial": name, "config": computes.config.plain}
    write(folder / "result.json", sample)
    (folder / "history.jsonl").write_bytes(atomic.encoded_lines(sample["history"]))
    write(folder / "at-48.json", SAMPLES[records.Evaluation])
    write(folder / "died-1.json", SAMPLES[records.WorkerDeath] | {"epochs": 1})
    (folder / "lease.1").write_text(ELSEWHERE)
    (folder / "log.txt").write_text("epoch 0\n")
    arrays = {"target": np.arange(20), "top": np.arange(100).reshape(20, 5)}
    for file in ("predictions-1.npz", "last.pth.tar"):
        archive = BytesIO()
        np.savez_compressed(archive, **arrays)
        (folder / file).write_bytes(archives.sealed(archive))
    record = store.root / "track" / "tensorboard" / "tiny" / "told" / f"{name}.json"
    write(record, {"epochs": 0, "state": ""})


def damaged(path, draw):
    """Damage a file in one of many ways."""
    content = path.read_bytes()
    if draw.random() < 0.3:
        path.unlink()
        OBSTACLES[draw.choice(list(OBSTACLES))](path)
    elif path.suffix == ".json" and draw.random() < 0.7:
        path.write_text(json.dumps(changed(read(path), draw)))  # as a store without digests has it
    elif content:
        path.write_bytes(mangled(content, draw))


def hurt(store, seed):
    """Damage one file, or one of every kind; the name of a trial."""
    draw = random.Random(seed)
    for pattern in draw.sample(KINDS, 1 if draw.random() < 0.5 else len(KINDS)):
        damaged(draw.choice(sorted(store.root.glob(pattern))), draw)
    return draw.choice(sorted(path.name for path in (store.root / "trials").iterdir()))


def assert_told(done):
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 2, 3)
    if done.returncode == 2:  # a mistake that is refused in words
        assert done.stderr.splitlines()[-1]
        assert "error" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "seeds", [range(2), pytest.param(range(2, 40), marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_a_command_survives_a_damaged_store(command, seeds, whole, inside, tmp_path):
    here = whole.root.parent
    before = tmp_path / "before"
    shutil.copytree(here, before, symlinks=False, ignore=shutil.ignore_patterns("before"))
    for seed in seeds:
        for name in ("results", "reports"):
            shutil.rmtree(here / name)
            shutil.copytree(before / name, here / name)
        trial = hurt(whole, seed)
        print(f"seed {seed}")
        assert_told(inside(*(trial if word == "TRIAL" else word for word in COMMANDS[command])))
