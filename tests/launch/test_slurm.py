"""What Slurm is asked for, without a Slurm."""

import pickle

import pytest

from study.errors import StudyError
from study.launch import slurm
from study.launch.machine import Machine
from tests.launch.conftest import ordered

GPU = Machine(on="slurm", workers=4, device="cuda", threads=2, devices=2, nodes=3,
              resources={"partition": "long", "hours": "1.5", "mem": "32", "parallel": "2",
                         "sbatch.reservation": "eccv"})  # fmt: skip


def flags(text: str) -> set[str]:
    return {line.removeprefix("#SBATCH ") for line in text.splitlines() if "#SBATCH" in line}


def test_the_script_asks_for_what_the_flags_say(tmp_path):
    text = slurm.script(tmp_path / "job", GPU, 4)
    assert {
        "--array=0-3%2", "--partition=long", "--time=90", "--mem=32768MB", "--nodes=3",
        "--ntasks-per-node=1", "--gpus-per-node=2", "--cpus-per-task=4", "--requeue",
        "--signal=USR2@90", "--reservation=eccv",
    } <= flags(text)  # fmt: skip
    assert text.index("study_refuse") < text.index("export PYTHONPATH=")
    assert "export PYTHONSAFEPATH=1" in text


def test_one_worker_is_no_array(tmp_path):
    assert not [
        flag for flag in flags(slurm.script(tmp_path, GPU, 1)) if flag.startswith("--array")
    ]


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(5, 1000, [5]), (2500, 1000, [1000, 1000, 500]), (3, 1, [1, 1, 1]), (0, 10, [])],
)
def test_arrays_are_no_larger_than_the_site_allows(count, most, expected):
    assert list(slurm.chunks(count, most)) == expected


def test_what_a_job_unpickles_is_the_path_of_its_folder_alone(store):
    worker = slurm.Worker(str(ordered(store, ["a-0"])))
    worker.supervisor = object()
    assert vars(pickle.loads(pickle.dumps(worker))) == {"job": worker.job}


def test_without_slurm_it_is_said(store, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StudyError, match="there is no Slurm here"):
        slurm.slurm(ordered(store, ["a-0"]), GPU, workers=1, tick=lambda: None)
