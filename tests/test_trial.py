"""A trial in the store, trained by two processes: the leader keeps it, the other keeps away."""

import pytest

from study.store import leases
from study.store.records import TrialRecord
from study.store.store import Store
from study.tasks.classification.train import ALONE
from study.tasks.classification.trial.run import run
from study.trial.callbacks import nothing
from study.trial.run import run_trial
from tests.train.trials import together

RECORD = {
    "config": {
        "model": {"name": "test_vit", "arguments": {"drop_path_rate": 0.2}},
        "data": {"name": "digits", "img_size": 32, "train_limit": 48, "val_limit": 24},
        "recipe": {"epochs": 2, "batch_size": 16, "opt": "adamw", "lr": 1e-3, "mixup": 0.2},
    },
    "shape": {"num_classes": 10, "in_chans": 3, "img_size": 32},
    "where": {},
    "seed": 0,
}


def trial(group, root, classes=10):
    """Whether the group is whole afterwards."""
    store = Store(root)
    lease = record = None
    if group.leads:
        record = TrialRecord(**RECORD | {"shape": RECORD["shape"] | {"num_classes": classes}})
        store.enter("t-0", record)
        lease = leases.claim(store.trial("t-0"))
    how = {"device": "cpu", "stop": lambda: False, "report": lambda row: None, "pulse": nothing}
    run_trial(run, store, "t-0", lease=lease, record=record, group=group, **how)
    if lease:
        lease.release()
    return group.whole


@pytest.mark.slow
def test_two_processes_leave_one_result(tmp_path):
    assert trial(ALONE, tmp_path / "one")
    assert together(2, trial, tmp_path / "two") == [True, True]
    ours, theirs = (Store(tmp_path / root).result("t-0") for root in ("one", "two"))
    assert ours.state == theirs.state == "completed"
    assert ours.metrics == pytest.approx(theirs.metrics, abs=1e-4)
    names = [{p.name for p in (tmp_path / n / "trials" / "t-0").iterdir()} for n in ("one", "two")]
    assert names[0] == names[1]


@pytest.mark.slow
def test_an_error_in_all_is_a_failed_result_and_the_end_of_the_group(tmp_path):
    results = together(2, trial, tmp_path, 11)
    assert results[0] is False
    assert results[1] == "ValueError: the plan counted 11 classes, the data has 10"
    result = Store(tmp_path).result("t-0")
    assert (result.state, "11 classes" in result.error) == ("failed", True)
