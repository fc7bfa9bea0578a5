"""Options of designs in a study file: read, checked at their places, known to editors."""

from typing import Literal

import jsonschema
import pytest

from study.registries.contracts import checks
from study.spec.designs import DESIGNS
from study.spec.json_schema import json_schema
from study.spec.schema import StudyFile
from tests.spec.study_files import GOOD, VOCABULARY, load


def with_design(tmp_path, design, text=GOOD):
    return load(tmp_path, f"{text}design: {design}\n")


def test_options_have_their_defaults(tmp_path):
    study, wrong = with_design(tmp_path, "[fractional, one_at_a_time]")
    assert not wrong
    assert study.designs == {"fractional": {"resolution": 4}, "one_at_a_time": {}}


def test_a_file_without_designs_has_the_one_of_the_schema(tmp_path):
    study, _ = load(tmp_path, GOOD)
    assert [*study.designs] == [StudyFile.model_fields["design"].default]


def test_an_option_decides_which_arms_there_are(tmp_path):
    study, wrong = with_design(tmp_path, "{name: fractional, resolution: 3}")
    assert not wrong
    assert [arm.choices for arm in study.arms] == [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]


@pytest.mark.parametrize(
    ("design", "message", "marked"),
    [
        ("{name: fractional, resolution: 6}", "design.resolution: input should be 3, 4 or 5", "6"),
        ("{name: fractional, resoluton: 5}", 'did you mean "resolution"?', "resoluton"),
        ("{name: factorial, resolution: 5}", 'unknown key "resolution"', "resolution"),
        ("{name: fractionl}", 'did you mean "fractional"?', "fractionl"),
        ("[fractional, {name: fractional}]", "fractional is chosen twice", "fractional"),
        ("{resolution: 4}", 'missing key "name"', "{resolution: 4}"),
        ("[]", "list should have at least 1 item", "[]"),
        ("{name: [fractional]}", "design.name: input should be a valid string", "[fractional]"),
    ],
)
def test_mistakes_are_reported_at_their_place(tmp_path, design, message, marked):
    _, wrong = with_design(tmp_path, design)
    assert message in wrong
    assert "^" * len(marked) in wrong
    assert "1 error" in wrong


def test_a_factor_of_three_levels_is_refused_at_its_place(tmp_path):
    text = GOOD.replace(
        "{DW: depthwise, Avg: average}", "{DW: depthwise, Avg: average, Max: maximum}"
    )
    _, wrong = with_design(tmp_path, "fractional", text)
    assert "but model.reduction has DW, Avg, Max; pairwise and factorial take any" in wrong
    assert "x.yaml:7:3" in wrong
    assert not with_design(tmp_path, "pairwise", text)[1]


def sized(factors, *, arms: Literal[1, 2] = 1, wide: bool = False):
    """The first arms alone."""
    return DESIGNS["one_at_a_time"](factors)[:arms]


def bare(factors, *, arms: int):
    """A design whose option has no default."""
    return DESIGNS["one_at_a_time"](factors)[:arms]


def test_a_design_of_a_plugin_has_options_too(tmp_path, monkeypatch):
    monkeypatch.setitem(DESIGNS, "sized", sized)
    study, wrong = with_design(tmp_path, "{name: sized, arms: 2}")
    assert not wrong
    assert len(study.arms) == 2
    assert study.designs == {"sized": {"arms": 2, "wide": False}}
    assert "input should be 1 or 2, not 3" in with_design(tmp_path, "{name: sized, arms: 3}")[1]
    assert all(result.ok for result in checks("design", "sized"))


def test_an_option_needs_a_default(monkeypatch):
    monkeypatch.setitem(DESIGNS, "bare", bare)
    messages = [result.message for result in checks("design", "bare") if not result.ok]
    assert any("has no default for arms" in message for message in messages)


@pytest.mark.parametrize(
    ("design", "valid"),
    [
        ("fractional", True),
        ({"name": "fractional", "resolution": 5}, True),
        (["one_at_a_time", {"name": "fractional"}], True),
        ({"name": "fractional", "resolution": 6}, False),
        ({"name": "pairwise", "resolution": 5}, False),
        ({"resolution": 5}, False),
        ([], False),
    ],
)
def test_the_json_schema_knows_the_options(design, valid):
    validator = jsonschema.Draft7Validator(json_schema(VOCABULARY))
    file = {"question": "?", "baseline": {"model": "a", "data": "digits", "recipe": "smoke"}}
    assert validator.is_valid(file)
    assert validator.is_valid(file | {"design": design}) == valid
