"""Training that was stopped or killed: it resumes in the same bits, from files that are whole."""

import resource
from contextlib import suppress
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.models import load_checkpoint

from study.errors import StoreError
from study.models.fast import trainable
from study.tasks.classification.train import fit
from study.trial.callbacks import Callbacks, Stopped, Superseded
from tests.train.trials import IMAGES, PLAIN, RICH, recipe, resnet, rest, same, timeless, vit

MIXED = RICH.model_copy(update={"epochs": 2})
CASES = {
    "momentum and batch norm": (resnet, recipe(epochs=2)),
    "average, mixing, erasing, drop path": (vit, MIXED),
    "warmed average": (vit, MIXED.model_copy(update={"model_ema_warmup": True})),
    "steps, no augmentation": (resnet, recipe(sched="step", decay_epochs=1, no_aug=True)),
    "Pillow": (vit, recipe(epochs=2, aa="rand-m9-mstd0.5-inc1", reprob=0.5, remode="rand")),
    "jitter": (resnet, recipe(epochs=2, color_jitter=0.4, interpolation="bicubic", recount=2)),
    "half precision": (resnet, recipe(epochs=2, amp=True, amp_dtype="bfloat16", clip_grad=0.1)),
    "fast path": (
        lambda: trainable(rest()),
        recipe(epochs=2, fast_path=True, opt="adamw", lr=1e-3),
    ),
    "uneven sums": (vit, recipe(epochs=2, grad_accum_steps=3, cutmix=1.0, mixup_mode="elem")),
}
"""Of 4 batches an epoch."""


class Killed(BaseException):
    """As a signal would end it."""


class Fate:
    """A caller that stops or kills training at the n-th of what is asked of it, or said to it."""

    def __init__(self, *, stop=None, pulse=None, held=None):
        self.at = {"stop": stop, "pulse": pulse, "held": held}
        self.seen = dict.fromkeys(self.at, 0)

    def met(self, what):
        self.seen[what] += 1
        return self.seen[what] == self.at[what]

    def pulse(self):
        if self.met("pulse"):
            raise Killed

    @property
    def caller(self):
        return Callbacks(
            stop=lambda: self.met("stop"), held=lambda: not self.met("held"), pulse=self.pulse
        )


