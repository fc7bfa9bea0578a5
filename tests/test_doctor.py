"""What the doctor finds, and that he leaves nothing behind."""

import json
import sys
from pathlib import Path

import pytest

from study.cli.options import vocabulary
from study.cost_records import Costs
from study.doctor import CHECKS, Case, cluster, disk, examined, software, studies
from study.doctor.findings import ok
from study.store import Store
from tests.conftest import TINY
from tests.launch.conftest import ordered


@pytest.fixture
def case(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(TINY)
    return Case((file,), vocabulary(), Store(tmp_path / "results"))


def told(findings) -> list[tuple[str, str]]:
    return [(finding.level, finding.said) for finding in findings]


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_tells_something_and_what_to_do_where_all_is_not_well(case, name):
    before = sorted(case.place.rglob("*"))
    found = list(CHECKS[name](case))
    assert found
    for finding in found:
        assert finding.said
        assert finding.level in ("ok", "note") or finding.step
    assert sorted(case.place.rglob("*")) == before


def test_a_check_that_comes_to_grief_stops_no_other(case, monkeypatch):
    def grieve(case: Case):
        yield ok("so far")
        raise OSError("the disk is on fire")

    for name in list(CHECKS):
        monkeypatch.delitem(CHECKS, name)
    monkeypatch.setitem(CHECKS, "grief", grieve)
    monkeypatch.setitem(CHECKS, "python", software.python)
    found = list(examined(case))
    assert [(name, finding.level) for name, finding in found] == [
        ("grief", "ok"),
        ("grief", "fail"),
        ("python", "ok"),
    ]
    assert found[1][1].said.endswith("OSError: the disk is on fire")


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


def test_a_library_that_was_built_for_another_torch_fails(case, tmp_path, monkeypatch):
    made = tmp_path / "libs" / "torchthing-1.0.dist-info"
    made.mkdir(parents=True)
    head = "Metadata-Version: 2.1\nName: torchthing\nVersion: 1.0\n"
    (made / "METADATA").write_text(f"{head}Requires-Dist: torch==1.0.0\n")
    (tmp_path / "libs" / "torchthing.py").write_text("raise RuntimeError('no operator nms')\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "libs"), *sys.path])
    (finding,) = software.library("torchthing", case)
    assert finding.said.startswith("torchthing 1.0 was built for torch 1.0.0, not ")
    (made / "METADATA").write_text(head)
    (finding,) = software.library("torchthing", case)
    assert finding.level == "fail"
    assert finding.said.endswith("cannot be imported: RuntimeError: no operator nms")
    (finding,) = software.library("nosuchthing", case)
    assert finding.said == "nosuchthing is not installed"


# ---- images ----


def imagenet(case: Case, root: str, more: str = "") -> Case:
    data = f"{{name: folder, root: {root}, img_size: 64, num_classes: 2}}"
    text = f"{TINY}profiles: {{big: {{baseline: {{data: {data}{more}}}}}}}\n"
    case.files[0].write_text(text)
    return case


def test_a_variable_that_is_not_set_is_missed_with_the_profile_that_needs_it(case, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    missed, digits = studies.data_sets(imagenet(case, "$NOWHERE"))
    assert missed.said == f"$NOWHERE is not set, for {case.files[0]} --profile big"
    assert missed.step == "export NOWHERE=<where images are>"
    assert digits.said.startswith("data digits: 1797 images")


def of_folders(case) -> list[tuple[str, str]]:
    return [one for one in told(studies.data_sets(case)) if one[1].startswith("data folder")]


def test_folders_are_listed_as_training_reads_them(case, tmp_path, monkeypatch):
    root = tmp_path / "images"
    monkeypatch.setenv("HERE", str(root))
    case = imagenet(case, "$HERE")
    ((level, said),) = of_folders(case)
    assert level == "miss"
    assert said.startswith(f"data folder: data.root {root} does not exist")
    for name in ("train/cat", "train/dog", "val/cat", "val/dog"):
        (root / name).mkdir(parents=True)
        (root / name / "1.png").touch()
    ((level, said),) = of_folders(case)
    assert (level, "2 pictures to train on, 2 pictures to evaluate, of 2 classes" in said) == (
        "ok", True)  # fmt: skip
    (root / "val" / "dog" / "1.png").unlink()
    ((level, said),) = of_folders(case)
    assert (level, "val: dog has no picture of its own" in said) == ("fail", True)


@pytest.mark.parametrize(
    ("name", "level", "said"),
    [
        ("{name: torch/cifar10, root: ROOT}", "miss", "looked in"),
        ("{name: torch/imagenet, root: ROOT}", "miss", "looked in"),
        ("{name: torch/cifar10, root: ROOT, train_split: half}", "fail", 'unknown split "half"'),
        ("{name: wds/x, root: ROOT, num_classes: 2}", None, ""),
        ("{name: hfds/x, root: ROOT/cache, num_classes: 2}", None, ""),
    ],
)
def test_nothing_is_ok_that_no_reader_has_opened(case, tmp_path, name, level, said):
    data = name.replace("ROOT", str(tmp_path))
    start = TINY.index("{name: digits")
    whole = TINY[start : TINY.index("}", start) + 1]
    case.files[0].write_text(TINY.replace(whole, data))
    found = told(studies.data_sets(case))
    assert "ok" not in [one for one, _ in found]
    if level:
        assert [(one, said in words) for one, words in found] == [(level, True)]


def test_a_study_that_is_wrong_fails_with_its_first_mistake(case):
    case.files[0].write_text(TINY.replace("columns", "colums"))
    ((level, said),) = told(studies.data_sets(case))
    assert level == "fail"
    assert 'unknown key "colums"' in said


def test_a_study_that_trains_nothing_needs_no_images(case):
    case.files[0].write_text(TINY.replace("seeds: 2", "seeds: 0"))
    assert told(studies.data_sets(case)) == []


# ---- store ----


def test_a_store_may_be_there_or_be_made_and_is_never_a_file(case):
    ((level, said),) = told(disk.store(case))
    assert (level, "can be made" in said) == ("ok", True)
    assert not case.store.root.exists()
    case.store.root.mkdir()
    assert "0 trials" in told(disk.store(case))[0][1]
    wrong = Case((), case.vocabulary, Store(case.files[0] / "results"))
    assert told(disk.store(wrong))[0][0] == "fail"


def test_room_is_counted_in_checkpoints_of_the_largest_arm(case):
    case.store.keep("arms", "x", Costs(cost={"params": 10_000_000}))
    ((_, said),) = told(disk.room(case))
    assert "checkpoints of the largest arm planned, 10 M parameters" in said


def test_job_folders_that_others_can_write_to_are_told(case):
    job = ordered(case.store, ["a-0"])
    assert told(disk.jobs(case)) == [("ok", "1 job folders, all the user's own")]
    job.chmod(0o777)
    ((level, said),) = told(disk.jobs(case))
    assert level == "miss"
    assert "others can write to" in said


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
        rows = [("gpu", "YES", "2-00:00:00", "UP"), ("short", "NO", "04:00:00", "UP"),
                ("old", "NO", "UNLIMITED", "DOWN")]  # fmt: skip
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


def test_without_slurm_nothing_fails(case, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert told(cluster.slurm(case)) == [("miss", "no Slurm: sbatch is not found")]


def test_a_controller_that_does_not_answer_fails(case, site):
    site(ping=1)
    assert [level for level, _ in told(cluster.slurm(case))] == ["fail"]


def test_a_site_is_told_as_it_is_set_up(case, site):
    site()
    found = told(cluster.slurm(case))
    assert ("ok", "Slurm 23.02.1, cluster x, answers") in found
    assert ("ok", "arrays of up to 1001 jobs (MaxArraySize)") in found
    assert ("ok", "no preemption") in found
    assert [level for level, said in found if "partition" in said] == ["ok", "note", "note"]


@pytest.mark.parametrize(
    ("config", "level", "said"),
    [
        ({"accounting": "accounting_storage/none"}, "note", "no accounting"),
        ({"preempt": "REQUEUE"}, "note", "has 30 sec to stop in"),
        ({"preempt": "REQUEUE", "parameters": "preempt_send_user_signal"}, "ok", "told before"),
    ],
)
def test_what_a_site_does_to_workers_is_told(case, site, config, level, said):
    site(**config)
    assert [one for one, words in told(cluster.slurm(case)) if said in words] == [level]


@pytest.mark.parametrize(
    ("limit", "hours"),
    [("1-12:00:00", 36), ("04:30:00", 4.5), ("UNLIMITED", None), ("INFINITE", None)],
)
def test_time_limits_are_read_as_slurm_writes_them(limit, hours):
    assert cluster._hours(limit) == hours
