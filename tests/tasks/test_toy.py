"""A task of thirty lines, through everything that a study does with a task."""

import json
import sys
from pathlib import Path

import pytest

from study import tasks
from study.spec.plugins import find_plugin
from study.store.store import Store
from tests.conftest import ROOT
from tests.registries import restorer

TOY = Path(__file__).with_name("toy.py")
BOWL = """\
task: toy
question: Does momentum help?
baseline:
  args: {rate: 0.01, steps: 100}
factors:
  args.momentum: {none: 0.0, half: 0.5}
  args.kills: {spared: false, killed: true}
seeds: 4
aa: true
columns: [work, height, resumed]
metrics: {height: {label: Depth, digits: 1}}
claims: [half is better than none on height]
contrasts: [half]
expects: {args.momentum: {work: same}}
published:
  half: {height: 14.1, status: verified, source: a textbook}
"""


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()
    sys.modules.pop("toy", None)


@pytest.fixture
def bowl(tmp_path):
    path = tmp_path / "bowl.yaml"
    path.write_text(BOWL)
    return path


@pytest.fixture
def spared(bowl):
    """No worker is killed, which costs the seconds of another start."""
    bowl.write_text(BOWL.replace("  args.kills: {spared: false, killed: true}\n", ""))
    return bowl


def run(study, bowl, *words):
    return study("run", bowl, "--import", TOY, *words)


@pytest.mark.heavy
def test_two_workers_run_it_and_trials_whose_worker_was_killed_resume(study, bowl, tmp_path):
    few = ("--set", "seeds=1", "--set", "aa=false")
    done = run(study, bowl, "--on", "local", "--workers", "2", *few)
    assert done.returncode == 0, done.stderr
    store = Store(tmp_path / "results")
    results = [store.result(name) for name in store.results()]
    assert {result.state for result in results} == {"completed"}
    assert sorted(result.metrics["resumed"] for result in results) == [0] * 2 + [50]
    assert "nothing to train: all 3 trials have results" in run(study, bowl, *few).stderr


@pytest.mark.heavy
def test_an_interrupted_study_goes_on_where_it_was(inside, spared):
    first = run(inside, spared, "--on", "inline", "--set", "seeds=1", "--set", "aa=false")
    assert first.returncode == 0, first.stderr
    done = run(inside, spared, "--on", "inline")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(" done ") == 10


@pytest.fixture
def reported(inside, spared, tmp_path):
    assert run(inside, spared, "--on", "inline").returncode == 0
    assert inside("report", spared, "--import", TOY, "--html").returncode == 0
    return next((tmp_path / "reports").iterdir())


@pytest.mark.heavy
def test_its_report_has_a_table_verdicts_claims_figures_and_a_page(reported):
    table = (reported / "table.md").read_text()
    assert "Depth (cm)" in table
    assert "14.1" in (reported / "table_wide.md").read_text()
    assert "supported" in (reported / "claims.md").read_text()
    assert (reported / "contrasts.md").is_file()
    assert (reported / "figures" / "effects.svg").is_file()
    page = (reported / "page.html").read_text()
    assert "Does momentum help?" in page


def test_a_plan_counts_its_costs_and_names_its_trials(inside, bowl):
    plan = json.loads(inside("plan", bowl, "--import", TOY, "--json").stdout)
    assert [arm["cost"] for arm in plan["arms"]] == [{"work": 100}] * 3
    assert len({arm["arm"] for arm in plan["arms"]}) == 3


@pytest.mark.slow
def test_an_edit_of_the_task_makes_other_trials(study, bowl, tmp_path):
    edited = tmp_path / "toy.py"
    edited.write_text(TOY.read_text() + "# edited\n")
    plans = [study("plan", bowl, "--import", file, "--json").stdout for file in (TOY, edited)]
    first, second = ({arm["arm"] for arm in json.loads(plan)["arms"]} for plan in plans)
    assert not first & second


