"""Plans of programs: what names a trial, and mistakes at their places. No program is run."""

import json

import pytest

from study.tasks.program import words
from tests.tasks.program.conftest import FILE, PROGRAM

MISTAKES = {
    "placeholder": ("{rate}", "{rato}", "4:35", 'did you mean "rate"?'),
    "bracket": ("{rate}", "{rate", "4:35", "write {{ and }}"),
    "attribute": ("{rate}", "{rate.real}", "4:35", "a placeholder is a name"),
    "argument that is used nowhere": ('"{rate}"', "0.5", "8:3", "args.rate is used nowhere"),
    "misspelt argument of a factor": (
        "  args.rate: {half",
        "  args.rato: {half",
        "8:3",
        "args.rate?",
    ),
    "decimal comma": ("fifth: 0.2", "fifth: 0,2", "8:35", "write 0.2 for one number"),
    "no value": ("fifth: 0.2", "fifth:", "8:32", "a value is missing"),
    "reserved argument": ("args: {rate: 0.5}", "args: {rate: 0.5, seed: 1}", "6:21", "given by"),
    "no seed": ('--seed, "{seed}"', "--seed, 1", "4:8", "nothing of the program uses the seed"),
    "file": ("run: [python, train.py", "run: [python, trian.py", "4:17", 'did you mean "train'),
    "file that is not listed": ("  code: [train.py]\n", "", "4:17", "neither code nor inputs"),
    "code": ("code: [train.py]", "code: [trian.py]", "5:10", 'no file is named "trian.py"'),
    "code outside": ("code: [train.py]", "code: [../train.py]", "5:10", "is not inside cwd"),
    "inputs": ("  args:", "  inputs: [data]\n  args:", "6:12", 'no file or folder is named "data"'),
    "cwd": ("  args:", "  cwd: elsewhere\n  args:", "6:8", "is no folder"),
    "program": ("run: [python,", "run: [no-such-program,", "4:9", "is on the PATH"),
    "not executable": ("run: [python, train.py,", "run: [./train.py,", "4:9", "not executable"),
    "both": ("  args:", '  call: "train:main"\n  args:', "6:9", "and this has both"),
    "key": ("  args:", "  argz:", "6:3", 'did you mean "args"?'),
    "part of a factor": ("  args.rate: {half", "  arg.rate: {half", "8:3", 'did you mean "args"?'),
    "level": ("fifth: 0.2", "fifth: {a: 1}", "8:33", "args"),
    "no metric": ("metrics:\n", "margins: {}\nmetric:\n", "10:1", 'did you mean "metrics"?'),
    "expression": (r"loss:([\d.]+)", r"loss:([\d.+)", "10:51", "no regular expression"),
    "no group": (r"loss:([\d.]+)", r"loss:[\d.]+", "10:51", "one group in ( ) is the value"),
    "group": (r"loss:([\d.]+)", r"loss:(?P<loss>[\d.]+)", "10:51", "named groups are value"),
    "two readers": ("from: {stdout", "from: {csv: a.csv, stdout", "10:48", "has one reader"),
    "reader": ("from: {stdout", "from: {stdot", "10:43", 'did you mean "stdout"?'),
    "best": ("]+)'}", "]+)', take: best}", "10:74", "the luckiest of many values"),
    "take": ("]+)'}", "]+)', take: median}", "10:74", "mean_of_last 5"),
    "no reader": (", from: {stdout: 'loss:([\\d.]+)'}", "", "10:3", "nothing of the program gives"),
    "speed": ("columns: [loss,", "columns: [loss, throughput,", "12:17", "unknown column"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_an_error_at_its_place(inside, program, mistake):
    right, wrong, place, message = mistake
    assert right in FILE
    program.write_text(FILE.replace(right, wrong))
    done = inside("plan", program)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert f"rates.yaml:{place}" in done.stderr


def names(inside, program) -> dict[str, str]:
    """The digest of every arm by its label."""
    done = inside("plan", program, "--json")
    assert done.returncode == 0, done.stderr
    return {arm["label"]: arm["arm"] for arm in json.loads(done.stdout)["arms"]}


def test_a_plan_runs_nothing_and_leaves_no_file(inside, program, tmp_path):
    (tmp_path / "train.py").write_text("open('ran', 'w')\n" + PROGRAM)
    assert len(names(inside, program)) == 2
    assert not (tmp_path / "ran").exists()


RENAMES = {
    "argument": ("half: 0.5", "half: 0.4"),
    "word": ('"{rate}", --seed', '"{rate}", "--seed"', False),
    "environment": ("  args:", "  env: {A: b}\n  args:"),
    "expression": ("loss:(", "step:. loss:("),
    "values that count": ("]+)'}", "]+)', take: mean_of_last 2}"),
    "print": ("digits: 4", "digits: 2", False),
    "notice": ("  args:", "  notice: 5\n  args:", False),
    "resumes": ("  args:", "  resumes: true\n  args:", False),
}


@pytest.mark.parametrize("change", RENAMES.values(), ids=RENAMES)
def test_what_a_trial_computes_names_it(inside, program, change):
    right, other, *renames = change
    before = names(inside, program)
    program.write_text(FILE.replace(right, other))
    after = names(inside, program)
    assert (before["half"] != after["half"]) is (renames != [False])


def test_an_edit_of_code_names_other_trials_and_one_beside_it_does_not(inside, program, tmp_path):
    before = names(inside, program)
    (tmp_path / "notes.txt").write_text("beside")
    assert names(inside, program) == before
    (tmp_path / "train.py").write_text(PROGRAM + "# edited\n")
    after = names(inside, program)
    assert not {*before.values()} & {*after.values()}


def test_folders_and_patterns_are_files_of_code(inside, program, tmp_path):
    (tmp_path / "kernels" / "__pycache__").mkdir(parents=True)
    (tmp_path / "kernels" / "a.cu").write_text("1")
    program.write_text(FILE.replace("[train.py]", '["*.py", kernels]'))
    before = names(inside, program)
    (tmp_path / "kernels" / "__pycache__" / "a.pyc").write_text("compiled")
    assert names(inside, program) == before
    (tmp_path / "kernels" / "a.cu").write_text("2")
    assert names(inside, program) != before


def test_a_secret_of_the_environment_enters_no_name_and_no_record(
    inside, program, tmp_path, monkeypatch
):
    monkeypatch.setenv("TOKEN", "first")
    program.write_text(FILE.replace("  args:", "  env: {TOKEN: $TOKEN}\n  args:"))
    before = names(inside, program)
    monkeypatch.setenv("TOKEN", "second")
    assert names(inside, program) == before


def test_two_commands_are_levels_of_a_factor(inside, program, tmp_path):
    (tmp_path / "other.py").write_text(PROGRAM)
    first, second = (f"[python, {name}.py, '{{rate}}', '{{seed}}']" for name in ("train", "other"))
    levels = f"run: {{a: {first}, b: {second}}}"
    text = FILE.replace("  args.rate: {half: 0.5, fifth: 0.2}", f"  {levels}")
    program.write_text(text.replace("code: [train.py]", "code: [train.py, other.py]"))
    assert [*names(inside, program)] == ["a", "b"]


SAME_WORDS = {
    "number": "{1: 1, 2: '1'}",
    "truth": "{a: true, b: 'true'}",
    "list of one word": "{a: 0.5, b: [0.5]}",
    "whole number": "{a: [1, x], b: ['1', x]}",
}


@pytest.mark.parametrize("levels", SAME_WORDS.values(), ids=SAME_WORDS)
def test_levels_that_are_one_word_of_a_command_are_refused(inside, program, levels):
    program.write_text(FILE.replace("{half: 0.5, fifth: 0.2}", levels))
    done = inside("plan", program)
    assert done.returncode == 2, done.stdout
    assert "gives the program the same words as" in done.stderr
    assert "rates.yaml:8:" in done.stderr


def test_a_function_is_given_a_number_and_its_text_as_two_values(inside, program, tmp_path):
    (tmp_path / "train.py").write_text("def fit(rate, seed): return {'loss': 1}\n")
    run = '  run: [python, train.py, --rate, "{rate}", --seed, "{seed}"]\n'
    text = FILE.replace(run, '  call: "train:fit"\n').replace("fifth: 0.2", "fifth: '0.5'")
    program.write_text(text)
    assert len(names(inside, program)) == 2


def test_a_file_without_task_is_told_to_name_it(inside, program):
    program.write_text(FILE.replace("task: program\n", ""))
    done = inside("plan", program)
    assert 'write "task: program"' in done.stderr


def test_another_task_refuses_a_reader(inside, tiny):
    tiny.write_text(tiny.read_text() + "metrics: {loss: {from: {csv: a.csv}}}\n")
    done = inside("plan", tiny)
    assert done.returncode == 2
    assert "from of loss cannot be changed" in done.stderr


NAMES = {
    "train.py": ["python", "-u", "scripts/train.py", "--lr", "{lr}"],
    "lab.train": ["torchrun", "--nproc-per-node", "{devices}", "-m", "lab.train"],
    "sum.awk": ["awk", "-v", "s={seed}", "-f", "sum.awk"],
    "solve": ["./bin/solve", "{seed}"],
}


@pytest.mark.parametrize(("name", "command"), NAMES.items(), ids=NAMES)
def test_a_program_has_the_name_of_its_script_or_of_what_is_started(name, command):
    assert words.name(command) == name
