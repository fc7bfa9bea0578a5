"""study new: commented study files for what is there, which plan as they are."""

import re
from pathlib import Path

import pytest
from PIL import Image

from study.cli.drafts import DRAFTS
from study.cli.drafts.reports import NUMBER
from study.cli.new import TASKS

TRAIN = """\
import argparse, random
import mylib.nets
from losses import penalty
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=1e-3)
p.add_argument("--wd", "--weight-decay", type=float, default=0)
p.add_argument("--amp", action="store_true")
p.add_argument("--opt", choices=["adamw", "sgd"], default="adamw")
p.add_argument("--data", default="data")
p.add_argument("--out-dir", default="out")
p.add_argument("--betas", nargs=2, type=float, default=[0.9, 0.95])
p.add_argument("--threads", type=int, default=2)
p.add_argument("--size", required=True, type=int)
p.add_argument("--seed", type=int, default=None)
a = p.parse_args()
raise SystemExit("this line is never reached by study new")
for step in range(3):
    print(f"step {step}: train_loss {1.0:.3f}, val loss: {random.random():.4f} val_acc=%.2f" % 0.5)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "mylib").mkdir()
    (tmp_path / "mylib" / "nets.py").touch()
    (tmp_path / "losses.py").write_text("penalty = 1\n")
    (tmp_path / "data").mkdir()
    path = tmp_path / "train.py"
    path.write_text(TRAIN)
    return path


def test_the_draft_of_a_script_plans_as_it_is(inside, script):
    done = inside("new")
    assert done.returncode == 0, done.stderr
    assert "wrote train.yaml" in done.stderr
    plan = inside("plan", "train.yaml")
    assert plan.returncode == 0, plan.stderr
    assert "6 trials to run" in plan.stdout


def test_the_flags_of_a_script_become_words_and_arguments(inside, script, tmp_path):
    inside("new", "train.py")
    text = (tmp_path / "train.yaml").read_text()
    words = " ".join(text[text.index("run: [") : text.index("]")].split())
    assert '--lr, "{lr}", --weight-decay, "{weight_decay}", "{amp}", --opt, "{opt}"' in words
    assert '--betas, "{betas}", --size, "{size}", --seed, "{seed}"' in words
    assert "code: [train.py, losses.py, mylib/]" in text
    assert "inputs: [data]" in text
    assert "    weight_decay: 0.0\n    amp: []\n    opt: adamw\n    betas: [0.9, 0.95]" in text
    assert "size: 1  # CHECK: it is required" in text


def test_the_first_factor_is_a_usual_one_and_others_are_comments(inside, script, tmp_path):
    inside("new")
    text = (tmp_path / "train.yaml").read_text()
    assert 'factors:\n  args.lr: {"0.001": 0.001, "0.002": 0.002}\n' in text
    assert '  # args.amp: {"No amp": [], "With amp": ["--amp"]}' in text
    assert "  # args.opt: {adamw: adamw, sgd: sgd}" in text


def test_the_metrics_of_a_script_are_what_it_prints_of_validation(inside, script, tmp_path):
    inside("new")
    text = (tmp_path / "train.yaml").read_text()
    assert "columns: [val_loss, val_acc]" in text
    assert "train_loss" not in text
    assert r'val_loss: {label: "Val loss", better: lower' in text
    assert r'val_acc: {label: "Val acc", better: higher' in text


@pytest.mark.parametrize(
    ("line", "metric"),
    [
        (
            "print('loss:', x)",
            r"""loss: {label: Loss, better: lower, digits: 4, from: {stdout: '\bl""",
        ),
        ("log.info('acc %.3f', x)", "acc: {label: Acc, better: higher"),
        ("print('test rmse: {:.2f}'.format(x))", "test_rmse: {label: "),
        ("json.dump({'top1': x}, open('out.json', 'w'))", "from: {json: out.json, key: top1}}"),
        ("print(json.dumps({'f1': x}))", """stdout: '"f1":"""),
        ("study.tell(step=1, nll=x)", "nll: {label: Nll, better: lower, digits: 4}"),
    ],
)
def test_a_metric_is_found_in_what_a_script_writes(inside, tmp_path, line, metric):
    (tmp_path / "train.py").write_text(f"import os\nseed = os.environ['STUDY_SEED']\n{line}\n")
    assert inside("new").returncode == 0
    assert metric in (tmp_path / "train.yaml").read_text()


def test_a_script_without_a_seed_is_told_so_at_once(inside, tmp_path):
    (tmp_path / "train.py").write_text("print('loss:', 1)\n")
    done = inside("new")
    assert done.returncode == 1
    assert done.stderr.count("nothing of the program uses the seed") == 1
    assert "CHECK: the program takes no seed" in (tmp_path / "train.yaml").read_text()


