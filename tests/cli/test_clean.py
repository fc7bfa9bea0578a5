"""The command `clean` on the stores of studies."""

import json
import os

import pytest

from study.store.records import Evaluation, TrialRecord
from study.store.store import Store
from tests.launch.conftest import CONFIG, finish, ordered

# ---- the command ----


def listed(done) -> dict[str, int]:
    assert done.returncode == 0, done.stderr
    return {name: len(items) for name, items in json.loads(done.stdout)["groups"].items()}


@pytest.mark.heavy
def test_what_a_study_comes_to_ask_for_no_more_goes_and_the_rest_stays(inside, tiny):
    run = ("run", tiny.name, "--on", "inline", "--no-speed")
    assert inside(*run).returncode == 0
    first = tiny.read_text()
    stored = {"trials": 0, "checkpoints": 4, "jobs": 0, "leftovers": 0}
    assert listed(inside("clean", "--json")) == stored  # the run itself refers to them
    tiny.write_text(first.replace("Avg: average", "Max: maximum"))
    assert listed(inside("clean", tiny, "--json")) == stored | {"trials": 2, "checkpoints": 2}
    tiny.write_text(first.replace("epochs: 2", "epochs: 1"))
    again = inside(*run, "--set", "recipe.epochs=2")  # all are there: nothing says so but this
    assert "nothing to train" in again.stderr
    refused = inside("clean", tiny)
    assert refused.returncode == 2
    assert "add --yes" in refused.stderr
    tiny.write_text(first.replace("Avg: average", "Max: maximum"))
    done = inside("clean", tiny, "--yes", "--only", "trials", "--only", "checkpoints")
    assert done.returncode == 0, done.stderr
    assert "2 trials" in done.stdout
    assert "Avg/s1 of tiny, completed" in done.stdout
    assert [row["state"] for row in json.loads(inside("status", tiny, "--json").stdout)] == [
        *["completed"] * 2,
        *["pending"] * 2,
    ]
    assert "nothing to clean" in inside("clean", tiny, "--yes").stderr
    assert len(list((tiny.parent / "results" / "trials").iterdir())) == 2


@pytest.fixture
def trained(inside, tiny):
    """A store with the trials of a study, by hand, and one more."""
    store = Store(tiny.parent / "results")
    for arm in json.loads(inside("plan", tiny, "--on", "inline", "--json").stdout)["arms"]:
        for trial in arm["trials"]:
            store.enter(trial["name"], TrialRecord(config=arm["config"]))
            finish(store, trial["name"])
    store.enter("ab-0", TrialRecord(config=CONFIG, label="A", seed=0, study="old"))
    return store


def requested(store: Store, file, *flags: str, folder=None, trials=("ab-0",)):
    request = {"words": [str(file), *flags], "folder": str(folder or store.root.parent)}
    return ordered(store, list(trials), **request)


@pytest.mark.heavy
def test_an_earlier_run_keeps_its_trials_while_its_file_is_there_and_after(inside, tiny, trained):
    assert listed(inside("clean", tiny, "--json"))["trials"] == 1
    other = tiny.with_name("other.yaml")
    other.write_text(tiny.read_text())
    requested(trained, "other.yaml", "--set", "seeds=[0, 1]")
    assert listed(inside("clean", "--json"))["trials"] == 1  # planned anew, it has no ab-0
    other.unlink()
    done = inside("clean", tiny, "--json")
    assert listed(done)["trials"] == 0
    assert "kept 1 trial of" in done.stderr
    assert "(--gone deletes them)" in done.stderr
    assert listed(inside("clean", tiny, "--json", "--gone"))["trials"] == 1


def test_a_study_that_cannot_be_planned_keeps_all_trials(inside, tiny, trained):
    other = tiny.with_name("other.yaml")
    other.write_text(tiny.read_text().replace("average", "averag"))
    done = inside("clean", tiny, other, "--json")
    assert done.returncode == 3
    request = json.loads(done.stdout)
    assert set(request["groups"]) == {"jobs", "leftovers"}
    assert "other.yaml" in request["unknown"][0]
    assert 'did you mean "average"?' in done.stderr
    assert "name the study files that count" in done.stderr


@pytest.mark.heavy
def test_images_that_are_not_here_do_not_hinder_a_plan(inside, tiny, trained, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    data = "{name: folder, root: $NOWHERE, img_size: 64, num_classes: 10}"
    tiny.write_text(f"{tiny.read_text()}profiles: {{big: {{baseline: {{data: {data}}}}}}}\n")
    assert listed(inside("clean", tiny, "--json"))["trials"] == 1
    tiny.write_text(tiny.read_text().replace("num_classes: 10", "train_limit: $NOWHERE"))
    done = inside("clean", tiny, "--json")
    assert done.returncode == 3
    assert "$NOWHERE is not set" in done.stderr


def test_an_order_that_cannot_be_read_keeps_all_trials(inside, tiny, trained):
    (requested(trained, "x.yaml") / "job.json").write_text("{")
    done = inside("clean", tiny, "--json")
    assert done.returncode == 3
    assert "cannot be read" in done.stderr


def test_weights_stay_that_a_study_has_yet_to_evaluate(inside, tiny, trained):
    names = trained.results()
    for name in names:
        (trained.trial(name) / "last.pth.tar").touch()
    assert listed(inside("clean", tiny, "--json"))["checkpoints"] == 4
    tiny.write_text(tiny.read_text().replace("top1]", "top1, top1@96]"))
    trained.write_evaluation(names[0], 96, Evaluation(metrics={"top1": 0.5}))
    assert listed(inside("clean", tiny, "--json"))["checkpoints"] == 1


def test_a_run_that_began_while_the_user_was_asked_stops_the_removal(
    inside, tiny, trained, monkeypatch
):
    def confirm(*words: object, **how: object) -> bool:
        requested(trained, "x.yaml")
        return True

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", confirm)
    done = inside("clean", tiny)
    assert done.returncode == 2
    assert "a study was started meanwhile" in done.stderr
    assert trained.trial("ab-0").is_dir()


def test_a_store_that_is_not_there_is_told(inside, tiny):
    done = inside("clean", "--store", "nosuch")
    assert done.returncode == 2
    assert "there is no store nosuch" in done.stderr


# ---- what is hard to remove ----


def test_the_command_goes_on_after_what_it_cannot_remove(inside, tmp_path, monkeypatch):
    stored = Store(tmp_path / "results")
    for name in ("a-0", "b-0"):
        stored.enter(name, TrialRecord(config=CONFIG))
    rename = os.rename

    def refuse(entry, other):
        if "a-0" in str(entry):
            raise OSError(13, "Permission denied", str(entry))
        rename(entry, other)

    monkeypatch.setattr(os, "rename", refuse)
    done = inside("clean", "--yes", "--only", "trials")
    assert done.returncode == 3
    assert "a-0 cannot be removed: Permission denied" in done.stderr
    assert [path.name for path in (stored.root / "trials").iterdir()] == ["a-0"]
