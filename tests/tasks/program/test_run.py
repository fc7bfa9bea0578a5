"""One attempt at a trial of a program: what it is given, how it ends, what is read of it."""

import json
import re
from pathlib import Path

import pytest

from study.store.processes import start_time
from study.store.store import Store
from study.tasks.program.code import CodeError
from study.trial.callbacks import Callbacks, Stopped
from study.trial.running import TrialError

TELL = "import os\ndef tell(text): open(os.environ['STUDY_METRICS'], 'a').write(text + '\\n')\n"


def reading(reader: str, source: str = "", key: str = "x", last: int = 1) -> dict[str, object]:
    return {"metrics": {"x": {"reader": reader, "source": source, "key": key, "last": last}}}


def test_metrics_are_reported_by_lines_of_json_and_by_tell(attempt):
    script = TELL + "import study\ntell('{\"x\": 1}')\nstudy.tell(x=2.5)\n"
    finished = attempt(script)
    assert finished.metrics["x"] == 2.5
    assert finished.state == "completed"
    assert finished.metrics.keys() == {"x", "seconds", "cpu_seconds", "peak_memory"}


READERS = {
    "stdout": ("print('a x=1 x=2\\nx=3')", reading("stdout", r"x=(\d)"), 3.0),
    "stderr": ("import sys; print('x=4', file=sys.stderr)", reading("stdout", "x=(.)"), 4.0),
    "mean": ("print('x=1\\nx=2\\nx=4')", reading("stdout", r"x=(\d)", last=2), 3.0),
    "progress bar": ("print('x=1\\rx=2', end='')", reading("stdout", r"x=(\d)"), 2.0),
    "json": (
        "open('r.json', 'w').write('{\"a\": {\"x\": 5}}')",
        reading("json", "r.json", "a.x"),
        5,
    ),
    "json lines": (
        "open('r.jsonl', 'w').write('{\"x\": 1}\\n{\"x\": 6}\\n')",
        reading("json", "r.jsonl"),
        6,
    ),
    "csv": ("open('r.csv', 'w').write('step,x\\n1,5\\n2,7\\n3,\\n')", reading("csv", "r.csv"), 7),
    "pattern": (
        "import os; os.makedirs('v/0'); open('v/0/m.csv', 'w').write('x\\n8\\n')",
        reading("csv", "v/*/m.csv"),
        8,
    ),
    "trackio": (
        "import sqlite3; d = sqlite3.connect('p.db');"
        "d.execute('create table metrics (id integer primary key, step int, metrics text)');"
        "d.execute('insert into metrics values (1, 1, \\'{\"x\": 9}\\')'); d.commit()",
        reading("trackio", "."),
        9,
    ),
}


@pytest.mark.parametrize(("script", "program", "value"), READERS.values(), ids=READERS)
def test_readers_give_the_last_values(attempt, script, program, value):
    run = {"run": ["python", "train.py"]}
    assert attempt(script, program=run | program).metrics["x"] == value


FAILURES = {
    "exit status": ("print('why'); raise SystemExit(3)", "exit status 3: why"),
    "traceback": ("1 / 0", "exit status 1: ZeroDivisionError: division by zero"),
    "signal": ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    "nothing reported": ("", "x was not reported"),
    "another name": (TELL + "tell('{\"xx\": 1}')", 'did you mean "xx"?'),
    "no number": (TELL + 'tell(\'{"x": "low"}\')', "'low' is no number"),
    "no json": (TELL + "tell('{\"x\": 1}')\ntell('x=1')", "line 2 of metrics.jsonl is no JSON"),
    "saved without resumes": ("raise SystemExit(75)", "declare resumes: true"),
}


@pytest.mark.parametrize(("script", "message"), FAILURES.values(), ids=FAILURES)
def test_a_program_that_does_not_end_well_fails_with_the_reason(attempt, script, message):
    with pytest.raises(TrialError, match=re.escape(message)):
        attempt(script)


def test_the_last_lines_of_output_are_stored_with_a_failure(attempt):
    script = "for i in range(100): print('line', i)\nraise SystemExit(1)"
    with pytest.raises(TrialError) as failure:
        attempt(script)
    assert failure.value.log == [f"line {i}" for i in range(80, 100)]


