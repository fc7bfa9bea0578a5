"""What a job on Slurm asks for: each flag of sbatch once, and the device that comes of it."""

from dataclasses import replace
from types import SimpleNamespace

import click
import pytest

from study.cli.machine import machine_options
from study.errors import StudyError
from study.launch import resources, slurm, timing
from study.launch.machine import Machine, allocated_device
from study.launch.worker import Worker
from study.store.timing_records import TimingSession
from tests.launch.conftest import ordered
from tests.launch.test_slurm import flags


def machine(*words: str) -> Machine:
    """The machine of a command line with `--on slurm` and these words."""
    machines: list[Machine] = []

    @click.command()
    @machine_options
    def command(machine: Machine) -> None:
        machines.append(machine)

    command.main(["--on", "slurm", *words], standalone_mode=False)
    return machines[0]


def with_resources(*words: str) -> Machine:
    return machine(*(part for word in words for part in ("-R", word)))


def script(tmp_path, machine: Machine) -> set[str]:
    return flags(slurm.script(tmp_path / "job", machine, 1))


def named(all_flags: set[str], *names: str) -> list[str]:
    """The flags of these names."""
    return sorted(flag for flag in all_flags if flag.partition("=")[0].removeprefix("--") in names)


GPU_NAMES = ("gres", *(f"gpus{end}" for end in ("", "-per-node", "-per-task", "-per-socket")))


def test_a_plain_script_has_what_workers_need_and_nothing_that_a_site_may_refuse(tmp_path):
    all_flags = {flag.partition("=")[0] for flag in script(tmp_path, with_resources())}
    assert all_flags == {
        "--cpus-per-task",
        "--job-name",
        "--nodes",
        "--ntasks-per-node",
        "--open-mode",
        "--output",
        "--requeue",
        "--signal",
        "--time",
    }


def test_a_wckey_is_given_where_it_is_asked_for(tmp_path):
    assert named(script(tmp_path, with_resources()), "wckey") == []
    assert named(script(tmp_path, with_resources("sbatch.wckey=vision")), "wckey") == [
        "--wckey=vision"
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gpus=2"], ["--gpus-per-node=2"]),
        (["gpus=a100:2"], ["--gpus-per-node=a100:2"]),
        (["gpus=a100:1,v100:1"], ["--gpus-per-node=a100:1,v100:1"]),
        (["gres=gpu:a100:2"], ["--gres=gpu:a100:2"]),
        (["sbatch.gres=gpu:2"], ["--gres=gpu:2"]),
        (["sbatch.gpus=4"], ["--gpus=4"]),
        (["sbatch.gpus-per-node=2"], ["--gpus-per-node=2"]),
        (["sbatch.gpus_per_node=2"], ["--gpus-per-node=2"]),
        (["sbatch.gpus-per-task=h100:1"], ["--gpus-per-task=h100:1"]),
    ],
)
def test_gpus_are_asked_for_once_in_the_words_of_the_user_and_trained_on(tmp_path, words, expected):
    there = with_resources(*words)
    assert there.device == "cuda"
    assert named(script(tmp_path, there), *GPU_NAMES) == expected


@pytest.mark.parametrize(
    "word", ["gres=shard:10", "gres=mps:50", "sbatch.tres-per-task=gres/gpu:1"]
)
def test_a_share_of_a_gpu_is_a_gpu(word):
    assert with_resources(word).device == "cuda"


@pytest.mark.parametrize("word", ["gres=nvme:1", "gres=gpuless:1", "partition=gpu", "gpus="])
def test_a_device_that_nothing_says_is_the_one_of_the_job(tmp_path, word):
    there = with_resources(word)
    assert there.device == "auto"
    assert named(script(tmp_path, there), "gpus-per-node") == []


