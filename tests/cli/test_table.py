"""The table of results that exist: told rightly, by one command, without torch."""

import subprocess
import sys

import pytest
from scipy.stats import ttest_ind, ttest_rel

from tests.conftest import ROOT, environment

EXAMPLE = ROOT / "examples" / "welch_and_paired.csv"
ARMS = ("--arm", "method", "--metric", "accuracy", "--baseline", "baseline")


@pytest.fixture
def runs(tmp_path):
    (tmp_path / "runs.csv").write_bytes(EXAMPLE.read_bytes())
    return tmp_path / "runs.csv"


def accuracies(method):
    lines = EXAMPLE.read_text().split()[1:]
    rows = sorted(line.split(",") for line in lines)
    return [float(value) for name, _, value in rows if name == method]


def test_the_example_is_one_where_welch_and_the_paired_test_disagree():
    baseline, mixup, cutmix = map(accuracies, ("baseline", "mixup", "cutmix"))
    assert ttest_rel(mixup, baseline).pvalue < 0.01
    assert ttest_ind(mixup, baseline, equal_var=False).pvalue > 0.2
    # Of the same difference, with seeds that happen to run against each other.
    assert ttest_rel(cutmix, baseline).pvalue > 0.4


def test_matched_seeds_find_what_welch_cannot(inside, runs):
    done = inside("table", "runs.csv", *ARMS)
    assert done.returncode == 0, done.stderr
    assert "mixup (+0.42 [0.29, 0.56]) is better than baseline in Accuracy (5 paired" in done.stdout
    assert "The other arm cannot be distinguished from baseline" in done.stdout
    assert "95 % t interval. Accuracy is imported from runs.csv (sha256 " in done.stdout
    supplement = (runs.parent / "reports/runs/supplement.md").read_text()
    assert "Pairing by seed: the variance of the differences, as a share" in supplement
    assert "accuracy: higher is taken to be better" in done.stderr


def test_without_seeds_it_says_that_nothing_is_paired(inside, runs):
    done = inside("table", "runs.csv", *ARMS, "--unpaired")
    assert done.returncode == 0, done.stderr
    assert "none of 2 arms can be distinguished" in done.stdout
    assert "5 unpaired replicates" in done.stdout
    assert "95 % Welch interval" in done.stdout
    assert "●, not paired: intervals and tests are Welch's" in done.stdout
    supplement = (runs.parent / "reports/runs/supplement.md").read_text()
    assert "sign-flip" not in supplement
    assert "Pairing" not in supplement


def test_every_table_and_every_alternative_text_names_the_file(inside, runs):
    assert inside("table", "runs.csv", *ARMS, "--html").returncode == 0
    folder = runs.parent / "reports/runs"
    names = ("table", "table_wide", "supplement")
    paths = [folder / f"{name}.{end}" for name in names for end in ("md", "tex", "html", "typ")]
    for path in [*paths, folder / "page.html"]:
        assert "imported from runs.csv (sha256" in path.read_text(), path


def test_the_study_file_goes_on_from_there(inside, runs):
    printed = inside("table", "runs.csv", *ARMS, "--dry-run")
    saved = inside("table", "runs.csv", *ARMS, "--save", "mine.yaml")
    assert saved.returncode == 0, saved.stderr
    assert (runs.parent / "mine.yaml").read_text() == printed.stdout
    again = inside("run", "mine.yaml")
    assert "nothing to train: all 15 trials have results" in again.stderr
    assert "mixup" in again.stdout
    refused = inside("table", "runs.csv", *ARMS, "--save", "mine.yaml")
    assert (refused.returncode, "mine.yaml exists" in refused.stderr) == (2, True)


@pytest.mark.heavy
def test_each_group_has_a_report_and_a_study_file_of_its_own(inside, runs):
    header, *rows = runs.read_text().split()
    sets = [f"{row},{name}" for name in ("c 10", "c/10") for row in rows]
    runs.write_text("\n".join([f"{header},data", *sets]))
    arguments = ("runs.csv", *ARMS[:-2], "--group", "data", "--save", "mine.yaml")
    done = inside("table", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("data: c") == 2
    assert "Method of the runs in runs.csv with data c/10" in done.stdout
    assert done.stderr.count('note: the baseline is "baseline", by its name') == 1
    for name in ("mine-c_10", "mine-c_10_2"):
        assert (runs.parent / f"reports/{name}/table.tex").exists()
        assert inside("plan", f"{name}.yaml").returncode == 0


def without_seeds(rows):
    """The rows of a file without their seeds."""
    lines = [line.split(",") for line in rows.split()]
    return "".join(f"{method},{value}\n" for method, _, value in lines)


@pytest.mark.heavy
@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("more", ["", 'claims: ["mixup is better than baseline on accuracy"]\n'])
def test_run_writes_the_report_of_a_study_without_seeds(inside, runs, unequal, more):
    rows = without_seeds(runs.read_text())
    runs.write_text(rows.rsplit("\n", 2)[0] + "\n" if unequal else rows)
    assert inside("table", "runs.csv", *ARMS, "--save", "mine.yaml").returncode == 0
    study = runs.parent / "mine.yaml"
    study.write_text(study.read_text() + more)
    done = inside("run", "mine.yaml", "--reports", "other")
    assert done.returncode == 0, done.stderr
    assert "unpaired replicates" in done.stdout
    assert "not paired, as the file has no column of seeds: intervals" in done.stdout
    # A difference of replicates has no pairs, of which some could be missing.
    table = (runs.parent / "other/mine/table.md").read_text()
    assert (
        "(4/5)" in table,
        "(n/5): n replicates in runs.csv, of which another arm has 5." in table,
    ) == (
        unequal,
        unequal,
    )
    assert "] (4/5)" not in table
    assert "both arms" not in table


def test_lower_is_better_by_the_name_or_by_the_word_of_the_user(inside, runs):
    runs.write_text(runs.read_text().replace("accuracy", "val/loss"))
    words = ("table", "runs.csv", "--arm", "method", "--metric", "val/loss", "--dry-run")
    guessed = inside(*words)
    assert "better: lower" in guessed.stdout
    assert "val/loss: lower is taken to be better" in guessed.stderr
    assert "better: higher" in inside(*words, "--better", "val/loss=higher").stdout


@pytest.mark.parametrize("folder", ["a", "b"])
def test_a_pattern_is_named_after_the_folder_where_it_begins(inside, tmp_path, folder):
    for run in ("x", "y"):
        (tmp_path / folder / run).mkdir(parents=True)
        (tmp_path / folder / run / "summary.csv").write_text("acc\n1\n")
    words = ("--arm", "folder", "--metric", "acc")
    done = inside("table", f"{folder}/*/summary.csv", *words)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / folder / "table.md").is_file()


