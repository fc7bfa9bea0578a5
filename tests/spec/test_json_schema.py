"""The JSON Schema for editors: it knows every key, and marks a mistake at its own place."""

import functools
import json
import re

import jsonschema
import pytest
import timm
from jsonschema.exceptions import best_match

from study.registries import registry
from study.spec.json_schema import json_schema
from study.spec.yaml import read
from tests.conftest import ROOT
from tests.spec.study_files import ABLATIONS, GOOD, VOCABULARY

FILE = ABLATIONS / "study.schema.json"
MOST_BYTES = 300_000  # editors read it when they open a study file


@functools.cache
def schema():
    return json_schema(VOCABULARY)


@functools.cache
def validator():
    jsonschema.Draft7Validator.check_schema(schema())
    return jsonschema.Draft7Validator(schema())


def errors(text):
    tree, problems = read(text, "x.yaml")
    assert not problems
    return list(validator().iter_errors(tree.plain()))


def pinned(package):
    (version,) = re.findall(rf"^{package}==(.+)$", (ROOT / "constraints.txt").read_text(), re.M)
    return version


def test_the_schema_that_ships_is_current():
    assert FILE.stat().st_size < MOST_BYTES
    if timm.__version__ != pinned("timm"):
        pytest.skip("it lists the models of the pinned timm")
    assert json.loads(FILE.read_text()) == schema()


STUDIES = [*sorted(ABLATIONS.glob("*.yaml")), *sorted((ROOT / "examples").rglob("*.yaml"))]
# Names of plugins are in the schema that is written with them.
STUDIES = [file for file in STUDIES if "--import" not in file.read_text()]


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_every_study_that_ships_fits_its_schema(file):
    assert [error.message for error in errors(file.read_text())] == []


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["multi_label", "my_choices", "my_task"])
def test_a_schema_with_plugins_knows_their_names(study, tmp_path, name):
    done = study("schema", "--import", ROOT / f"examples/{name}.py", "-o", tmp_path / "s.json")
    assert (done.returncode, done.stderr) == (0, "")
    own = jsonschema.Draft7Validator(json.loads((tmp_path / "s.json").read_text()))
    tree, _ = read((ROOT / f"examples/{name}.yaml").read_text(), name)
    assert [error.message for error in own.iter_errors(tree.plain())] == []


@pytest.mark.parametrize("file", sorted(ABLATIONS.glob("*.yaml")), ids=lambda f: f.stem)
def test_every_study_that_ships_names_its_schema(file):
    assert "$schema=study.schema.json" in file.read_text().splitlines()[0]


def keys(node, path=""):
    """Every key that the schema knows, with its own schema; conditions describe nothing."""
    if isinstance(node, list):
        for item in node:
            yield from keys(item, path)
    elif isinstance(node, dict):
        for name, own in node.items():
            if name == "properties":
                for key, value in own.items():
                    yield f"{path}.{key}", value
                    yield from keys(value, f"{path}.{key}")
            elif name not in ("if", "default", "examples", "enum"):
                yield from keys(own, f"{path}/{name}" if path == "/$defs" else path or f"/{name}")


def description(node):
    while "description" not in node and "$ref" in node:
        target = schema()
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node.get("description", "")


def test_every_key_has_a_description():
    known = list(keys(schema()))
    assert len(known) > 500
    assert [path for path, node in known if not description(node)] == []


def test_there_are_no_alternatives_of_which_none_might_fit():
    def words(node):
        if isinstance(node, dict):
            yield from node
            for key, value in node.items():
                yield from words(value) if key != "if" else ()
        elif isinstance(node, list):
            for item in node:
                yield from words(item)

    assert not {"anyOf", "oneOf"} & {*words(schema())}


def at(*steps):
    node = schema()
    for step in steps:
        node = node[step]
    return node


def test_names_are_those_of_the_dictionaries_and_of_timm():
    recipe = at("$defs", "classification.NamedRecipe", "properties")
    assert recipe["opt"]["examples"] == list(registry("optimizer"))
    assert recipe["sched"]["enum"] == list(registry("schedule"))
    assert "bicubic" in recipe["interpolation"]["enum"]
    assert "rand-m9-mstd0.5-inc1" in recipe["aa"]["examples"]
    (models,) = [own for name, own in at("$defs").items() if name.startswith("Names")]
    assert {"rest_lite", "vit_tiny_patch16_224", "resnet18"} <= {*models["examples"]}
    baseline = at("$defs", "classification.Baseline", "properties")
    assert "smoke" in baseline["recipe"]["examples"]
    assert "torch/cifar10" in baseline["data"]["examples"]
    for task in ("classification", "detection"):
        columns = at("$defs", f"{task}.Keys", "properties", "columns", "items")
        assert columns["examples"] == list(VOCABULARY.tasks[task].catalogue)


