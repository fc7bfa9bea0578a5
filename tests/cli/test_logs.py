"""What trials said, and how their workers died, from any process that sees the store."""

import json
import subprocess
import sys

import pytest

from study.cli.logs import Tail, TrialLog
from study.store import leases
from study.store.atomic import read, write
from study.store.records import TrialRecord, WorkerDeath
from study.store.store import Store
from tests.conftest import environment
from tests.launch.conftest import CONFIG, finish, leave


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results")
    store.enter("a-0", TrialRecord(config=CONFIG))
    return store


@pytest.fixture
def names(inside, tiny):
    """The trials of a study, by row and seed, each with a line in its log."""
    results, trials = Store(tiny.parent / "results"), {}
    for arm in json.loads(inside("plan", tiny, "--on", "inline", "--json").stdout)["arms"]:
        for trial in arm["trials"]:
            trials[f"{arm['label']}/s{trial['seed']}"] = trial["name"]
            results.enter(trial["name"], TrialRecord(config=arm["config"]))
            (results.trial(trial["name"]) / "log.txt").write_text(f"of {trial['name']}\n")
    return trials


def test_a_trial_is_named_in_full_by_its_beginning_or_by_its_row_and_seed(inside, tiny, names):
    name = names["Avg/s1"]
    tiny.write_text(tiny.read_text().replace("seeds: 2", "seeds: [1]"))
    for text in (name, name[:6], "Avg/s1"):
        assert inside("logs", tiny, text).stdout == f"of {name}\n"


def test_a_beginning_that_several_have_is_refused_with_their_names(inside, tiny, names):
    done = inside("logs", tiny, names["Avg/s1"].partition("-")[0])
    assert done.returncode == 2
    assert "may be any of 2 trials" in done.stderr
    assert f"{names['Avg/s0']} (Avg/s0)" in done.stderr


def test_a_trial_that_does_not_exist_is_told_with_what_was_meant(inside, tiny, names):
    done = inside("logs", tiny, "Avg/s3")
    assert done.returncode == 2
    assert 'did you mean "Avg/s' in done.stderr


def test_of_several_trials_every_line_says_whose_it_is(inside, tiny, names):
    done = inside("logs", tiny, "DW/s0", "Avg/s1")
    assert done.stdout.splitlines() == [
        f"DW/s0   of {names['DW/s0']}",
        f"Avg/s1  of {names['Avg/s1']}",
    ]


def test_without_a_name_those_that_run_are_shown_and_otherwise_those_that_failed(
    inside, tiny, names
):
    results = Store(tiny.parent / "results")
    assert "nothing runs and nothing failed" in inside("logs", tiny).stderr
    failed, running = names["DW/s1"], names["Avg/s0"]
    finish(results, failed, "failed")
    assert inside("logs", tiny).stdout == f"of {failed}\nfailed\n"
    with leases.claim(results.trial(running)):
        assert inside("logs", tiny).stdout == f"of {running}\n"


def test_a_trial_without_a_log_says_so(inside, tiny, names):
    (tiny.parent / "results" / "trials" / names["DW/s0"] / "log.txt").unlink()
    assert "DW/s0" in inside("logs", tiny, "DW/s0").stderr


@pytest.mark.heavy
def test_what_comes_is_followed_until_there_is_a_result(tiny, names):
    results, name = Store(tiny.parent / "results"), names["Avg/s0"]
    words = [sys.executable, "-m", "study", "logs", str(tiny), "Avg/s0", "-f"]
    with subprocess.Popen(
        words, cwd=tiny.parent, env=environment(), stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout.readline() == f"of {name}\n"
        with (results.trial(name) / "log.txt").open("a") as log:
            log.write("epoch=0\n")
        assert following.stdout.readline() == "epoch=0\n"
        finish(results, name)
        assert following.communicate()[0] == "completed\n"
    assert following.returncode == 0


def news(log: TrialLog) -> list[str]:
    return list(log.new_lines())


def test_a_death_is_told_once_with_the_last_words_of_the_worker(store):
    log = TrialLog(store, "a-0")
    assert news(log) == []
    leave(store, "a-0")
    death = WorkerDeath(why="killed by SIGSEGV", log=["Fatal Python error", "x.py"], where="node-7")
    store.write_death("a-0", 1, death)
    died, *words = news(log)
    assert died.endswith("its worker died (node-7): killed by SIGSEGV")
    assert words == ["  | Fatal Python error", "  | x.py"]
    assert news(log) == []
    finish(store, "a-0", "failed")
    assert news(log) == ["failed"]
    assert log.ended


def test_what_a_result_has_of_a_death_is_told_where_nothing_else_is(store):
    finish(store, "a-0", "failed")
    path = store.trial("a-0") / "result.json"
    write(path, {**read(path), "log": ["gone"], "error": "its worker died"})
    assert news(TrialLog(store, "a-0")) == ["  | gone", "failed: its worker died"]


def test_of_one_that_has_yet_to_begin_only_what_comes_is_told(store):
    file = store.trial("a-0") / "log.txt"
    file.write_text("of an earlier attempt\n")
    log = TrialLog(store, "a-0", late=True)
    file.write_text("of an earlier attempt\nanew\n")
    assert news(log) == ["anew"]


def test_a_tail_gives_whole_lines_of_whatever_file_is_there(tmp_path):
    tail = Tail(tmp_path / "log.txt")
    assert tail.lines() == []
    tail.path.write_text("one\ntw")
    assert tail.lines() == ["one"]
    tail.path.write_text("one\ntwo\n")
    assert tail.lines() == ["two"]
    (tmp_path / "other").write_text("a longer line than before\n")
    (tmp_path / "other").rename(tail.path)
    assert tail.lines() == ["a longer line than before"]
    tail.path.write_text("cut\nha")
    assert tail.lines() == ["cut"]
    assert tail.lines(last=True) == ["ha"]
