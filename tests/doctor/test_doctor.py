"""Checks of the doctor: their findings, and that they leave no file behind."""

import json
import sys
from pathlib import Path

import pytest

from study.doctor import CHECKS, Scope, cluster, disk, run_checks, software, studies
from study.doctor.findings import ok
from study.plan.reading import vocabulary
from study.store.cost_records import ArmCost
from study.store.store import Store
from tests.conftest import TINY
from tests.launch.conftest import ordered


@pytest.fixture
def scope(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(TINY)
    return Scope((file,), vocabulary(), Store(tmp_path / "results"))


def pairs(rows) -> list[tuple[str, str]]:
    return [(finding.level, finding.message) for finding in rows]


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_finds_something_and_gives_the_next_step_of_a_problem(scope, name):
    before = sorted(scope.existing.rglob("*"))
    results = list(CHECKS[name](scope))
    assert results
    for finding in results:
        assert finding.message
        assert finding.level in ("ok", "note") or finding.step
    assert sorted(scope.existing.rglob("*")) == before


def test_a_check_that_raises_stops_no_other(scope, monkeypatch):
    def broken(scope: Scope):
        yield ok("so far")
        raise OSError("the disk is on fire")

    for name in list(CHECKS):
        monkeypatch.delitem(CHECKS, name)
    monkeypatch.setitem(CHECKS, "broken", broken)
    monkeypatch.setitem(CHECKS, "python", software.python)
    results = list(run_checks(scope))
    assert [(name, finding.level) for name, finding in results] == [
        ("broken", "ok"),
        ("broken", "fail"),
        ("python", "ok"),
    ]
    assert results[1][1].message.endswith("OSError: the disk is on fire")


def test_the_command_tells_all_as_one_document_and_fails_where_something_does(
    inside, tiny, tmp_path, monkeypatch
):
    for name in CHECKS.keys() - {"python", "store"}:
        monkeypatch.delitem(CHECKS, name)
    done = inside("doctor", tiny, "--json")
    assert done.returncode == 0
    assert {row["check"] for row in json.loads(done.stdout)} == {"python", "store"}
    done = inside("doctor", tiny, "--store", tiny / "results")
    assert done.returncode == 1
    assert "fail" in done.stdout
    assert "next: --store elsewhere" in done.stdout


# ---- software ----


def test_a_library_that_was_built_for_another_torch_fails(scope, tmp_path, monkeypatch):
    package = tmp_path / "libs" / "torchthing-1.0.dist-info"
    package.mkdir(parents=True)
    head = "Metadata-Version: 2.1\nName: torchthing\nVersion: 1.0\n"
    (package / "METADATA").write_text(f"{head}Requires-Dist: torch==1.0.0\n")
    (tmp_path / "libs" / "torchthing.py").write_text("raise RuntimeError('no operator nms')\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "libs"), *sys.path])
    (finding,) = software.library("torchthing", scope)
    assert finding.message.startswith("torchthing 1.0 was built for torch 1.0.0, not ")
    (package / "METADATA").write_text(head)
    (finding,) = software.library("torchthing", scope)
    assert finding.level == "fail"
    assert finding.message.endswith("cannot be imported: RuntimeError: no operator nms")
    (finding,) = software.library("nosuchthing", scope)
    assert finding.message == "nosuchthing is not installed"


# ---- images ----


def imagenet(scope: Scope, root: str, more: str = "") -> Scope:
    data = f"{{name: folder, root: {root}, img_size: 64, num_classes: 2}}"
    text = f"{TINY}profiles: {{big: {{baseline: {{data: {data}{more}}}}}}}\n"
    scope.files[0].write_text(text)
    return scope


def test_a_variable_that_is_not_set_is_missed_with_the_profile_that_needs_it(scope, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    missed, digits = studies.data_sets(imagenet(scope, "$NOWHERE"))
    assert missed.message == f"$NOWHERE is not set, for {scope.files[0]} --profile big"
    assert missed.step == "export NOWHERE=<folder of the images>"
    assert digits.message.startswith("data digits: 1797 images")


def of_folders(scope) -> list[tuple[str, str]]:
    return [row for row in pairs(studies.data_sets(scope)) if row[1].startswith("data folder")]


def test_folders_are_listed_as_training_reads_them(scope, tmp_path, monkeypatch):
    root = tmp_path / "images"
    monkeypatch.setenv("HERE", str(root))
    scope = imagenet(scope, "$HERE")
    ((level, message),) = of_folders(scope)
    assert level == "miss"
    assert message.startswith(f"data folder: data.root {root} does not exist")
    for name in ("train/cat", "train/dog", "val/cat", "val/dog"):
        (root / name).mkdir(parents=True)
        (root / name / "1.png").touch()
    ((level, message),) = of_folders(scope)
    assert (level, "2 pictures to train on, 2 pictures to evaluate, of 2 classes" in message) == (
        "ok",
        True,
    )
    (root / "val" / "dog" / "1.png").unlink()
    ((level, message),) = of_folders(scope)
    assert (level, "val: dog has no picture of its own" in message) == ("fail", True)


@pytest.mark.parametrize(
    ("name", "level", "message"),
    [
        ("{name: torch/cifar10, root: ROOT}", "miss", "looked in"),
        ("{name: torch/imagenet, root: ROOT}", "miss", "looked in"),
        ("{name: torch/cifar10, root: ROOT, train_split: half}", "fail", 'unknown split "half"'),
        ("{name: wds/x, root: ROOT, num_classes: 2}", None, ""),
        ("{name: hfds/x, root: ROOT/cache, num_classes: 2}", None, ""),
    ],
)
def test_nothing_is_ok_that_no_reader_has_opened(scope, tmp_path, name, level, message):
    data = name.replace("ROOT", str(tmp_path))
    start = TINY.index("{name: digits")
    whole = TINY[start : TINY.index("}", start) + 1]
    scope.files[0].write_text(TINY.replace(whole, data))
    results = pairs(studies.data_sets(scope))
    assert "ok" not in [result for result, _ in results]
    if level:
        assert [(result, message in text) for result, text in results] == [(level, True)]


def test_a_study_that_is_wrong_fails_with_its_first_mistake(scope):
    scope.files[0].write_text(TINY.replace("columns", "colums"))
    ((level, message),) = pairs(studies.data_sets(scope))
    assert level == "fail"
    assert 'unknown key "colums"' in message


def test_a_study_that_trains_nothing_needs_no_images(scope):
    scope.files[0].write_text(TINY.replace("seeds: 2", "seeds: 0"))
    assert pairs(studies.data_sets(scope)) == []


# ---- store ----


def test_a_store_may_be_there_or_be_made_and_is_never_a_file(scope):
    ((level, message),) = pairs(disk.store(scope))
    assert (level, "can be created" in message) == ("ok", True)
    assert not scope.store.root.exists()
    scope.store.root.mkdir()
    assert "0 trials" in pairs(disk.store(scope))[0][1]
    wrong = Scope((), scope.vocabulary, Store(scope.files[0] / "results"))
    assert pairs(disk.store(wrong))[0][0] == "fail"


def test_room_is_counted_in_checkpoints_of_the_largest_arm(scope):
    scope.store.keep("arms", "x", ArmCost(cost={"params": 10_000_000}))
    ((_, message),) = pairs(disk.room(scope))
    assert "checkpoints of the largest arm planned, 10 M parameters" in message


def test_job_folders_that_others_can_write_to_are_told(scope):
    job = ordered(scope.store, ["a-0"])
    assert pairs(disk.jobs(scope)) == [("ok", "1 job folders, all of this user")]
    job.chmod(0o777)
    ((level, message),) = pairs(disk.jobs(scope))
    assert level == "miss"
    assert "others can write to" in message


# ---- Slurm ----

CONFIG = """\
Configuration data as of today
ClusterName             = x
Epilog                  =
AccountingStorageType   = {accounting}
JobRequeue              = 1
KillWait                = 30 sec
MaxArraySize            = 1001
PreemptMode             = {preempt}
SlurmctldParameters     = {parameters}
SLURM_VERSION           = 23.02.1
"""
PARTITION = (
    "PartitionName={name} Default={default} MaxTime={limit} MinNodes=0 State={state} TotalNodes=4"
)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Commands that answer as those of a site do."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def answers(ping: int = 0, **config: str) -> None:
        defaults = {"accounting": "slurmdbd", "preempt": "OFF", "parameters": "(null)"}
        (folder / "config").write_text(CONFIG.format(**{**defaults, **config}))
        rows = [
            ("gpu", "YES", "2-00:00:00", "UP"),
            ("short", "NO", "04:00:00", "UP"),
            ("old", "NO", "UNLIMITED", "DOWN"),
        ]
        keys = ("name", "default", "limit", "state")
        lines = [PARTITION.format(**dict(zip(keys, row, strict=True))) for row in rows]
        (folder / "partition").write_text("\n".join(lines))
        for name in cluster.COMMANDS:
            script(folder / name, "exit 0")
        script(folder / "scontrol", f'[ "$1" = ping ] && exit {ping}\nexec /bin/cat {folder}/"$2"')

    monkeypatch.setenv("PATH", str(folder))
    return answers


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_without_slurm_nothing_fails(scope, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pairs(cluster.slurm(scope)) == [("miss", "no Slurm: sbatch is not found")]


def test_a_controller_that_does_not_answer_fails(scope, site):
    site(ping=1)
    assert [level for level, _ in pairs(cluster.slurm(scope))] == ["fail"]


def test_a_site_is_told_as_it_is_set_up(scope, site):
    site()
    results = pairs(cluster.slurm(scope))
    assert ("ok", "Slurm 23.02.1, cluster x, answers") in results
    assert ("ok", "arrays of up to 1001 jobs (MaxArraySize)") in results
    assert ("ok", "no preemption") in results
    assert [level for level, message in results if "partition" in message] == ["ok", "note", "note"]


@pytest.mark.parametrize(
    ("config", "level", "message"),
    [
        ({"accounting": "accounting_storage/none"}, "note", "no accounting"),
        ({"preempt": "REQUEUE"}, "note", "has 30 sec to stop in"),
        ({"preempt": "REQUEUE", "parameters": "preempt_send_user_signal"}, "ok", "warned first"),
    ],
)
def test_what_a_site_does_to_workers_is_told(scope, site, config, level, message):
    site(**config)
    assert [result for result, text in pairs(cluster.slurm(scope)) if message in text] == [level]


@pytest.mark.parametrize(
    ("limit", "hours"),
    [("1-12:00:00", 36), ("04:30:00", 4.5), ("UNLIMITED", None), ("INFINITE", None)],
)
def test_time_limits_are_read_as_slurm_writes_them(limit, hours):
    assert cluster._hours(limit) == hours