def test_a_script_of_a_shell_is_run_by_it(inside, tmp_path):
    (tmp_path / "go.sh").write_text('echo "loss: $STUDY_SEED"\n')
    assert inside("new", "go.sh").returncode == 0
    assert "run: [bash, go.sh]" in (tmp_path / "go.yaml").read_text()


def test_a_file_that_may_be_executed_is_a_script_if_it_names_its_interpreter(inside, tmp_path):
    texts = {"runs.csv": "method,seed,acc\na,0,1\nb,0,2\n", "go": "#!/bin/sh\n", "notes": "a\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)  # as all files of some file systems are
    inside("new", "runs.csv")
    assert "task: results" in (tmp_path / "runs.yaml").read_text()
    inside("new", "go")
    assert 'run: ["./go"]' in (tmp_path / "go.yaml").read_text()
    assert "neither a script nor a file of results" in inside("new", "notes").stderr


def test_a_study_file_in_another_folder_names_that_of_the_program(inside, script, tmp_path):
    (tmp_path / "ablations").mkdir()
    assert inside("new", "-o", "ablations/first.yaml").returncode == 0
    assert 'cwd: ".."' in (tmp_path / "ablations" / "first.yaml").read_text()


def test_a_file_that_exists_is_never_overwritten(inside, script, tmp_path):
    (tmp_path / "train.yaml").write_text("mine")
    done = inside("new")
    assert done.returncode == 2
    assert "train.yaml exists; name another one" in done.stderr
    assert (tmp_path / "train.yaml").read_text() == "mine"


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    for split, count in (("train", 3), ("val", 2)):
        for name in ("cat", "dog"):
            folder = tmp_path / "pets" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (40 + number, 30)).save(folder / f"{number}.png")
    return tmp_path / "pets"


def test_folders_of_classes_are_counted(inside, pets, tmp_path):
    assert inside("new").returncode == 0
    text = (tmp_path / "pets.yaml").read_text()
    assert "root: pets" in text
    assert "train_split: train  # 6 images of 2 classes: cat 3, dog 3" in text
    assert "val_split: val  # 4 images of 2 classes: cat 2, dog 2" in text
    assert "img_size: 64  # CHECK: images are 40 x 30 px" in text


def test_classes_without_splits_are_split(inside, pets, tmp_path):
    assert inside("new", "pets/train").returncode == 0
    assert "split: 0.2  # drawn for validation" in (tmp_path / "train.yaml").read_text()


def test_annotations_in_the_form_of_coco_are_named(inside, tmp_path):
    for split in ("train", "val"):
        (tmp_path / f"{split}.json").write_text('{"images": [], "annotations": []}')
        (tmp_path / f"{split}_pictures").mkdir()
    assert inside("new", "--task", "detection", "-o", "x.yaml").returncode == 0
    text = (tmp_path / "x.yaml").read_text()
    assert "    train: train.json\n    train_images: train_pictures\n" in text


@pytest.mark.parametrize("place", ["im", ".", "images/train", "train_im"])
def test_the_folder_of_images_is_the_one_that_has_them(inside, tmp_path, place):
    for split in ("train", "val"):
        text = '{"images": [{"id": 1, "file_name": "1.png"}], "annotations": []}'
        (tmp_path / f"{split}.json").write_text(text)
    (tmp_path / "another").mkdir()
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30)).save(tmp_path / place / "1.png")
    inside("new", "--task", "detection", "-o", "x.yaml")
    text = (tmp_path / "x.yaml").read_text().replace('"', "")
    assert f"    train_images: {place}\n" in text


@pytest.mark.parametrize("task", ["classification", "detection"])
def test_a_file_that_has_nothing_of_a_task_gives_no_example(inside, tmp_path, task):
    (tmp_path / "runs.csv").write_text("m,seed,acc\na,0,1\nb,0,2\n")
    refused = inside("new", "runs.csv", "--task", task)
    assert refused.returncode == 2
    assert f"runs.csv has nothing for {task}: name a folder" in refused.stderr
    assert not [*tmp_path.glob("*.yaml")]


@pytest.mark.parametrize(
    "text", ["0.5", "-1", ".5", "2.", "1e-05", "nan", "-inf", "NaN", "Infinity"]
)
def test_a_printed_metric_is_any_number_and_no_word(text):
    assert re.search(rf"\bloss\s*{NUMBER}", f"loss {text}, step 3")[1] == text
    for line in ("loss function: 2", "loss information 3", "loss -- 4", "loss e5"):
        assert not re.search(rf"\bloss\s*{NUMBER}", line)