def trial(case, folder, *fates):
    """The trial with each fate in turn, each time with a new model, and then to its end."""
    build, given = CASES[case]
    for fate in fates:
        with suppress(Stopped, Killed):
            fit(build(), IMAGES, given, seed=3, folder=folder, caller=fate.caller)
    model = build()
    return model.state_dict(), fit(model, IMAGES, given, seed=3, folder=folder)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A trial by the name of its case, run once."""
    return cache(lambda case: trial(case, tmp_path_factory.mktemp("undisturbed")))


def assert_same(ours, theirs):
    assert same(ours[0], theirs[0])
    assert same(ours[1].predictions, theirs[1].predictions)
    assert timeless(ours[1].history) == timeless(theirs[1].history)


@pytest.mark.heavy
@pytest.mark.parametrize("case", CASES)
def test_a_stopped_trial_ends_in_the_same_bits(case, undisturbed, tmp_path):
    fates = [Fate(stop=n) for n in (1, 2, 2, 1)]  # within both epochs, and at their ends
    assert_same(trial(case, tmp_path, *fates), undisturbed(case))


FATES = st.one_of(
    st.builds(Fate, stop=st.integers(1, 9)),
    st.builds(Fate, pulse=st.integers(1, 12)),  # of 8 batches trained on and 4 evaluated
    st.builds(Fate, held=st.integers(1, 6)),
)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_whatever_befalls_a_trial_it_ends_in_the_same_bits(case, undisturbed, tmp_path_factory):
    @settings(max_examples=15, deadline=None)
    @given(st.lists(FATES, max_size=5), st.sampled_from([0.0, 600.0]))
    def befalls(fates, save_every):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("study.tasks.training.checkpoint.SAVE_EVERY", save_every)
            parted = trial(case, tmp_path_factory.mktemp("parted"), *fates)
        assert_same(parted, undisturbed(case))

    befalls()


@pytest.mark.heavy
def test_a_trial_killed_anywhere_ends_in_the_same_bits(undisturbed, monkeypatch, tmp_path):
    case = "average, mixing, erasing, drop path"
    for every in (0.0, 600.0):
        monkeypatch.setattr("study.tasks.training.checkpoint.SAVE_EVERY", every)
        fates = [Fate(pulse=n) for n in (1, 3, 4, 2, 5)]
        assert_same(trial(case, tmp_path / str(every), *fates), undisturbed(case))


class Reads:
    """The images, and which slots of which batch of them were asked for."""

    classes = 10
    multi_label = False
    val_batches = staticmethod(IMAGES.val_batches)

    def __init__(self):
        self.firsts = []

    def train_batches(self, recipe, *, first, **key):
        self.firsts.append(first)
        return IMAGES.train_batches(recipe, first=first, **key)


def test_what_was_trained_on_is_not_read_again(tmp_path):
    images = Reads()
    for stop in (3, None):
        with suppress(Stopped):
            caller = Fate(stop=stop).caller
            fit(vit(), images, recipe(epochs=1), seed=0, folder=tmp_path, caller=caller)
    assert images.firsts == [0, 3]


def test_seconds_are_those_of_all_attempts(tmp_path):
    with suppress(Stopped):
        fit(resnet(), IMAGES, recipe(epochs=1), seed=0, folder=tmp_path, caller=Fate(stop=3).caller)
    state = torch.load(tmp_path / "last.pth.tar", weights_only=True)
    state["within"]["seconds"] += 1000
    torch.save(state, tmp_path / "last.pth.tar")
    (row,) = fit(resnet(), IMAGES, recipe(epochs=1), seed=0, folder=tmp_path).history
    assert row.seconds > 1000
    assert row.images_per_second < 64 / 1000


def test_it_is_asked_to_stop_after_every_update_and_every_epoch_but_the_last(tmp_path):
    fate = Fate()
    given = recipe(epochs=2, grad_accum_steps=3)
    fit(resnet(), IMAGES, given, seed=0, folder=tmp_path, caller=fate.caller)
    assert fate.seen["stop"] == 2 * 2 + 1
    assert fate.seen["pulse"] == 2 * (4 + 2)


def test_a_trial_taken_over_writes_nothing_more(tmp_path):
    fit(resnet(), IMAGES, recipe(epochs=1), seed=0, folder=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for number, spoil in ((1, _half), (2, _text)):  # restoring would set it aside, or train anew
        spoilt = tmp_path / str(number)
        spoilt.mkdir()
        for name, content in before.items():
            (spoilt / name).write_bytes(content)
        spoil(spoilt / "last.pth.tar")
        with pytest.raises(Superseded):
            fit(
                resnet(),
                IMAGES,
                recipe(epochs=1),
                seed=0,
                folder=spoilt,
                caller=Fate(held=1).caller,
            )
        assert {path.name for path in spoilt.iterdir()} == before.keys()


def test_a_finished_trial_is_not_trained_again(tmp_path):
    first = fit(vit(), IMAGES, RICH, seed=0, folder=tmp_path)
    (tmp_path / "history.jsonl").unlink()
    second = fit(vit(), IMAGES, RICH, seed=0, folder=tmp_path)
    assert second.history == first.history
    assert second.metrics == first.metrics
    assert (tmp_path / "history.jsonl").exists()


def _half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path):
    path.write_bytes(b"")


def _text(path):
    path.write_text("no checkpoint")


def _list(path):
    torch.save([1, 2], path)


def _other_model(path):
    state = torch.load(path, weights_only=True)
    state["state_dict"] = vit().state_dict()
    torch.save(state, path)


def _other_seed(path):
    torch.save(torch.load(path, weights_only=True) | {"seed": 9}, path)


def _other_recipe(path):
    state = torch.load(path, weights_only=True)
    torch.save(state | {"recipe": state["recipe"] | {"lr": 1.0}}, path)


@pytest.mark.parametrize(
    "spoil", [_half, _empty, _text, _list, _other_model, _other_seed, _other_recipe]
)
def test_a_checkpoint_of_something_else_is_set_aside(spoil, tmp_path):
    whole = fit(resnet(), IMAGES, recipe(epochs=1), seed=0, folder=tmp_path)
    spoil(tmp_path / "last.pth.tar")
    reports = []
    caller = Callbacks(report=reports.append)
    again = fit(resnet(), IMAGES, recipe(epochs=1), seed=0, folder=tmp_path, caller=caller)
    [aside] = tmp_path.glob("last.pth.tar.damaged-*")
    assert reports[0]["set_aside"] == str(aside)
    assert timeless(again.history) == timeless(whole.history)


def test_no_half_written_file_is_left(tmp_path):
    fit(resnet(), IMAGES, PLAIN, seed=0, folder=tmp_path)
    whole = {"last.pth.tar", "before.pth.tar", "history.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} == whole


@pytest.mark.parametrize("stop", [None, 2])
def test_timm_reads_the_checkpoint(stop, tmp_path):
    model, other = vit(), vit()
    with suppress(Stopped):
        fit(model, IMAGES, PLAIN, seed=0, folder=tmp_path, caller=Fate(stop=stop).caller)
    load_checkpoint(other, str(tmp_path / "last.pth.tar"), use_ema=False)
    assert same(model.state_dict(), other.state_dict())


def test_it_is_the_average_that_is_evaluated(tmp_path):
    trained, average = vit(), vit()
    fitted = fit(trained, IMAGES, RICH, seed=0, folder=tmp_path)
    load_checkpoint(average, str(tmp_path / "last.pth.tar"), use_ema=True)
    only = RICH.model_copy(update={"epochs": 0, "model_ema": False})
    seen = [
        fit(m, IMAGES, only, seed=0, folder=tmp_path / "none").metrics["loss"]
        for m in (average, trained)
    ]
    assert fitted.metrics["loss"] == seen[0] != seen[1]


def test_what_cannot_be_written_leaves_the_last_good_file(tmp_path):
    with suppress(Stopped):
        fit(resnet(), IMAGES, PLAIN, seed=0, folder=tmp_path, caller=Fate(stop=2).caller)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # bytes, as of a full disk
    try:
        with pytest.raises(StoreError, match=r"last\.pth\.tar cannot be written: "):
            fit(resnet(), IMAGES, PLAIN, seed=0, folder=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
