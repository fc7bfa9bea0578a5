"""Levels of a recipe that act, and those that cannot; and that no mistake hides another."""

import sys

import pytest

from study.api.request import StudyRequest
from study.errors import SpecError
from study.store import atomic
from study.store.store import Store
from study.tasks.classification.plan.schedules import oddities, recipe_schedule
from study.tasks.classification.schema import Data, Recipe, effective
from study.tasks.classification.train import fit
from study.tasks.classification.train import rate_schedule as worked_out
from tests.train.trials import IMAGES, recipe, resnet

FACTORS = "model.reduction: {DW: depthwise, Avg: average}"
SHORT = "epochs: 2"


@pytest.fixture
def planned(tiny):
    """planned((old, new), ...): the plan of the tiny study with text replaced."""

    def plan(*changes):
        text = tiny.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        tiny.write_text(text)
        return StudyRequest(tiny, None, (), tiny.parent / "results").plan()[0]

    return plan


def refusal(planned, *changes):
    with pytest.raises(SpecError) as refused:
        planned(*changes)
    return str(refused.value)


# ---- what acts ----


@pytest.mark.parametrize(
    ("more", "factor"),
    [
        ("epochs: 1", "recipe.lr: {low: 1.0e-3, high: 10.0}"),  # the warm-up is all there is
        ("epochs: 1", "recipe.sched: {cosine: cosine, step: step}"),
        ("epochs: 2, sched: step", "recipe.decay_epochs: {ten: 10, twenty: 20}"),
        (
            "epochs: 2, sched: multistep",
            "recipe.decay_milestones: {some: [10, 20], others: [30, 40]}",
        ),
        ("epochs: 2, mixup: 0.2", "recipe.mixup_off_epoch: {never: 0, later: 5}"),
        ("epochs: 2, mixup: 0.2, mixup_prob: 0.0", "recipe.mixup: {some: 0.2, more: 0.8}"),
        (
            "epochs: 2, mixup: 0.2, cutmix: 1.0, mixup_switch_prob: 1.0",
            "recipe.mixup: {some: 0.2, more: 0.8}",
        ),
        ("epochs: 2", "recipe.grad_accum_steps: {two: 2, four: 4}"),  # an epoch has two batches
        ("epochs: 2", "recipe.momentum: {some: 0.9, less: 0.5}"),  # AdamW has none
        ("epochs: 2", "recipe.aug_repeats: {none: 0, one: 1}"),
        ("epochs: 2, reprob: 0.0", "recipe.recount: {one: 1, two: 2}"),
        ("epochs: 2, no_aug: true", "recipe.interpolation: {near: nearest, cubic: bicubic}"),
        ("epochs: 2", "recipe.lr_base: {low: 0.1, high: 0.2}"),
        ("epochs: 2", "recipe.warmup_epochs: {two: 2, three: 2}"),
    ],
)
def test_a_level_that_cannot_act_is_an_error_at_its_place(planned, more, factor):
    message = refusal(planned, (SHORT, more), (FACTORS, factor))
    assert "changes nothing" in message or "computes the same" in message
    assert "tiny.yaml:7:" in message


@pytest.mark.parametrize(
    ("more", "factor"),
    [
        ("epochs: 3", "recipe.lr: {low: 1.0e-3, high: 2.0e-3}"),
        ("epochs: 3, sched: step", "recipe.decay_epochs: {one: 1, two: 2}"),
        ("epochs: 3", "recipe.grad_accum_steps: {one: 1, two: 2}"),
        ("epochs: 3, mixup: 0.2", "recipe.mixup_off_epoch: {never: 0, last: 2}"),
        ("epochs: 3", "recipe.crop_pct: {whole: 1.0, part: 0.875}"),
        ("epochs: 3", "recipe.weight_decay: {some: 0.05, less: 0.0001}"),
        ("epochs: 3", "recipe.layer_decay: {none: null, some: 0.5}"),
        ("epochs: 3", "recipe.opt: {adamw: adamw, sgd: sgd}"),
        ("epochs: 3, aa: 3a", "recipe.color_jitter: {none: 0.0, some: 0.4}"),
        ("epochs: 3", "recipe.interpolation: {near: nearest, cubic: bicubic}"),
    ],
)
def test_a_level_that_acts_is_none(planned, more, factor):
    assert len(planned((SHORT, more), (FACTORS, factor)).arms) == 2


def test_two_levels_that_compute_the_same_are_told(planned):
    factor = "recipe.decay_epochs: {one: 1, ten: 10, twenty: 20}"
    message = refusal(planned, (SHORT, "epochs: 3, sched: step"), (FACTORS, factor))
    assert "twenty computes the same as ten" in message
    assert "the learning rates, by epoch, are 0.00025, 0.001, 0.001" in message


def test_what_is_measured_of_one_update_counts_where_a_column_asks_for_it(planned):
    changes = (("seeds: 2", "seeds: 0"), (FACTORS, "recipe.batch_size: {some: 32, more: 64}"))
    assert "nothing is trained" in refusal(planned, *changes)
    assert planned(("macs, top1", "macs, memory")).arms


def test_the_learning_rates_are_those_of_training(tmp_path):
    given = recipe(epochs=3, warmup_epochs=1, lr=0.05, grad_accum_steps=2)
    history = fit(resnet(), IMAGES, given, seed=0, folder=tmp_path).history
    assert [row.measured["lr"] for row in history] == worked_out(given).rates


