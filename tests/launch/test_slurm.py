"""What Slurm is asked for, without a Slurm."""

import os
import pickle
from pathlib import Path

import pytest
from submitit.core.utils import DelayedSubmission, JobPaths

from study.errors import StudyError
from study.launch import slurm
from study.launch.machine import Machine
from tests.launch.conftest import ordered

GPU = Machine(
    on="slurm",
    workers=4,
    device="cuda",
    threads=2,
    devices=2,
    nodes=3,
    resources={
        "partition": "long",
        "hours": "1.5",
        "mem": "32",
        "parallel": "2",
        "sbatch.reservation": "eccv",
    },
)


def flags(text: str) -> set[str]:
    return {line.removeprefix("#SBATCH ") for line in text.splitlines() if "#SBATCH" in line}


def test_the_script_asks_for_what_the_flags_say(tmp_path):
    text = slurm.script(tmp_path / "job", GPU, 4)
    assert {
        "--array=0-3%2",
        "--partition=long",
        "--time=90",
        "--mem=32768MB",
        "--nodes=3",
        "--ntasks-per-node=1",
        "--gpus-per-node=2",
        "--cpus-per-task=4",
        "--requeue",
        "--signal=USR2@90",
        "--reservation=eccv",
    } <= flags(text)
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
    worker = slurm.SlurmWorker(str(ordered(store, ["a-0"])))
    worker.supervisor = object()
    assert vars(pickle.loads(pickle.dumps(worker))) == {"job": worker.job}


def test_without_slurm_it_is_said(store, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StudyError, match="there is no Slurm here"):
        slurm.slurm(ordered(store, ["a-0"]), GPU, workers=1, tick=lambda: None)


def program(folder: Path, name: str, text: str) -> None:
    """A program that stands for one of Slurm's."""
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A folder that comes first on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    program(folder, "scontrol", "echo 'MaxArraySize = 3'")
    return folder


def test_every_job_of_an_array_loads_where_its_order_is(store, site):
    program(site, "sbatch", f'cat > {site}/script-$$; echo "welcome to the cluster"; echo "70$$;c"')
    job = ordered(store, ["a-0"], on="slurm")
    ids = slurm.submit(job, GPU, 4)
    assert slurm.submitted(job) == ids
    scripts = [path.read_text() for path in site.glob("script-*")]
    assert sorted("--array=0-2%2" in flags(script) for script in scripts) == [False, True]
    masters = {number.partition("_")[0] for number in ids}
    assert len(masters) == 2
    assert sorted("_" in number for number in ids) == [False, True, True, True]
    for number in ids:
        work = DelayedSubmission.load(JobPaths(job / "logs", job_id=number).submitted_pickle)
        assert vars(work.function) == {"job": str(job)}


def test_a_job_that_slurm_refuses_is_told_with_those_that_it_took(store, site):
    program(
        site,
        "sbatch",
        f'[ -e {site}/once ] && echo "error: no more" >&2 && exit 1\ntouch {site}/once; echo 71',
    )
    job = ordered(store, ["a-0"], on="slurm")
    with pytest.raises(StudyError, match=r"refuses the job: error: no more; .* 71_0, 71_1, 71_2"):
        slurm.submit(job, GPU, 4)
    assert slurm.submitted(job) == ["71_0", "71_1", "71_2"]