@pytest.mark.parametrize("name", ["runs", "runs/*.csv", "runs.csv"])
def test_the_report_of_a_study_of_the_same_name_stays(inside, runs, name):
    assert inside("table", "runs.csv", *ARMS, "--save", "runs.yaml").returncode == 0
    (runs.parent / "runs").mkdir()
    (runs.parent / "runs" / "more.csv").write_text(EXAMPLE.read_text())
    done = inside("table", name, *ARMS)
    assert done.returncode == 2
    assert "belongs to runs.yaml, which has the same name as runs" in done.stderr


def crossed(folder, rows):
    lines = [f"{a},{b},{seed},{seed + a * b}" for a, b in rows for seed in range(3)]
    (folder / "runs.csv").write_text("\n".join(["lr,warm up,seed,acc", *lines]))


def test_two_columns_whose_values_are_all_combined_are_two_factors(inside, tmp_path):
    crossed(tmp_path, [(1, 1), (1, 2), (2, 1), (2, 2)])
    done = inside("table", "runs.csv", "--arm", "lr", "--arm", "warm up", "--metric", "acc")
    assert done.returncode == 0, done.stderr
    assert "interactions" in done.stdout
    assert "2 (Learning rate) × 2 (warm up)" in done.stdout


def test_two_columns_whose_values_are_not_all_combined_are_one_factor(inside, tmp_path):
    crossed(tmp_path, [(1, 1), (1, 2), (2, 1)])
    words = ("--arm", "lr", "--arm", "warm up", "--metric", "acc", "--baseline", "2, 1")
    done = inside("table", "runs.csv", *words)
    assert done.returncode == 0, done.stderr
    assert "● 2, 1" in done.stdout
    assert "interactions" not in done.stdout


def test_where_compares_numbers_and_booleans_however_they_are_written(inside, tmp_path):
    rows = [
        f"{m},1e-3,true,{v}\n{m},.001,True,{v + 1}\n{m},0.1,,{v}\n" for m, v in (("a", 1), ("b", 3))
    ]
    (tmp_path / "runs.csv").write_text("m,lr,amp,acc\n" + "".join(rows))
    words = ("table", "runs.csv", "--arm", "m", "--metric", "acc", "--dry-run")
    both = inside(*words, "--where", "lr=0.001", "--where", "amp=true")
    assert "where: {lr: 0.001, amp: true}" in both.stdout
    saved = inside(*words[:-1], "--where", "amp=True", "--save", "mine.yaml")
    assert "2 unpaired replicates" in saved.stdout, saved.stderr
    assert "where: {amp: null}" in inside(*words, "--where", "amp=null").stdout


WRONG = {
    "an arm": (("--arm", "methd", "--metric", "accuracy"), 'did you mean "method"?'),
    "a metric": (("--arm", "method", "--metric", "acuracy"), 'did you mean "accuracy"?'),
    "a baseline": ((*ARMS[:4], "--baseline", "mixp"), 'did you mean "mixup"?'),
    "a direction": ((*ARMS, "--better", "loss"), "unknown direction"),
    "a metric's direction": ((*ARMS, "--better", "acc=lower"), 'unknown metric "acc"'),
    "a column twice": (("--arm", "seed", "--metric", "seed"), "cannot be an arm and a metric"),
    "a condition": ((*ARMS, "--where", "seed"), "--where takes COLUMN=VALUE"),
    "two conditions": (
        (*ARMS, "--where", "seed=1", "--where", "seed=2"),
        "--where gives seed two values",
    ),
    "a value": ((*ARMS, "--where", "seed=9"), "no row of runs.csv has seed=9"),
    "seeds twice": ((*ARMS, "--unpaired", "--seed", "seed"), "--unpaired uses no seeds"),
    "a flag": ((*ARMS, "-o", "out"), "say --reports out"),
}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_a_mistake_says_what_exists(inside, runs, words, message):
    done = inside("table", "runs.csv", *words)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.heavy
def test_it_imports_no_torch(runs):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "study", "table", "runs.csv", *ARMS],
        cwd=runs.parent,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "study.plan.measured.results" in imported
    assert not imported & {"torch", "timm", "torchvision"}