@pytest.mark.parametrize("opt", ["sgd", "adamw", "lion", "lamb", "kron", "muon", "lookahead_adamw"])
def test_the_same_recipe_makes_the_same_updates(opt):
    ours, again = (worked_out(Recipe(opt=opt, epochs=2, lr=1e-3)) for _ in range(2))
    assert ours == again
    assert ours.updates != worked_out(Recipe(opt=opt, epochs=2, lr=2e-3)).updates


def test_what_overflows_is_compared_key_by_key():
    wild = Recipe(lr=1e300, epochs=2, weight_decay=0.1)
    assert worked_out(wild).updates is None
    other = wild.model_copy(update={"weight_decay": 0.2})
    data = Data(name="digits")
    assert effective.training(data, wild, [1], None) != effective.training(data, other, [1], None)


def test_a_course_is_worked_out_once(tmp_path, monkeypatch):
    store, given = Store(tmp_path), Recipe(epochs=2)
    first = recipe_schedule(given, store)
    monkeypatch.setitem(
        sys.modules, "study.tasks.classification.train", None
    )  # importing it fails now
    assert recipe_schedule(given, store) == first


# ---- what is odd ----


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"epochs": 5, "warmup_epochs": 2, "warmup_lr": 0.0},
            "epoch 1 of 5 trains at learning rate 0 and changes no weight: warmup_lr is 0",
        ),
        (
            {"epochs": 3, "warmup_epochs": 0, "cooldown_epochs": 2},
            "each of 2 epochs of 5 (4 to 5) trains at learning rate 0 and changes no weight",
        ),
        (
            {"epochs": 2, "warmup_epochs": 2, "lr": 1.0},
            "warm-up (2 epochs) is as long as the training (2 epochs): the learning rate 1 is",
        ),
        ({"epochs": 2, "warmup_epochs": 1, "warmup_lr": 0.5}, "warm-up starts at 0.5, above"),
        ({"epochs": 2, "warmup_epochs": 0, "sched": "step"}, "sched step lowers no learning rate"),
        (
            {"epochs": 2, "warmup_epochs": 0, "mixup": 0.2, "mixup_off_epoch": 9},
            "mixup_off_epoch 9 is not reached within 2 epochs",
        ),
    ],
)
def test_what_is_odd_about_a_training_is_told(keys, words, tmp_path):
    odd = Recipe(**{"lr": 0.1} | keys)
    (note,) = oddities(odd, recipe_schedule(odd, Store(tmp_path)))
    assert words in note


@pytest.mark.parametrize("keys", [{"epochs": 0}, {"epochs": 3, "warmup_epochs": 1}])
def test_what_is_not_odd_is_not(keys, tmp_path):
    assert not list(oddities(Recipe(**keys), recipe_schedule(Recipe(**keys), Store(tmp_path))))


def test_oddities_stand_in_the_plan_with_their_rows(planned):
    factor = "recipe.warmup_lr: {some: 2.5e-4, none: 0.0}"
    notes = planned((SHORT, "epochs: 3"), (FACTORS, factor)).notes
    assert any(note.startswith("none: epoch 1 of 3 trains at learning rate 0") for note in notes)


# ---- no mistake hides another ----


def test_arms_that_did_not_resolve_are_compared_with_none(planned):
    factor = "recipe.opt: {adamw: adamw, sgd: sgd, typo: sdg, other: agd}"
    message = refusal(planned, (FACTORS, factor))
    assert 'unknown recipe.opt "sdg"; did you mean "sgd"?' in message
    assert "computes the same" not in message
    assert "changes nothing" not in message
    assert "2 errors" in message


def test_a_typo_in_the_baseline_makes_no_level_wrong(planned):
    factor = "recipe.lr: {low: 1.0e-3, high: 2.0e-3, higher: 3.0e-3}"
    message = refusal(planned, (SHORT, "epochs: 2, momentun: 0.9"), (FACTORS, factor))
    assert 'did you mean "momentum"' in message
    assert "1 error" in message


def test_mistakes_of_the_file_are_told_together_before_a_model_is_built(planned):
    message = refusal(
        planned,
        (
            "columns: [params, macs, top1]",
            "columns: [params, top1]\nclaims: [Nobody ranks last on top1]\nmargins: {top2: 1}",
        ),
        (SHORT, "epochs: 2, crop_pct: 87.5"),
        (FACTORS, "model.reduction: {DW: depthwise, Avg: averag}"),
    )
    for words in ("this is a fraction", "Nobody", 'unknown metric "top2"', "more is checked once"):
        assert words in message
    assert "averag" not in message


@pytest.mark.heavy
def test_every_kind_of_mistake_in_a_model_or_schedule_is_told_together(planned):
    message = refusal(
        planned,
        (SHORT, "epochs: 1"),
        (
            FACTORS,
            "model.reduction: {DW: depthwise, Avg: averag}\n"
            "  model.attn_norm: {IN: true, same: true}\n"
            "  model.ratios: {EMSA: [8, 4, 2, 1], long: [1, 1, 1]}\n"
            "  recipe.opt: {adamw: adamw, typo: sdg}\n"
            "  recipe.sched: {c: cosine, s: step}",
        ),
    )
    for words in ("sdg", "averag", "stage", '"s" changes nothing', "same computes the same"):
        assert words in message


def test_a_stored_course_that_lacks_its_learning_rates_is_worked_out_again(tmp_path):
    store, short = Store(tmp_path), Recipe(epochs=2)
    first = recipe_schedule(short, store)
    (file,) = (tmp_path / "arms").glob("*.json")
    atomic.write(file, {"updates": first.updates})
    assert recipe_schedule(short, store) == first