def test_paths_of_factors_are_suggested():
    for key in ("factors", "titles"):
        paths = at("$defs", "classification.Keys", "properties", key, "properties")
        assert {"model", "recipe.lr", "data.img_size", "model.stem", "weights"} <= {*paths}
    detection = at("$defs", "detection.Keys", "properties", "factors", "properties")
    assert {"recipe.steps", "model.backbone", "model.backbone.reduction"} <= {*detection}


def test_defaults_are_shown():
    recipe = at("$defs", "classification.NamedRecipe", "properties")
    assert (recipe["epochs"]["default"], recipe["sched"]["default"]) == (300, "cosine")
    assert at("properties", "design", "default") == "one_at_a_time"


VALID = {
    "numbers as labels": "factors: {model.drop_path_rate: {0: 0.0, 0.1: 0.1}}\n"
    "contrasts: [0.1, [0, 0.1]]\ntitles: {model.drop_path_rate: 3}\nsource: 2105.13677\n",
    "a list of scalars": "factors: {recipe.lr: [1e-3, 3e-4], recipe.aa: [null, rand-m9]}\n",
    "levels that are mappings": "factors: {recipe: {A: {lr: 0.1}, B: smoke}, model: [a, b]}\n",
    "an argument that no list has": "factors: {model.se_ratio: [0.1, 0.2]}\n",
    "sizes": "factors: {data.img_size: [96, [96, 128]]}\ncolumns: [top1@96, top1@96x128]\n",
    "designs": "design: [one_at_a_time, {name: fractional, resolution: 3}]\n",
    "seeds": "seeds: {min: 3, max: 5, stop: decided}\n",
    "a list of seeds": "seeds: [1, 2]\n",
    "a profile": "profiles: {big: {seeds: 1, baseline: {data: {img_size: 96}, recipe: {lr: 1}}}}\n",
    "an optimizer in capitals": "factors: {recipe.opt: [AdamW, lookahead_sgd, sgd]}\n",
    "published": "published: {a: {top1: 7.6 ± 0.2, params: {value: 3}, status: derived}}\n",
    "match": "match: {macs: 0.01, by: model.dims}\n",
    "expects": "expects: {model.ratios: {macs_matmul: r^4}, a: {params: same}}\n",
    "tune": "tune: {space: {recipe.lr: {low: 0.1, high: 1}, recipe.opt: [sgd, lamb]}, trials: 3}\n",
    "search": "search: {space: {model.depth: {a: 1, b: 2}, recipe.lr: {low: 0.1, high: 1.0}},\n"
    "  objectives: [top1, macs], trials: 3, constraints: {macs: {max: 600M}}}\n",
}
BASE = "question: How?\nbaseline: {model: rest_lite, data: digits, recipe: smoke}\n"


@pytest.mark.parametrize("name", VALID)
def test_right_keys_are_not_marked(name):
    assert [error.message for error in errors(BASE + VALID[name])] == []


PLACED = {  # what is written, the path of the error, a word of its message
    "seedz: 3": ([], "'seedz' was unexpected"),
    "seeds: two": (["seeds"], "'two' is not of type"),
    "seeds: {min: 3, max: five, stop: decided}": (["seeds", "max"], "'five' is not of type"),
    "seeds: {min: 3, max: 5, stop: decide}": (["seeds", "stop"], "'decided' was expected"),
    "seeds: [1, -1]": (["seeds", 1], "-1 is less than the minimum"),
    "task: detecton": (["task"], "'detecton' is not one of"),
    "design: factoral": (["design"], "'factoral' is not one of"),
    "design: {name: fractional, resolutin: 3}": (["design"], "'resolutin' was unexpected"),
    "design: {name: fractional, resolution: 6}": (["design", "resolution"], "6 is not one of"),
    "design: [factorial, cumulativ]": (["design", 1], "'cumulativ' is not one of"),
    "columns: [params, topp1]": (["columns", 1], "'topp1' is not one of"),
    "columns: [macs@96]": (["columns", 0], "does not match"),
    "columns: top1": (["columns"], "'top1' is not of type"),
    "timing: {precision: bflot16}": (["timing", "precision"], "'bflot16' is not one of"),
    "metrics: {topp1: {digits: 1}}": (["metrics"], "'topp1'"),
    "metrics: {top1: {better: up}}": (["metrics", "top1", "better"], "'up' is not one of"),
    "margins: {top1: wide}": (["margins", "top1"], "'wide' is not of type"),
    "published: {A: {topp1: 3}}": (["published", "A"], "'topp1'"),
    "published: {A: {top1: {valu: 3}}}": (["published", "A", "top1"], "'valu'"),
    "published: {A: {top1: 3, status: guessed}}": (["published", "A", "status"], "'guessed'"),
    "expects: {A: {top1: same}}": (["expects", "A"], "'top1'"),
    "contrasts: [[a, b, c]]": (["contrasts", 0], "is too long"),
    "claims: [{a: b}]": (["claims", 0], "is not of type"),
    "factors: {recipe.lrr: [1, 2]}": (["factors"], "'recipe.lrr'"),
    "factors: {lr: [1, 2]}": (["factors"], "'lr'"),
    "factors: {recipe.lr: [0.1]}": (["factors", "recipe.lr"], "[0.1]"),
    "factors: {recipe.lr: [0.1, fast]}": (["factors", "recipe.lr", 1], "'fast' is not of type"),
    "factors: {recipe.opt: {A: sgd, B: admw}}": (["factors", "recipe.opt", "B"], "'admw'"),
    "factors: {recipe: {A: {}, B: {lrr: 1}}}": (["factors", "recipe", "B"], "'lrr'"),
    "titles: {recipe.lrr: x}": (["titles"], "'recipe.lrr'"),
    "match: {top1: 0.1}": (["match"], "'top1'"),
    "tune: {space: {recipe.lrr: [1, 2]}, trials: 3}": (["tune", "space"], "'recipe.lrr'"),
    "profiles: {a: {seedz: 3}}": (["profiles", "a"], "'seedz'"),
    "profiles: {a: {baseline: {recipe: {epocs: 3}}}}": (
        ["profiles", "a", "baseline", "recipe"],
        "'epocs'",
    ),
}