MISTAKES = {
    "task": ("task: toy", "task: toi", "1:7", 'did you mean "toy"?'),
    "part": ("args.momentum", "arg.momentum", "6:3", 'did you mean "args"?'),
    "key of a level": ("half: 0.5", "half: fast", "6:36", "valid number"),
    "key of the baseline": ("rate: 0.01", "rat: 0.01", "4:10", 'did you mean "rate"?'),
    "metric": ("[work, height", "[work, hight", "10:17", 'did you mean "height"?'),
    "metric of another task": ("[work, height", "[work, top1", "10:17", "unknown column"),
    "expectation": ("work: same", "work: more", "14:33", "is not more"),
    "levels alike": ("none: 0.0, half: 0.5", "none: 0.0, half: 0.0", "6:3", "computes the same"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place(inside, bowl, mistake):
    right, wrong, place, message = mistake
    bowl.write_text(BOWL.replace(right, wrong))
    done = inside("plan", bowl, "--import", TOY)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert f"bowl.yaml:{place}" in done.stderr


def test_without_its_plugin_the_task_is_unknown(inside, bowl):
    done = inside("plan", bowl)
    assert done.returncode == 2
    assert 'unknown task "toy" (known: classification, detection, program, results)' in done.stderr
    assert "--import PLUGIN" in done.stderr


@pytest.mark.heavy
def test_every_task_keeps_the_contract():
    tasks.task("toy", [find_plugin(str(TOY))])
    for name in tasks.TASKS:
        task = tasks.task(name)
        assert task.parts
        assert {*task.columns} <= {*task.catalogue}
        qualities = any(metric.kind == "quality" for metric in task.catalogue.values())
        assert qualities or task.declares_metrics
        assert task.baseline.model_json_schema()


@pytest.mark.heavy
def test_the_task_of_the_examples_answers_its_question(inside, tmp_path):
    example = ROOT / "examples" / "my_task.yaml"
    done = inside("run", example, "--import", example.with_suffix(".py"), "--on", "inline")
    assert done.returncode == 0, done.stderr
    assert "supported" in (tmp_path / "reports" / "my_task" / "claims.md").read_text()


def test_a_metric_that_the_catalogue_has_not_fails_the_trial(inside, spared, tmp_path):
    toy = tmp_path / "toy.py"
    toy.write_text(TOY.read_text().replace('{"height": height', '{"hight": height'))
    done = inside("run", spared, "--import", toy, "--on", "inline", "--set", "aa=false")
    assert done.returncode == 1
    assert "hight: no metric of the study, which has work, height, resumed" in done.stderr


DECLARED = {
    "whole": ("{better: lower, unit: cm², digits: 1, scale: 10000.0}", 0, "Energy (cm²)"),
    "no direction": ("{unit: cm²}", 2, 'missing key "better"'),
}


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
def test_a_file_may_declare_a_metric_that_its_trials_report(inside, spared, tmp_path, declared):
    keys, status, text = declared
    file = spared.read_text().replace("steps: 100", "steps: 100, reports: energy")
    file = file.replace("resumed]", "energy]").replace("metrics: {", f"metrics: {{energy: {keys}, ")
    spared.write_text(file)
    done = run(inside, spared, "--on", "inline")
    assert done.returncode == status, done.stderr
    table = tmp_path / "reports" / "bowl" / "table.md"
    assert text in (done.stderr if status else table.read_text())


PLUGINS = {
    "a class": ("= Toy()", "= Toy", "the task toy is a class"),
    "nothing": ("= Toy()", "= None", "the task toy is no object of a class"),
    "no baseline": ("    baseline = Baseline\n", "", "the task toy has no baseline"),
    "no catalogue": ("    catalogue = ", "    katalogue = ", "the task toy has no catalogue"),
    "no model": ("    args: Arguments\n", "    args: int\n", "args: a part is a pydantic model"),
    "a kind": ('kind="cost"', 'kind="costs"', "kind of the metric Work is cost or quality"),
    "a direction": ('better="lower"', 'better="less"', "better of the metric Work is higher or"),
    "an error of cost": ('["args"].steps', '["arg"].steps', "cost of a Toy: KeyError('arg')"),
    "another cost": ('{"work": values', '{"werk": values', "cost of a Toy gives werk, not work"),
    "no number": ('{"work": values["args"].steps}', '{"work": "much"}', "work is 'much'"),
    "no cost": ('{"work": values["args"].steps}', "{}", "cost of a Toy gives nothing, not work"),
    "a speed": ('kind="cost"),', 'kind="speed"),', "trials of toy are not timed"),
}


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
def test_a_mistake_in_a_task_is_told_before_anything_runs(inside, bowl, tmp_path, plugin):
    right, wrong, message = plugin
    toy = tmp_path / "toy.py"
    assert right in TOY.read_text()
    toy.write_text(TOY.read_text().replace(right, wrong))
    done = inside("plan", bowl, "--import", toy)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr


def test_a_number_of_numpy_is_a_number_and_a_text_is_none(inside, spared, tmp_path):
    toy = tmp_path / "toy.py"
    source = TOY.read_text().replace("import math\n", "import math\nimport numpy as np\n")
    toy.write_text(source.replace('"resumed": resumed}', '"resumed": np.int64(resumed)}'))
    done = inside("run", spared, "--import", toy, "--on", "inline", "--set", "aa=false")
    assert done.returncode == 0, done.stderr


def test_a_text_is_no_number(inside, spared, tmp_path):
    toy = tmp_path / "toy.py"
    toy.write_text(TOY.read_text().replace('"resumed": resumed}', '"resumed": "no"}'))
    done = inside("run", spared, "--import", toy, "--on", "inline", "--set", "aa=false")
    assert done.returncode == 1
    assert "resumed is 'no', which is no number" in done.stderr


def test_plugins_lists_a_task_and_an_evaluation_of_its_trials_is_refused(inside, spared, tmp_path):
    assert "toy" in inside("plugins", "--import", TOY).stdout
    assert run(inside, spared, "--on", "inline").returncode == 0
    name = Store(tmp_path / "results").results()[0]
    done = inside("eval", name, "--import", TOY)
    assert done.returncode == 2
    assert "is of the task toy, which has no images to evaluate" in done.stderr


def test_a_metric_may_have_the_name_of_a_fact_about_trials(inside, spared, tmp_path):
    toy = tmp_path / "toy.py"
    toy.write_text(TOY.read_text().replace('"resumed"', '"seconds"').replace("Resumed", "Took"))
    spared.write_text(spared.read_text().replace("resumed", "seconds"))
    words = (spared, "--import", toy)
    assert inside("run", *words, "--on", "inline").returncode == 0
    done = inside("report", *words, "--html")
    assert done.returncode == 0, done.stderr
    assert inside("export", *words).returncode == 0
    rows = (tmp_path / "reports" / "bowl" / "export" / "trials.csv").read_text().splitlines()
    assert rows[0].startswith("trial,arm,seed,state,height,metric.seconds,seconds,")
    assert rows[1].split(",")[5] == "0.0"


def test_a_number_that_is_not_finite_is_no_result_unless_the_trial_diverged(
    inside, spared, tmp_path
):
    toy = tmp_path / "toy.py"
    toy.write_text(TOY.read_text().replace('{"height": height, ', '{"height": math.nan, '))
    done = inside("run", spared, "--import", toy, "--on", "inline", "--set", "aa=false")
    assert done.returncode == 1
    assert "height is nan: if that is a result, its state is diverged" in done.stderr


def test_a_claim_about_a_cost_is_exact(inside, spared, tmp_path):
    text = spared.read_text().replace("claims: [", "claims: [half has at most 100 work, ")
    spared.write_text(text)
    assert run(inside, spared, "--on", "inline").returncode == 0
    claims = (tmp_path / "reports" / "bowl" / "claims.md").read_text()
    assert claims.count("| supported |") == 2
    assert "± 1 %" not in claims
