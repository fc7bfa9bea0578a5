"""What happens to jobs, nodes and the queue of a Slurm cluster."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from study.launch import slurm, status
from tests.drills.conftest import STUDY, Ground, advanced, until


def _answers() -> bool:
    try:
        done = subprocess.run(["scontrol", "ping"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "UP" in done.stdout


pytestmark = [
    pytest.mark.slow,
    pytest.mark.drill,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not _answers(), reason="no Slurm answers here (scontrol ping)"),
]
LONGER = STUDY.replace("epochs: 8", "epochs: 14")


def output_of(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


class Cluster(Ground):
    """A study on Slurm."""

    def submit(self, workers: int = 2, *words: str) -> None:
        self.flags = ("--on", "slurm", "-R", "hours=1", *words)
        output = self.finish("--workers", str(workers))
        assert "study status x.yaml --watch" in output

    def jobs(self) -> dict[str, str]:
        jobs = status.jobs(self.store, self.identity)
        return {i: s for job in jobs for i, s in slurm.alive(job).items()}

    @property
    def identity(self) -> tuple[str, str]:
        return "x", str((self.folder / "x.yaml").resolve())

    def running(self) -> list[str]:
        """Jobs that have a trial in hand."""
        return [who.job for who in self.holders() if who.job]

    def ended(self) -> None:
        until(lambda: not self.jobs(), "the jobs to end")

    def clear(self) -> None:
        if jobs := list(self.jobs()):
            slurm.cancel(jobs)
        until(lambda: not self.jobs(), "the jobs to be gone", 120)
        super().clear()


@pytest.fixture
def cluster(tmp_path) -> Iterator[Callable[..., Cluster]]:
    clusters: list[Cluster] = []

    def make(text: str = LONGER) -> Cluster:
        clusters.append(Cluster(tmp_path / f"slurm-{len(clusters)}", text))
        return clusters[-1]

    yield make
    for each in clusters:
        each.clear()


def test_workers_on_slurm_while_nobody_waits(cluster, unharmed):
    ground = cluster(STUDY)
    ground.submit()
    ground.ended()
    unharmed(ground)


def test_a_job_that_is_preempted_goes_on_where_it_was(cluster, unharmed):
    ground, times = cluster(), 0
    ground.submit(workers=2)
    for _ in range(3):
        until(lambda: ground.running() or ground.done(), "workers")
        advanced(ground)
        if jobs := ground.running():
            subprocess.run(["scancel", "--signal=USR2", jobs[0]], check=True)
            times += 1
            until(lambda job=jobs[0]: job not in ground.running(), "the lease to be released")
    ground.ended()
    assert not list(ground.store.root.glob("trials/*/died-*"))
    unharmed(ground, times=times)


def test_a_job_whose_place_an_urgent_one_takes(cluster, unharmed):
    ground = cluster()
    ground.submit(1, "-R", "nodelist=n1", "-R", "cpus=4", "--threads", "1")
    advanced(ground)
    urgent = [
        "sbatch",
        "-p",
        "urgent",
        "-w",
        "n1",
        "-c",
        "4",
        "--wrap",
        "sleep 5",
        "-o",
        "/dev/null",
    ]
    output_of(*urgent)
    until(lambda: not ground.running(), "the preemption")
    ground.ended()
    unharmed(ground)


def test_a_job_that_runs_out_of_time(cluster, unharmed):
    ground = cluster()
    ground.submit(workers=1)
    advanced(ground)
    job = ground.running()[0]
    end = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 30))
    output_of("scontrol", "update", f"jobid={job}", f"EndTime={end}")
    until(lambda: not ground.running(), "the signal", 180)
    output_of("scontrol", "update", f"jobid={job}", "TimeLimit=60")
    ground.ended()
    assert not list(ground.store.root.glob("trials/*/died-*"))
    unharmed(ground)


def test_a_job_that_is_requeued_from_outside(cluster, unharmed):
    ground = cluster()
    ground.submit()
    until(lambda: ground.epochs() > 2 and ground.running(), "progress")
    output_of("scontrol", "requeue", ground.running()[0])
    ground.ended()
    unharmed(ground)


def test_one_task_of_the_array_is_cancelled_and_the_other_does_its_work(cluster, unharmed):
    ground = cluster()
    ground.submit()
    until(lambda: len(ground.running()) == 2, "two workers")
    slurm.cancel([ground.running()[0]])
    ground.ended()
    ground.finish("--wait")  # what it had in hand, if the other was done before
    unharmed(ground)


def test_a_node_that_goes_down(cluster, unharmed):
    ground = cluster()
    ground.submit()
    until(lambda: ground.epochs() > 2 and ground.running(), "progress")
    node = output_of("squeue", "-h", "-j", ground.running()[0], "-o", "%N").strip()
    output_of("scontrol", "update", f"nodename={node}", "state=down", "reason=drill")
    try:
        ground.ended()
    finally:
        time.sleep(8)  # a job's remains, which ignore TERM, would clash with the next one there
        output_of("scontrol", "update", f"nodename={node}", "state=resume")
    unharmed(ground)


def test_a_worker_on_slurm_is_killed(cluster, unharmed):
    ground, times = cluster(), 0
    ground.submit()
    for _ in range(4):
        until(lambda: ground.holders() or ground.done(), "workers")
        if holders := ground.holders():
            os.kill(holders[0].pid, 9)
            times += 1
            time.sleep(3)
    ground.ended()
    unharmed(ground, times=times)


def test_cancel_stops_all_and_run_goes_on(cluster, unharmed):
    ground = cluster()
    ground.submit()
    advanced(ground)
    assert "on Slurm" in ground.study("cancel", "x.yaml").stderr
    ground.ended()
    assert not ground.done()
    assert not list(ground.store.root.glob("trials/*/lease.*"))
    ground.finish("--wait")
    unharmed(ground)


def test_a_study_is_edited_while_it_runs(cluster, unharmed):
    """New arms are taken by the workers that are there; what is no longer asked for is left."""
    ground = cluster(STUDY.replace("epochs: 8", "epochs: 40"))
    (ground.folder / "x.yaml").write_text(ground.text.replace("Avg: average", "Max: maximum"))
    ground.submit()
    advanced(ground)
    (ground.folder / "x.yaml").write_text(ground.text)
    output = ground.finish("--workers", "2")
    assert "left alone" in output
    assert "submitted to Slurm" not in output  # enough are there
    ground.ended()
    assert len(ground.trials) == 6
    unharmed(ground)


def test_a_job_folder_that_others_can_write_to_is_not_run(cluster):
    ground = cluster(STUDY)
    output_of("scontrol", "update", "partitionname=main", "state=down")
    try:
        ground.submit(workers=1)
        job = status.jobs(ground.store, ground.identity)[0]
        job.chmod(0o777)
    finally:
        output_of("scontrol", "update", "partitionname=main", "state=up")
    ids = slurm.submitted(job)
    until(lambda: not slurm.queued(ids), "the job to end")
    assert not ground.epochs()
    assert any("others can write to" in log.read_text() for log in (job / "logs").glob("*.out"))


def test_state_is_known_from_another_process_while_jobs_wait(cluster):
    ground = cluster(STUDY)
    ground.submit(1, "-R", "nodelist=n1", "-R", "sbatch.begin=now+1hour")
    assert "1 pending on Slurm" in ground.study("status", "x.yaml").stdout
    ground.study("cancel", "x.yaml")
    ground.ended()


def test_two_nodes_train_each_trial_together(cluster):
    """To the losses of one process but for the order of its sums."""
    together, alone = cluster(STUDY), cluster(STUDY)
    together.submit(1, "--nodes", "2")
    together.ended()
    alone.finish("--threads", "1")
    for name in alone.trials:
        assert together.store.result(name).environment.processes == 2
        ours, theirs = (
            [row.train_loss for row in ground.store.history(name)] for ground in (together, alone)
        )
        assert ours == pytest.approx(theirs, rel=1e-3)
