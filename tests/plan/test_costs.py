"""Costs of many arms: a sample is audited, one counter counts the others, with the same numbers."""

import multiprocessing
import sys

import pytest

from study.api.request import StudyRequest
from study.errors import SpecError
from study.models import equivalence
from study.spec.configurations import Choices
from study.spec.study import Arm
from study.tasks.classification.config import Config
from study.tasks.classification.plan.costs import AUDITED, SAMPLE, evenly, sample
from study.tasks.classification.schema import Data, Recipe
from tests.registries import restorer

GRID = """\
question: Which parts matter?
baseline:
  model: test_rest
  data: {name: digits, img_size: 64}
  recipe: {name: smoke, epochs: 1}
factors:
  model.reduction: {DW: depthwise, Avg: average}
  model.position: {PA: pa, GL: gl}
  model.stem: {rest: rest, pvt: pvt}
  model.head_mix: {mix: true, plain: false}
  model.ratios: {EMSA: [8, 4, 2, 1], MSA: [1, 1, 1, 1]}
design: factorial
seeds: 0
columns: [params, macs]
"""


def arms(*choices: Choices) -> list[Arm]:
    config = Config("m", {}, Data(name="digits"), Recipe())
    return [Arm(chosen, config) for chosen in choices]


@pytest.fixture
def planned(tmp_path):
    def plan(text: str = GRID, *, audit_all: bool = False):
        (tmp_path / "grid.yaml").write_text(text)
        return StudyRequest(tmp_path / "grid.yaml", None, (), tmp_path / "store").plan(
            audit_all=audit_all
        )[0]

    return plan


def test_few_arms_are_all_audited():
    few = arms(*((0, n) for n in range(AUDITED)))
    assert sample(few) == few


def test_a_sample_has_the_baseline_and_single_levels_first():
    many = arms(*((a, b, c) for a in range(4) for b in range(4) for c in range(4)))
    chosen = sample(many)
    assert len(chosen) == len({arm.choices for arm in chosen}) == SAMPLE
    single = [arm for arm in many if len(arm.changed_factors) <= 1]
    assert chosen[: len(single)] == single


def test_items_at_even_distances_begin_with_the_first():
    assert evenly(range(10), 3) == [0, 3, 6]
    assert evenly([], 3) == []
    assert evenly([1, 2], 3) == [1, 2]


@pytest.mark.heavy
def test_a_sampled_plan_says_so_and_an_audit_of_all_changes_no_cost(planned):
    plan = planned()
    assert sum(arm.cost_record.audited for arm in plan.arms) == SAMPLE
    assert any(note.startswith(f"{SAMPLE} of 32 arms are audited") for note in plan.notes)
    whole = planned(audit_all=True)
    assert all(arm.cost_record.audited for arm in whole.arms)
    assert not any("are audited" in note for note in whole.notes)
    for quick, full in zip(plan.arms, whole.arms, strict=True):
        assert quick.digest == full.digest
        assert quick.cost_record.cost == full.cost_record.cost
        assert quick.cost_record.stages.keys() == full.cost_record.stages.keys()


@pytest.mark.heavy
def test_a_level_without_effect_is_found_in_a_sample(planned):
    # At ratio 1 there is nothing to reduce, so the reduction has no effect.
    text = GRID.replace("model: test_rest", "model: {name: test_rest, ratios: [1, 1, 1, 1]}")
    text = text.replace("  model.ratios: {EMSA: [8, 4, 2, 1], MSA: [1, 1, 1, 1]}\n", "")
    text = text.replace("{PA: pa, GL: gl}", "{PA: pa, GL: gl, none: none, learned: learned}")
    with pytest.raises(SpecError, match='"Avg" changes nothing'):
        planned(text)


@pytest.mark.heavy
def test_a_level_that_acts_beside_others_only_is_a_note_in_a_sample(planned):
    text = GRID.replace(
        "{EMSA: [8, 4, 2, 1], MSA: [1, 1, 1, 1]}", "{MSA: [1, 1, 1, 1], EMSA: [8, 4, 2, 1]}"
    )
    assert any("model.reduction Avg changes nothing in" in note for note in planned(text).notes)


PLUGIN = """\
import multiprocessing
import os

from study.models.parts.reductions import REDUCTIONS, Average


class Fatal(Average):
    \"\"\"Average pooling that ends any process but the plan's own.\"\"\"

    def __init__(self, channels, ratio, **dd):
        if multiprocessing.parent_process() is not None:
            os._exit(9)
        super().__init__(channels, ratio)

    def forward(self, x):
        return 2 * super().forward(x)


REDUCTIONS["fatal"] = Fatal
"""


@pytest.mark.heavy
def test_a_counting_process_that_dies_leaves_its_arms_to_the_plan(tmp_path):
    (tmp_path / "fatal_parts.py").write_text(PLUGIN)
    file = tmp_path / "grid.yaml"
    file.write_text(
        GRID.replace("{DW: depthwise, Avg: average}", "{DW: depthwise, Fatal: fatal}").replace(
            "  model.ratios: {EMSA: [8, 4, 2, 1], MSA: [1, 1, 1, 1]}\n", ""
        )
    )
    imports = (str(tmp_path / "fatal_parts.py"),)
    restore = restorer()
    try:
        plan, _ = StudyRequest(file, None, (), tmp_path / "store", imports).plan()
    finally:
        restore()
        sys.modules.pop("fatal_parts", None)
    assert len(plan.arms) == 16
    assert all(arm.cost_record.audited for arm in plan.arms)


@pytest.mark.heavy
def test_gradients_that_a_process_could_not_look_at_are_looked_at_by_the_plan(
    tmp_path, monkeypatch
):
    real = equivalence.unreached

    def unreached(build, size):
        # As where a GPU forbids gradients in a forked process.
        return None if multiprocessing.parent_process() is not None else real(build, size)

    monkeypatch.setattr(equivalence, "unreached", unreached)
    (tmp_path / "grid.yaml").write_text(GRID.replace("design: factorial\n", ""))
    plan, _ = StudyRequest(tmp_path / "grid.yaml", None, (), tmp_path / "store").plan()
    assert [arm.cost_record.unreached for arm in plan.arms] == [[]] * 6
