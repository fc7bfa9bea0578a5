"""The last values of a running program."""

from study.launch.events import Watch
from study.store.store import Store
from study.tasks.program.records import ProgramRecord
from study.tasks.program.trial.folder import ProgramFolder
from study.tasks.program.trial.live import FIRST, Live
from study.tasks.program.trial.series import MOST_ROWS, StepValue, history
from tests.tasks.program.conftest import REPORTED


def test_the_last_values_are_read_now_and_then(tmp_path):
    store = Store(tmp_path)
    store.trial("t-3").mkdir(parents=True)
    folder, now = ProgramFolder(store.trial("t-3")), [100.0]
    config = {"program": {"run": ["x"], "metrics": {"x": REPORTED}}}
    keys = {"task": "program", "root": "", "notice": 1.0, "config": config}
    live = Live(ProgramRecord.checked(keys), folder, clock=lambda: now[0])
    watch = Watch(store, ["t-3"])
    steps = []
    for number in range(1, 31):
        with folder.metrics.open("a") as file:
            file.write(f'{{"step": {10 * number}, "x": {number / 10}}}\n')
        live.update()
        steps += [event.row.measured for event in watch.look()]
        now[0] += FIRST
    # One value is no curve. The first steps are shown soon, later ones less and less often.
    assert [step["iteration"] for step in steps] == [20, 40, 80, 160, 260]
    assert steps[0] == {"iteration": 20, "x": 0.2}


def test_half_a_line_is_no_error(tmp_path):
    folder = ProgramFolder(tmp_path)
    config = {"program": {"run": ["x"], "metrics": {"x": REPORTED}}}
    record = ProgramRecord.checked({"root": "", "notice": 1.0, "config": config})
    folder.metrics.write_text('{"x": 1}\n{"x": 2}\n{"x":')
    Live(record, folder).update()
    assert not folder.latest.exists()


def test_a_long_curve_is_thinned_and_a_rare_metric_keeps_all_its_values():
    loss = [StepValue(1 / step, step) for step in range(1, 2_611)]
    accuracy = [StepValue(step / 2_610, step) for step in range(87, 2_611, 87)]
    rows = history({"loss": loss, "accuracy": accuracy})
    assert sum("loss" in row.measured for row in rows) == MOST_ROWS
    assert sum("accuracy" in row.measured for row in rows) == len(accuracy) == 30
    steps = [row.measured["iteration"] for row in rows]
    assert steps == sorted({*steps})
    assert (steps[0], steps[-1]) == (1, 2_610)
    assert rows[-1].measured == {"iteration": 2_610, "loss": 1 / 2_610, "accuracy": 1.0}