@pytest.mark.parametrize("written", PLACED)
def test_a_mistake_is_marked_at_its_key(written):
    path, message = PLACED[written]
    error = best_match(errors(f"{BASE}{written}\n"))
    assert (list(error.absolute_path), error.message) == (path, error.message)
    assert message in error.message


IN_BASELINE = {
    "recipe: {name: smok}": (["recipe", "name"], "'smok' is not one of"),
    "recipe: smok": (["recipe"], "'smok' is not one of"),
    "recipe: {epochs: two}": (["recipe", "epochs"], "'two' is not of type"),
    "recipe: {epocs: 2}": (["recipe"], "'epocs' was unexpected"),
    "recipe: {opt: admw}": (["recipe", "opt"], "'admw' is not one of"),
    "recipe: {sched: cosin}": (["recipe", "sched"], "'cosin' is not one of"),
    "recipe: {aa: rnd-m9}": (["recipe", "aa"], "'rnd-m9' does not match"),
    "recipe: {interpolation: bicubik}": (["recipe", "interpolation"], "'bicubik' is not one of"),
    "recipe: {loss: cee}": (["recipe", "loss"], "'cee' is not one of"),
    "recipe: {scale: [1, 2]}": (["recipe", "scale", 1], "2 is greater than the maximum"),
    "recipe: 3": (["recipe"], "3 is not of type"),
    "data: digit": (["data"], "'digit' does not match"),
    "data: {name: torch/cifra10}": (["data", "name"], "does not match"),
    "data: {img_size: 96}": (["data"], "'name' is a required property"),
    "data: {name: digits, img_size: [1, 2, 3]}": (["data", "img_size"], "is too long"),
    "model: [a, b]": (["model"], "is not of type"),
    "model: {depth: 3}": (["model"], "'name' is a required property"),
    "weights: {fil: x}": (["weights"], "'fil' was unexpected"),
    "modell: x": ([], "'modell' was unexpected"),
}


@pytest.mark.parametrize("written", IN_BASELINE)
def test_a_mistake_in_the_baseline_is_marked_at_its_key(written):
    path, message = IN_BASELINE[written]
    parts = {"model": "rest_lite", "data": "digits", "recipe": "smoke"}
    parts.pop(written.partition(":")[0], None)
    rest = ", ".join(f"{part}: {name}" for part, name in parts.items())
    error = best_match(errors(f"question: How?\nbaseline: {{{rest}, {written}}}\n"))
    assert list(error.absolute_path) == ["baseline", *path]
    assert message in error.message


def test_a_part_that_is_left_out_is_marked():
    error = best_match(errors(GOOD.replace("  data: digits\n", "")))
    assert (list(error.absolute_path), error.message) == (
        ["baseline"],
        "'data' is a required property",
    )


DETECTION = (ABLATIONS / "coco_retinanet.yaml").read_text()


def test_the_keys_of_a_task_are_those_of_the_file():
    text = re.sub(r"^columns:.*$", "columns: [top1]", DETECTION, flags=re.M)
    assert text != DETECTION
    error = best_match(errors(text))
    assert list(error.absolute_path) == ["columns", 0]
    assert "'top1' is not one of" in error.message
