"""Words that are printed for factors and for the baseline in place of paths."""

import pytest

from study.spec.study import Factor
from study.spec.titles import titled
from tests.spec.study_files import GOOD, load

NESTED = """\
question: How?
task: detection
baseline: {model: {name: retinanet, backbone: test_rest}, data: digits_coco, recipe: coco_smoke}
factors:
  model.backbone: {R: test_rest, P: test_pvt}
  recipe.lr: {low: 1e-4, high: 1e-3}
"""


def titles(tmp_path, text):
    study, messages = load(tmp_path, text)
    assert messages == ""
    return [factor.title for factor in study.factors]


def test_a_factor_without_a_title_has_the_last_key_of_its_path_in_words(tmp_path):
    assert titles(tmp_path, GOOD) == ["Reduction", "Learning rate", "Model"]
    assert titles(tmp_path, NESTED) == ["Backbone", "Learning rate"]


def test_factors_whose_last_keys_are_equal_are_told_apart_by_their_whole_paths():
    factors = [Factor(path, ()) for path in ("model.size", "data.size", "model.depth")]
    assert [f.title for f in titled(factors, {})] == ["Model size", "Data size", "Depth"]
    given = titled(factors, {"data.size": "Images"})
    assert [f.title for f in given] == ["Size", "Images", "Depth"]


def test_the_file_gives_titles_to_factors_and_to_the_baseline(tmp_path):
    text = GOOD + "titles: {model.reduction: KV reduction, baseline: ResT-Lite}\n"
    study, messages = load(tmp_path, text)
    assert messages == ""
    assert study.factors[0].title == "KV reduction"
    assert study.label((0, 0, 0)) == "ResT-Lite"
    assert {"baseline", "ResT-Lite", "DW"} <= {*study.labels((0, 0, 0))}


@pytest.mark.parametrize(
    ("titles", "message"),
    [
        ("{model.reductoin: KV}", 'did you mean "model.reduction"?'),
        ("{model.ratios: KV}", "does not vary it"),
        ('{baseline: "a\\u200bb"}', "cannot be printed"),
        ('{baseline: ""}', "at least 1 character"),
    ],
)
def test_a_title_of_nothing_is_refused_at_its_place(tmp_path, titles, message):
    _, messages = load(tmp_path, GOOD + f"titles: {titles}\n")
    assert message in messages
    assert "x.yaml:16:" in messages
