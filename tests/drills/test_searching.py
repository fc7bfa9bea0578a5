"""Workers of a search are killed twenty times: the same candidates, and the same front."""

import os
import random

import pytest

from study.store.store import Store
from study.tune import journal
from tests.drills.test_tuning import KILLS, ended, ground, planned
from tests.registries import restorer
from tests.tune.test_journal import trials
from tests.tune.test_search import facts

pytestmark = [pytest.mark.slow, pytest.mark.drill, pytest.mark.timeout(1800)]
PLUGIN = """\
import time
from study.tasks import TASKS
from tests.tune.searches import valley


class Held(valley()):
    def run(self, trial):
        time.sleep(1.5)
        return super().run(trial)


TASKS["held"] = Held()
"""
STUDY = """\
task: held
question: What does a lower height cost?
baseline: {args: {rate: 0.01, steps: 100}}
seeds: 2
columns: [work, height]
search:
  space:
    args.rate: {low: 1.0e-3, high: 1.0e-1, log: true}
    args.steps: {low: 20, high: 200}
  objectives: [height, work]
  constraints: {work: {max: 150}}
  stop: median
  trials: 24
  batch: 4
  keep: 3
"""


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def test_twenty_kills_change_no_candidate_and_no_front(tmp_path):
    calm, wild = (ground(tmp_path / name, STUDY, PLUGIN) for name in ("calm", "wild"))
    assert not ended(calm, None)
    seed = int(os.environ.get("STUDY_DRILL_SEED", "0"))
    assert ended(wild, random.Random(seed)) == KILLS
    before, after = planned(calm), planned(wild)
    assert facts(after) == facts(before)
    assert after.search.censored
    names = Store(wild / "results").results()
    assert names == Store(calm / "results").results() == sorted({t.name for t in after.trials})
    folders = [Store(wild / "results").trial(name) for name in names]
    assert all(len([*folder.glob("result.json*")]) == 1 for folder in folders)
    written = [
        trials(journal.record(plan.study, plan.search, Store(folder / "results")))
        for plan, folder in ((before, calm), (after, wild))
    ]
    assert written[0] == written[1]
    assert [len(rows) for rows in written[0].values()] == [24]
