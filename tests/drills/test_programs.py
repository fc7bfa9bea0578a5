"""What happens to programs, the processes between them and their workers, and what they start."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.drills.conftest import Ground, kill

pytestmark = [pytest.mark.slow, pytest.mark.drill, pytest.mark.timeout(1800)]
KILLS = 20
STEPS = 30
PROGRAM = f"""\
import fcntl, json, os, subprocess, sys, time
import study
subprocess.Popen(["sleep", "86399"], start_new_session=True)
alone = open("alone", "w")
try:
    fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    open(os.environ["DOUBLED"], "w").write("two processes in one folder")
state = json.load(open("state.json")) if os.path.exists("state.json") else {{"step": 0, "x": 0}}
while state["step"] < {STEPS}:
    time.sleep(0.1)
    state["step"] += 1
    state["x"] += state["step"] * (1 + int(sys.argv[1]))
    study.tell(step=state["step"], x=state["x"])
    json.dump(state, open("draft.json", "w"))
    os.replace("draft.json", "state.json")
"""
STUDY = """\
task: program
question: Does it survive?
baseline:
  run: [python, steps.py, "{seed}", "{level}"]
  code: [steps.py]
  args: {level: 0}
  env: {DOUBLED: $DOUBLED}
  resumes: RESUMES
factors:
  args.level: {a: 0, b: 1}
metrics: {x: {better: lower}}
seeds: 2
columns: [x]
"""


@pytest.mark.parametrize("resumes", ["true", "false"])
def test_a_program_killed_at_20_random_moments(tmp_path, moments, resumes):
    doubled = tmp_path / "doubled"
    (tmp_path / "steps.py").write_text(PROGRAM)
    text = STUDY.replace("RESUMES", resumes)
    ground = Ground(tmp_path, text, variables={"DOUBLED": str(doubled)})
    run, kills = ground.start("--workers", "2"), 0
    while kills < KILLS and not completed(ground):
        time.sleep(moments.uniform(0.2, 2 if resumes == "false" else 4))
        if run.poll() is not None:  # a program that was killed has failed, and is tried again
            run = ground.start("--workers", "2")
        if victims := [*ground.holders(), *ground.supervisors(), *processes(tmp_path)]:
            victim = moments.choice(victims)
            if isinstance(victim, int):
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
            else:
                kill(victim)
            kills += 1
    while not completed(ground):
        run.wait()
        if not completed(ground):
            run = ground.start("--workers", "2")
    run.wait()
    results = [ground.store.result(name) for name in ground.store.results()]
    total = STEPS * (STEPS + 1) // 2
    assert sorted(result.metrics["x"] for result in results) == [total, total, 2 * total, 2 * total]
    for result in results:
        steps = [row.measured["iteration"] for row in result.history]
        assert steps == list(range(1, STEPS + 1))
    assert not doubled.exists()
    assert processes(tmp_path) == []
    assert kills >= 5


def completed(ground: Ground) -> bool:
    """True if every trial is completed; one whose program was killed has failed until the next."""
    states = [ground.store.state(name) for name in ground.trials]
    return bool(states) and {*states} == {"completed"}


def processes(folder: Path) -> list[int]:
    """The processes of programs below a folder, and those that keep them."""
    living = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            cwd = Path(f"/proc/{name}/cwd").readlink()
            if cwd.is_relative_to(folder / "results" / "trials"):
                living.append(int(name))
    return living
