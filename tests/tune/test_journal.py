"""The journal that optuna's dashboard opens: a record of the store, written once."""

import json

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from study.store import leases
from study.store.store import Store
from study.tune import journal
from tests.registries import restorer
from tests.tune.bowls import BOWL, grown, planned
from tests.tune.test_replay import breaking


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def record(plan, tmp_path):
    return journal.record(plan.study, plan.tuning, Store(tmp_path / "results"))


def studies(path):
    storage = JournalStorage(JournalFileBackend(str(path)))
    return optuna.get_all_study_summaries(storage), storage


def trials(path):
    summaries, storage = studies(path)
    return {
        summary.study_name: [
            (t.number, t.state.name, t.values, t.params, t.user_attrs.get("trial"))
            for t in optuna.load_study(study_name=summary.study_name, storage=storage).trials
        ]
        for summary in summaries
    }


def test_it_has_every_arm_with_every_trial_and_nothing_twice(tmp_path):
    plan = grown(tmp_path, finish=breaking)
    path = record(plan, tmp_path)
    before = path.read_bytes()
    assert record(plan, tmp_path) == path
    assert path.read_bytes() == before
    written = trials(path)
    assert [name.split(" (")[0] for name in written] == ["bowl: none", "bowl: half"]
    for row, ours in zip(plan.tuning.arms, written.values(), strict=True):
        assert [number for number, *_ in ours] == list(range(10))
        states = ["COMPLETE" if p.objective is not None else "FAIL" for p in row.proposals]
        assert [state for _, state, *_ in ours] == states
        assert [name for *_, name in ours] == [p.trial.name for p in row.proposals]


def test_only_whole_batches_are_told(tmp_path):
    path = record(planned(tmp_path), tmp_path)
    assert [len(rows) for rows in trials(path).values()] == [0, 0]


def test_deleted_it_is_written_again_from_the_store(tmp_path):
    plan = grown(tmp_path)
    path = record(plan, tmp_path)
    before = trials(path)
    path.unlink()
    assert trials(record(planned(tmp_path), tmp_path)) == before


@pytest.mark.parametrize("cut", [1, 40, 700, 3000])
def test_a_process_that_is_killed_while_it_writes_leaves_nothing_that_cannot_be_mended(
    tmp_path, cut
):
    plan = grown(tmp_path)
    path = record(plan, tmp_path)
    before, content = trials(path), path.read_bytes()
    path.write_bytes(content[:-cut])
    assert trials(record(plan, tmp_path)) == before


def test_a_line_that_is_damaged_sets_the_journal_aside(tmp_path):
    plan = grown(tmp_path)
    path = record(plan, tmp_path)
    before, lines = trials(path), path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], "{no json\n", *lines[3:]]))
    assert trials(record(plan, tmp_path)) == before
    assert list(path.parent.glob("journal.log.damaged-*"))


def test_a_batch_at_a_time_it_ends_with_the_same(tmp_path):
    def slowly(store, name, record_):
        from tests.tune.bowls import finish

        finish(store, name, record_)
        journal.record(plan.study, planned(tmp_path).tuning, store)

    plan = planned(tmp_path)
    grown(tmp_path, finish=slowly)
    path = journal.place(plan.study, Store(tmp_path / "results"))
    slow = trials(path)
    path.unlink()
    assert trials(record(planned(tmp_path), tmp_path)) == slow


def test_other_results_than_before_replace_those_of_the_journal(tmp_path):
    plan = grown(tmp_path)
    path = record(plan, tmp_path)
    for folder in (tmp_path / "results" / "trials").iterdir():
        (folder / "result.json").unlink()
    again = grown(tmp_path, finish=breaking)
    record(again, tmp_path)
    written = list(trials(path).values())
    assert len(written) == 2
    assert [state for _, state, *_ in written[0]].count("FAIL") > 0


def test_another_space_has_another_study_in_the_same_journal(tmp_path):
    record(planned(tmp_path), tmp_path)
    path = record(planned(tmp_path, BOWL.replace("high: 150", "high: 140")), tmp_path)
    assert len(studies(path)[0]) == 4


def test_one_process_writes_at_a_time(tmp_path):
    plan = planned(tmp_path)
    folder = journal.place(plan.study, Store(tmp_path / "results")).parent
    folder.mkdir(parents=True)
    with leases.claim(folder):
        assert record(plan, tmp_path) is None
    assert record(plan, tmp_path)


def test_values_of_the_file_outside_the_space_are_no_parameters(tmp_path):
    text = BOWL.replace("low: 50, high: 150", "low: 50, high: 90")
    path = record(grown(tmp_path, text), tmp_path)
    first, second, *_ = next(iter(trials(path).values()))
    assert first[3] == {}
    assert second[3].keys() == {"args.rate", "args.steps"}
    assert json.loads(path.read_text().splitlines()[2])["user_attrs"]["values"] == "of the file"