def test_a_metric_that_is_not_finite_has_diverged(attempt):
    finished = attempt("import study\nprint('loss: nan')\nstudy.tell(x=float('nan'))")
    assert finished.state == "diverged"
    assert finished.log == ["loss: nan"]


def test_a_program_that_cannot_be_started_says_so(attempt):
    with pytest.raises(TrialError, match="no-such cannot be started: No such file"):
        attempt(program={"run": ["no-such"]})


def test_a_word_that_is_a_list_becomes_several_words(attempt, tmp_path):
    script = TELL + "import sys\ntell('{\"x\": 1}')\nprint(*sys.argv[1:], sep='|')"
    words = ["python", "train.py", "{flags}", "s{seed}", "{{}}", "{on}", 7]
    attempt(script, program={"run": words}, args={"flags": ["--a", 1], "on": True})
    assert output(tmp_path) == "--a|1|s3|{}|true|7\n"


def test_the_environment_says_where_and_on_what(attempt, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    names = (
        *("STUDY_SEED", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "RATE", "TOKEN"),
        *("STUDY_FOLDER", "PYTHONSAFEPATH"),
    )
    script = TELL + f"tell('{{\"x\": 1}}')\nfor n in {names}: print(os.environ.get(n))"
    script += "\nprint(os.getcwd(), int(os.environ['MASTER_PORT']) > 0)"
    attempt(script, args={"rate": 0.5}, env={"RATE": "r={rate}", "TOKEN": "$TOKEN"})
    work = tmp_path / "results" / "trials" / "t-3" / "work"
    lines = ["3", "2", "", "r=0.5", "secret", str(work), "None", f"{work} True"]
    assert output(tmp_path).splitlines() == lines


def output(tmp_path: Path) -> str:
    return (tmp_path / "results" / "trials" / "t-3" / "output.txt").read_text()


def test_time_and_memory_are_those_of_all_processes(attempt):
    child = "x = bytearray(300_000_000)\nimport time\nt = time.process_time()\n"
    child += "while time.process_time() - t < 0.3: pass\n"
    script = "import subprocess, sys, study\nstudy.tell(x=1)\n"
    script += f"subprocess.run([sys.executable, '-c', {child!r}])"
    metrics = attempt(script).metrics
    assert metrics["cpu_seconds"] > 0.3
    assert metrics["peak_memory"] > 3e8


# ---- the end of its processes ----


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("pid.tmp", "w").write(str(os.getpid()))
        os.rename("pid.tmp", "pid")
        time.sleep(600)
    os._exit(0)
while not os.path.exists("pid"): time.sleep(0.01)
"""


def test_a_grandchild_that_left_the_group_ends_with_the_program(attempt, tmp_path):
    attempt(DAEMON + "import study\nstudy.tell(x=1)\n")
    pid = int((tmp_path / "results" / "trials" / "t-3" / "work" / "pid").read_text())
    assert start_time(pid) == ""


def until(path: Path) -> Callbacks:
    """Callbacks that ask to stop once there is a file."""
    return Callbacks(stop=path.exists)


WAITS = """
import signal, sys, time, study
def save(*_):
    open("state", "w").write("half")
    sys.exit(STATUS)
signal.signal(signal.SIGTERM, save)
try:
    study.tell(x=len(open("state").read()))
except FileNotFoundError:
    study.tell(x=0)
    open("ready", "w").close()
    time.sleep(600)
"""


@pytest.mark.parametrize("status", [0, 1, 75])
def test_a_program_that_is_stopped_saves_its_state_and_goes_on(attempt, tmp_path, status):
    """Until then it is paused."""
    script = WAITS.replace("STATUS", str(status))
    work = tmp_path / "results" / "trials" / "t-3" / "work"
    with pytest.raises(Stopped):
        attempt(script, until(work / "ready"), resumes=True)
    assert Store(tmp_path / "results").state("t-3") == "paused"
    (work / "ready").unlink()
    assert attempt(script, resumes=True).metrics["x"] == 4


def test_a_program_that_does_not_resume_is_pending_once_it_is_stopped(attempt, tmp_path):
    work = tmp_path / "results" / "trials" / "t-3" / "work"
    with pytest.raises(Stopped):
        attempt(WAITS.replace("STATUS", "0"), until(work / "ready"))
    assert Store(tmp_path / "results").state("t-3") == "pending"


def test_a_program_that_ignores_sigterm_is_killed_when_its_notice_is_over(attempt, tmp_path):
    script = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\n" + DAEMON
    script += "while True: time.sleep(1)"
    work = tmp_path / "results" / "trials" / "t-3" / "work"
    with pytest.raises(Stopped, match="SIGKILL"):
        attempt(script, until(work / "pid"), notice=0.2)
    assert start_time(int((work / "pid").read_text())) == ""


def test_without_resumes_an_attempt_begins_in_an_emptied_folder(attempt, tmp_path):
    (tmp_path / "source" / "data").mkdir()
    (tmp_path / "source" / "data" / "a").write_text("5")
    script = (
        "import os, study\nstudy.tell(x=len(os.listdir('.')) + float(open('data/a').read()))\n"
        "open('left', 'w').close()"
    )
    for _ in range(2):
        assert attempt(script, inputs=["data"]).metrics["x"] == 7  # the script, the link, and 5
    assert (tmp_path / "source" / "data" / "a").read_text() == "5"


def test_with_resumes_it_finds_what_it_left_and_usage_adds_up(attempt):
    script = (
        "import os, study\nn = len(os.listdir('.'))\nopen(f'left{n}', 'w').close()\n"
        "study.tell(x=n)\nraise SystemExit(75 if n < 4 else 0)"
    )
    assert attempt(script, resumes=True).metrics["x"] == 4


def test_a_program_that_asks_to_be_called_again_and_does_not_advance_fails(attempt):
    with pytest.raises(TrialError, match="does not advance"):
        attempt("raise SystemExit(75)", resumes=True)


def test_a_step_that_is_measured_again_counts_once_and_a_broken_line_is_cut_off(attempt, tmp_path):
    script = TELL + (
        "first = not os.path.exists('state')\n"
        "for step in (1, 2, 3) if first else (2, 3, 4):\n"
        '    tell(\'{"step": %d, "x": %d}\' % (step, step * (1 if first else 10)))\n'
        "open('state', 'w').close()\n"
        "if first:\n"
        "    open(os.environ['STUDY_METRICS'], 'a').write('{\"step\": 9, \"x')\n"
        "    raise SystemExit(1)\n"
    )
    by_tell = reading("tell", last=2)
    with pytest.raises(TrialError):
        attempt(script, resumes=True, program=by_tell | {"run": ["python", "train.py"]})
    finished = attempt(script, resumes=True, program=by_tell | {"run": ["python", "train.py"]})
    assert finished.metrics["x"] == 35
    rows = [(row.epoch, row.measured) for row in finished.history]
    assert rows == [
        *((0, {"iteration": 1, "x": 1}), (1, {"iteration": 2, "x": 20})),
        *((2, {"iteration": 3, "x": 30}), (3, {"iteration": 4, "x": 40})),
    ]


# ---- its code ----


def test_workers_run_the_copy_and_refuse_a_changed_one(attempt, tmp_path):
    attempt("import study\nstudy.tell(x=1)")
    (copy,) = (tmp_path / "program").glob("*/train.py")
    copy.write_text("raise SystemExit(1)")
    with pytest.raises(CodeError, match="has changed since it was planned"):
        attempt("import study\nstudy.tell(x=1)")


def test_a_file_that_is_not_listed_is_not_there(attempt):
    with pytest.raises(TrialError, match="No module named 'beside'"):
        attempt("import beside", files={"beside.py": ""}, copied=["train.py"])


def test_a_function_is_called_with_its_arguments_and_the_seed(attempt):
    files = {"lab.py": "def fit(rate, seed):\n    return {'x': rate * seed}\n"}
    program = {"run": None, "call": "lab:fit"}
    assert attempt(files=files, program=program, args={"rate": 0.5}).metrics["x"] == 1.5


def test_a_program_need_not_be_python(attempt):
    awk = {"run": ["awk", "-v", "s={seed}", "-f", "sum.awk"]}
    files = {"sum.awk": 'BEGIN { for (i = 0; i < s; i++) x += i; print "x:" x }'}
    assert attempt(files=files, program=awk | reading("stdout", r"x:(\d+)")).metrics["x"] == 3


def test_the_result_is_json(attempt):
    finished = attempt("import study\nfor i in range(2000): study.tell(step=i, x=i)")
    assert len(finished.history) == 500
    assert json.dumps([row.plain for row in finished.history])
    assert finished.history[-1].measured["iteration"] == 1999
