"""Notes of a plan: results of earlier code, and how much there is to run."""

from dataclasses import replace

import pytest

from study.cli.plan_table import plan_notes
from study.plan.notes import stale
from study.store.records import TrialConfig
from study.store.store import Store
from tests.registries import restorer
from tests.tune.bowls import BOWL, finish, grown, planned


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def coded(config, code):
    return TrialConfig(**config.parts, code={"mine": code})


def with_code(arm, code):
    return replace(arm, config=coded(arm.config, code))


def stored(store, name, record, code):
    finish(store, name, record.model_copy(update={"config": coded(record.config, code)}))


def test_results_of_tuning_by_earlier_code_are_counted_by_arm(tmp_path):
    store, plan = Store(tmp_path / "results"), planned(tmp_path)
    records = plan.records()
    for number, record in enumerate(records.values()):
        stored(store, f"{number:010x}-0", record, "old" if number else "new")
    rows = tuple(
        replace(
            row, proposals=tuple(replace(p, arm=with_code(p.arm, "new")) for p in row.proposals)
        )
        for row in plan.tuning.arms
    )
    arms = [with_code(arm, "new") for arm in plan.arms]
    notes = list(stale(arms, replace(plan.tuning, arms=rows), store))
    of_tuning = [note for note in notes if "of tuning" in note]
    counts = [sum(r.label.startswith(row.arm.label) for r in records.values()) for row in rows]
    assert of_tuning == [
        f"{rows[0].arm.label}: {counts[0] - 1} stored results of tuning from other code than "
        "today's count no longer",
        f"{rows[1].arm.label}: {counts[1]} stored results of tuning from other code than "
        "today's count no longer",
    ]
    assert not list(stale(plan.arms, plan.tuning, store))  # without code nothing is of another


def test_a_tuned_study_says_how_many_trials_it_has_before_it(tmp_path):
    plan = planned(tmp_path)
    # 10 of tuning and 2 seeds of each of 2 arms; a batch is 4 proposals.
    assert "24 trials to run, 8 of them known now" in plan_notes(plan, None, 1)
    assert "24 trials to run, 8 of them known now, about 60 s, 2 workers (a guess)" in plan_notes(
        plan, (60.0, "a guess"), 2
    )
    done = grown(tmp_path, BOWL)
    assert "nothing to run: every trial has a result" in plan_notes(done, None, 1)
