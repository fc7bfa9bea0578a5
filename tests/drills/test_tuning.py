"""Workers of a tuned study are killed twenty times: the same proposals, and the same winners."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from study.api.request import StudyRequest
from study.store import holders
from study.store.store import Store
from study.tune import journal
from tests.conftest import environment
from tests.registries import restorer
from tests.tune.test_journal import trials
from tests.tune.test_replay import facts

pytestmark = [pytest.mark.slow, pytest.mark.drill, pytest.mark.timeout(1800)]
KILLS = 20
PLUGIN = """\
import time
from study.tasks import TASKS
from tests.tasks.toy import Toy


class Held(Toy):
    def held_out(self, share):
        return {}

    def run(self, trial):
        time.sleep(1.5)
        return super().run(trial)


TASKS["held"] = Held()
"""
STUDY = """\
task: held
question: Does momentum help?
baseline: {args: {rate: 0.01, steps: 100}}
factors:
  args.momentum: {none: 0.0, half: 0.5}
seeds: 2
columns: [work, height]
tune:
  space: {args.rate: {low: 1.0e-4, high: 1.0e-1, log: true}}
  trials: 20
  batch: 3
"""


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def plugin(folder: Path) -> Path:
    """One file for both studies, as a module has one place."""
    return folder.parent / "held.py"


def begun(folder: Path) -> "subprocess.Popen[bytes]":
    words = ["run", "held.yaml", "--import", str(plugin(folder)), "--workers", "2", "--on", "local"]
    return subprocess.Popen(
        [sys.executable, "-m", "study", *words],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_workers(folder: Path) -> None:
    """Kill supervisors first, so that none notes the death of its worker, then all that hold."""
    jobs = folder / "results" / "jobs"
    places = [*jobs.glob("*/worker.*"), *jobs.glob("*/growth/lease.*")]
    places += (folder / "results" / "trials").glob("*/lease.*")
    for who in map(holders.read, places):
        if who is not None and who.local and not who.gone:
            with suppress(ProcessLookupError):
                os.kill(who.pid, signal.SIGKILL)


def planned(folder: Path):
    request = StudyRequest(
        folder / "held.yaml", None, (), folder / "results", (str(plugin(folder)),)
    )
    return request.plan()[0]


def ended(folder: Path, draw: random.Random | None) -> int:
    """Run a study to its end; with a `draw` everything is killed again and again before it."""
    kills = 0
    while planned(folder).missing:
        process = begun(folder)
        if draw and kills < KILLS:
            # From before the first worker starts to after a few trials.
            time.sleep(draw.uniform(1, 5))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                kill_workers(folder)
                kills += 1
        process.wait()
    return kills


def ground(folder: Path, study: str = STUDY, code: str = PLUGIN) -> Path:
    folder.mkdir()
    (folder / "held.yaml").write_text(study)
    plugin(folder).write_text(code)
    return folder


def test_twenty_kills_change_no_proposal_and_no_winner(tmp_path):
    calm, wild = ground(tmp_path / "calm"), ground(tmp_path / "wild")
    assert not ended(calm, None)
    seed = int(os.environ.get("STUDY_DRILL_SEED", "0"))
    kills = ended(wild, random.Random(seed))
    assert kills == KILLS
    before, after = planned(calm), planned(wild)
    assert facts(after) == facts(before)
    names = Store(wild / "results").results()
    assert names == Store(calm / "results").results() == sorted({t.name for t in after.trials})
    written = [
        trials(journal.record(plan.study, plan.tuning, Store(folder / "results")))
        for plan, folder in ((before, calm), (after, wild))
    ]
    assert written[0] == written[1]
    assert all(len(rows) == 20 for rows in written[0].values())