def test_the_draft_of_a_hidden_file_is_named_without_its_dot(inside, tmp_path):
    (tmp_path / ".runs.csv").write_text("m,seed,acc\na,0,1\nb,0,2\n")
    assert inside("new", ".runs.csv").returncode == 0
    assert inside("plan", "runs.yaml").returncode == 0
    for words in (
        ("new", ".runs.csv", "-o"),
        ("table", ".runs.csv", "--arm=m", "--metric=acc", "--save"),
    ):
        refused = inside(*words, ".x.yaml")
        assert (refused.returncode, "cannot name a study" in refused.stderr) == (2, True)
    assert not (tmp_path / ".x.yaml").exists()


@pytest.mark.parametrize("task", ["classification", "detection"])
def test_without_images_a_draft_is_an_example(inside, tmp_path, task):
    assert inside("new", "--task", task, "-o", "x.yaml").returncode == 0


def test_what_a_file_or_a_folder_holds_stays_in_its_comment(inside, tmp_path):
    # A cell with a line break would be a key of the study file.
    text = 'method,acc\n"a\nseeds: 7",1\n"a\nseeds: 7",2\nb,3\nb,4\n'
    (tmp_path / "runs.csv").write_text(text)
    refused = inside("new", "runs.csv", "-o", "x.yaml")
    assert "runs.csv:3: 'a\\nseeds: 7' in column method cannot be the label" in refused.stderr
    for name in ("cat\nseeds: 7", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        Image.new("RGB", (40, 30)).save(tmp_path / "pets" / name / "0.png")
    assert inside("new", "pets", "-o", "y.yaml").returncode == 0
    lines = (tmp_path / "y.yaml").read_text().splitlines()
    assert not [line for line in lines if line.startswith("seeds: 7")]
    assert [line for line in lines if "from 2 images of 2 classes: cat seeds: 7 1, dog 1" in line]


def test_every_task_of_a_draft_can_be_chosen():
    assert tuple(DRAFTS) == TASKS


def test_columns_of_results_are_arms_seeds_and_metrics(inside, tmp_path):
    rows = [f"{name},{m},{s},{0.1 * s},{70 + s}" for s in (0, 1) for m in "ab" for name in [m + m]]
    (tmp_path / "runs.csv").write_text("\n".join(["run,method,seed,val_loss,best_acc", *rows]))
    new = inside("new", "runs.csv", "-o", "x.yaml")
    assert new.returncode == 0, new.stderr
    text = (tmp_path / "x.yaml").read_text()
    assert "setting.method: {a: a, b: b}" in text
    assert "val_loss: {better: lower" in text
    assert "best_acc" not in text
    assert "4 trials" in inside("plan", "x.yaml").stdout


@pytest.mark.parametrize("seed", ["seed", "repeat"])
def test_results_of_two_data_sets_are_drafted_as_one_of_them(inside, tmp_path, seed):
    rows = [f"{m},{d},{s},{70 + s}" for m in "ab" for d in ("x", "y") for s in (0, 1)]
    (tmp_path / "runs.csv").write_text("\n".join([f"method,data,{seed},acc", *rows]))
    assert inside("new", "runs.csv", "-o", "x.yaml").returncode == 0
    text = (tmp_path / "x.yaml").read_text()
    assert "CHECK: where takes the rows of data x alone, not y; a factor setting.data" in text
    # Options are those of another command.
    assert "--" not in text
    assert "4 trials" in inside("plan", "x.yaml").stdout


def test_a_script_goes_before_images_and_a_note_says_so(inside, script, pets):
    assert "--task classification" in inside("new").stderr


def test_what_no_draft_can_be_written_of_is_refused(inside, tmp_path):
    assert "has no Python script" in inside("new").stderr
    assert "does not exist" in inside("new", "nosuch").stderr
    (tmp_path / "notes.txt").write_text("a,b\n")
    assert "neither a script nor a file of results" in inside("new", "notes.txt").stderr
    assert "name a script" in inside("new", "--task", "program").stderr
    assert "name a file of results" in inside("new", "--task", "results").stderr
    (tmp_path / "runs.csv").write_text("when,what\n1,2\n")
    assert "no column that looks like one of arms (when, what)" in inside("new", "runs.csv").stderr
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("if __name__ == '__main__': pass\n")
    assert "name one of a.py, b.py" in inside("new").stderr
    (tmp_path / "c.py").write_text("def (")
    assert "c.py:1: it is no Python" in inside("new", "c.py").stderr
