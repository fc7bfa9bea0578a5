"""The process that a setting is timed in, and the command; nothing here imports torch."""

import json
import os
import signal

import pytest

from study.bench import process
from study.bench.settings import Setting
from study.metrics.execution import ExecutionMode
from study.store.atomic import read

MINE = """\
from timm.models import register_model
from study.models.rest import test_rest

@register_model
def my_rest(pretrained=False, **given):
    return test_rest(pretrained, **given)
"""
SHORT = ("--batch-size", "1", "--seconds", "0.01", "--threads", "1")


class Ends:
    """Ends the process that it is sent to."""

    models = dict.fromkeys("ab")
    threads = 1

    def __init__(self, number: int) -> None:
        self.number = number

    def __setstate__(self, state: dict) -> None:
        os.kill(os.getpid(), state["number"])


@pytest.mark.parametrize(
    ("number", "message"), [(signal.SIGKILL, "was killed"), (signal.SIGABRT, "died of SIGABRT")]
)
def test_a_process_that_dies_is_why_nothing_was_taken(number, message):
    before = dict(os.environ)
    session = process.session(
        Ends(number), Setting("infer", 1, 64, ExecutionMode()), lambda *now: None
    )
    assert session.arms == {}
    assert set(session.refused) == {"a", "b"}
    assert all(message in why["speed"] for why in session.refused.values())
    assert os.environ == before


@pytest.mark.slow
def test_the_command_prints_a_table_and_keeps_the_session(study, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    models = ("my_rest", "{name: my_rest, reduction: average}", "test_vit")
    where = ("--import", "mine.py", "--store", "kept")
    done = study("bench", *models, "--img-size", "72", *SHORT, *where)
    assert done.returncode == 1, done.stderr
    assert "timing 1/1 infer, batch 1, 72 px, float32, eager" in done.stderr
    assert "Throughput (images/s)" in done.stdout
    assert "my_rest (reduction=average)" in done.stdout
    assert "not taken of test_vit: speed: test_vit cannot do infer" in done.stdout
    (file,) = (tmp_path / "kept" / "timings").glob("bench-*.json")
    assert file.name in done.stderr
    record = read(file)
    assert record["baseline"] == "my_rest"
    (session,) = record["sessions"]
    assert session["setting"]["batch_size"] == session["environment"]["threads"] == 1
    assert session["environment"]["variables"]["MALLOC_MMAP_MAX_"] == "0"
    assert session["how"]["around"][0]["load"] >= 0
    assert session["times"]["my_rest"]["batch"]["seconds"]


@pytest.mark.slow
def test_the_command_as_json_in_two_settings(study):
    done = study("bench", "test_rest", "--img-size", "64,96", *SHORT, "--json")
    assert done.returncode == 0, done.stderr
    sessions = json.loads(done.stdout)
    assert [session["setting"]["img_size"] for session in sessions] == [64, 96]
    assert all(session["arms"]["test_rest"]["throughput"]["value"] > 0 for session in sessions)
    assert not any("times" in session for session in sessions)