def test_a_device_that_is_given_asks_for_as_many_gpus_as_it_takes(tmp_path):
    there = machine("--device", "cuda", "--devices", "2")
    assert named(script(tmp_path, there), *GPU_NAMES) == ["--gpus-per-node=2"]
    there = machine("--device", "cuda", "-R", "gpus=")  # of a partition that brings them
    assert named(script(tmp_path, there), *GPU_NAMES) == []
    assert there.device == "cuda"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "cpu"),
        ({"CUDA_VISIBLE_DEVICES": "3"}, "cpu"),  # of the shell that submitted it
        ({"SLURM_GPUS_ON_NODE": "0"}, "cpu"),
        ({"SLURM_GPUS_ON_NODE": "2"}, "cuda"),
        ({"SLURM_STEP_GPUS": "0"}, "cuda"),
        ({"SLURM_JOB_GPUS": "1,3"}, "cuda"),
    ],
)
def test_a_worker_trains_on_what_its_job_was_given(store, monkeypatch, given, expected):
    for name in ("SLURM_GPUS_ON_NODE", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert allocated_device() == expected
    assert Worker(ordered(store, ["a-0"], device="auto")).order.device == expected
    assert Worker(ordered(store, ["a-0"], device="cpu")).order.device == "cpu"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-R", "partitoin=x"], 'did you mean "partition"?'),
        (["-R", "hours=soon"], "the value must be a positive float"),
        (["-R", "hours=nan"], "the value must be a positive float"),
        (["-R", "mem=inf"], "the value must be a positive float"),
        (["-R", "gpus=-1"], "the value must be a positive int, or TYPE:NUMBER such as a100:2"),
        (["-R", "gpus=a100"], "TYPE:NUMBER"),
        (["-R", "gpus=a100:0"], "TYPE:NUMBER"),
        (["-R", "cpus=1.5"], "the value must be a positive int"),
        (["-R", "sbatch.cpus-per-task=x"], "the value must be a positive int"),
        (["-R", "sbatch.cpus-per-gpu=²"], "the value must be a positive int"),
        (["-R", "sbatch.gpus=some"], "TYPE:NUMBER"),
        (["-R", "sbatch.=1"], "unknown resource"),
        (["-R", "sbatch.c=4"], "the long name of a flag"),
        (["-R", "sbatch.--mem=4"], "the long name of a flag"),
        (["-R", "hours"], "write KEY=VALUE"),
        (["-R", "notice="], "workers need a warning before the time limit"),
        (["-R", "comment=a\nrm -rf ."], "one line of text"),
        (["-R", "sbatch.ntasks=8"], "--devices"),
        (["-R", "sbatch.ntasks-per-node=8"], "--devices"),
        (["-R", "sbatch.ntasks_per_node=8"], "--devices"),
        (["-R", "sbatch.nodes=2"], "--nodes"),
        (["-R", "sbatch.array=0-3"], "--workers"),
        (["-R", "sbatch.signal=USR1@60"], "-R notice"),
        (["-R", "sbatch.output=x"], "logs are in the job's folder"),
        (["-R", "cpus=1", "-R", "cpus=2"], "--cpus-per-task is given twice"),
        (["-R", "cpus=1", "-R", "sbatch.cpus_per_task=1"], "--cpus-per-task is given twice"),
        (["-R", "hours=1", "-R", "sbatch.time=60"], "--time is given twice"),
        (["-R", "gpus=1", "-R", "gres=gpu:2"], "-R gpus=1 and -R gres=gpu:2 all ask for GPUs"),
        (["-R", "gpus=1", "--device", "cpu"], "-R gpus=1 reserves GPUs, and --device cpu"),
        (["-R", "sbatch.gres=gpu:1", "--device", "cpu"], "trains on none"),
        (["-R", "gpus=2", "--devices", "8"], "-R gpus=2 gives a job 2 on each node"),
        (["-R", "gres=gpu:v100:2", "--devices", "8"], "gives a job 2 on each node"),
        (["-R", "sbatch.gpus=8", "--devices", "8", "--nodes", "2"], "gives a job 4 on each node"),
    ],
)
def test_what_does_not_exist_or_contradicts_itself_is_refused(words, message):
    with pytest.raises(StudyError) as refused:
        machine(*words)
    assert message in str(refused.value)


def test_a_raw_flag_takes_the_place_of_a_default_however_it_is_spelt(tmp_path):
    there = with_resources(
        "sbatch.cpus-per-task=8", "sbatch.time=1-00:00:00", "sbatch.job_name=mine"
    )
    all_flags = script(tmp_path, there)
    assert named(all_flags, "cpus-per-task") == ["--cpus-per-task=8"]
    assert there.threads == 8
    assert named(all_flags, "time", "job-name") == ["--job-name=mine", "--time=1-00:00:00"]
    all_flags = script(tmp_path, with_resources("sbatch.mem=32G"))
    assert named(all_flags, "mem") == ["--mem=32G"]
    all_flags = script(tmp_path, with_resources("sbatch.no-requeue"))
    assert named(all_flags, "requeue", "no-requeue") == ["--no-requeue"]


def test_cpus_for_each_gpu_take_the_place_of_cpus_for_a_task(tmp_path):
    there = with_resources("gpus=1", "sbatch.cpus-per-gpu=6")
    assert named(script(tmp_path, there), "cpus-per-task", "cpus-per-gpu") == ["--cpus-per-gpu=6"]
    assert there.threads == 6


def test_a_flag_without_a_value_and_one_that_is_left_out(tmp_path):
    there = with_resources(
        "sbatch.exclusive", "hours=", "cpus=", "sbatch.requeue=", "sbatch.job-name="
    )
    all_flags = script(tmp_path, there)
    assert "--exclusive" in all_flags
    assert named(all_flags, "time", "cpus-per-task", "requeue", "job-name") == []
    assert there.flags.count("-R") == 5  # the same can be asked for again
    all_flags = script(
        tmp_path, with_resources("sbatch.exclusive=user", "parallel=", "sbatch.export=NONE")
    )
    assert {"--exclusive=user", "--export=NONE"} <= all_flags


def test_all_workers_may_run_at_a_time_unless_a_number_is_given(tmp_path):
    many = replace(with_resources(), workers=900)
    assert "--array=0-899%900" in flags(slurm.script(tmp_path, many, 900))


def test_gpus_that_no_trial_uses_are_told():
    assert resources.notes(with_resources("gpus=4")) == [
        "-R gpus=4 reserves 4 GPUs per node for a job that trains each trial on 1 of them "
        "(--devices 4)"
    ]
    assert resources.notes(machine("-R", "gpus=4", "--devices", "4")) == []
    unknown = with_resources("sbatch.gpus-per-socket=1")  # nobody knows how many
    assert resources.notes(unknown) == []


def test_a_timing_session_counts_where_the_device_is_what_the_job_has(store):
    plan = SimpleNamespace(timed=("throughput",), key="k")
    store.keep("timings", "k", TimingSession(device="cuda"))
    assert not timing.missing(plan, store, with_resources())
    assert not timing.missing(plan, store, with_resources("gpus=1"))
    assert timing.missing(plan, store, machine("--device", "cpu"))
