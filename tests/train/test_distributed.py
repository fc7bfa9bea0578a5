"""Several processes that train one trial: they come to the numbers of one."""

import os
from functools import partial

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torch.nn import functional
from torch.testing import assert_close

from study.errors import DataError, SpecError
from study.tasks.classification.data.sampler import Part
from study.tasks.classification.train import ALONE, check, joined
from study.tasks.training.distributed import ProcessGroup
from study.tasks.training.synchronised_layers import WholeBatch
from tests.train.trials import IMAGES, RICH, curve, recipe, resnet, together, vit


def small(name, **keys):
    torch.manual_seed(0)
    return timm.create_model(name, num_classes=10, **keys)


def of_ours():
    from study.models import build

    torch.manual_seed(0)
    return build(
        "test_rest",
        {"attn_norm": False, "drop_path_rate": 0.2},
        num_classes=10,
        in_chans=3,
        img_size=32,
    )


GENTLE = recipe(epochs=2, lr=2e-3, opt="adamw")
CASES = {
    "plain": (partial(vit, 0.0), GENTLE),
    "drop path and dropout": (partial(vit, 0.3), GENTLE),
    "erasing": (vit, GENTLE.model_copy(update={"reprob": 0.6, "recount": 2})),
    "Pillow": (vit, GENTLE.model_copy(update={"color_jitter": 0.4})),
    "batch norm": (resnet, GENTLE),
    "batch norm with dropout": (partial(small, "resnet10t", drop_rate=0.2), GENTLE),
    "regnet": (partial(small, "regnetx_002"), GENTLE),
    "rest": (of_ours, GENTLE),
    "gathered": (vit, GENTLE.model_copy(update={"grad_accum_steps": 3, "clip_grad": 0.5})),
    "checkpointed": (vit, GENTLE.model_copy(update={"grad_checkpointing": True})),
}


def assert_alike(ours, theirs):
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-8)
    assert np.array_equal(ours[1], theirs[1])


@pytest.mark.heavy
def test_two_processes_come_to_the_numbers_of_one(tmp_path):
    alone = curve(ALONE, vit, RICH, tmp_path / "one")
    first, second = together(2, curve, vit, RICH, tmp_path / "two")
    assert_alike(alone, first)
    assert first[0] == second[0]
    assert {path.name for path in (tmp_path / "two").iterdir()} == {
        "before.pth.tar",
        "last.pth.tar",
        "history.jsonl",
    }


@pytest.mark.slow
@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_so_does_each_part_of_a_recipe(case, world, tmp_path):
    build, given = CASES[case]
    alone = curve(ALONE, build, given, tmp_path / "one")
    assert_alike(alone, together(world, curve, build, given, tmp_path / "more")[0])


@pytest.mark.slow
@pytest.mark.parametrize("keys", [{}, {"cutmix": 1.0, "batch_size": 10}], ids=["plain", "mixed"])
def test_shares_may_be_uneven(keys, tmp_path):
    given = GENTLE.model_copy(update={"batch_size": 6, **keys})
    alone = curve(ALONE, vit, given, tmp_path / "one")
    assert_alike(alone, together(4, curve, vit, given, tmp_path / "four")[0])


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2), (2, 2)])
def test_a_stopped_trial_is_resumed_by_any_number(before, after, tmp_path):
    given = RICH.model_copy(update={"grad_accum_steps": 1})
    alone = curve(ALONE, vit, given, tmp_path / "whole")
    for world, stop in ((before, 2), (after, 3), (after, None)):
        if world == 1:
            results = [curve(ALONE, vit, given, tmp_path / "parted", stop)]
        else:
            results = together(world, curve, vit, given, tmp_path / "parted", stop)
        assert (results[0] is None) == (stop is not None)
    assert_alike(alone, results[0])


# failures


def dies(group):
    if group.rank == 1:
        os._exit(9)
    return group.gathered(group.rank)


def errs(group):
    if group.rank == 1:
        raise DataError("x.png cannot be decoded")
    return group.gathered(group.rank)


@pytest.mark.heavy
def test_who_dies_fails_the_others_and_who_errs_says_why():
    assert together(2, errs)[0] == "process 1: DataError: x.png cannot be decoded"


@pytest.mark.slow
def test_of_who_dies_there_is_no_word():
    assert together(2, dies) == [None, "died"]


def talk(group):
    return (
        group.leaders_number(group.rank + 7),
        group.agreed(group.leads),
        group.leaders_item(group.rank),
        (group.gathered(group.rank)),
    )


@pytest.mark.heavy
def test_the_leader_is_heard_by_all_and_hears_all():
    assert together(2, talk) == [(7, True, 0, [0, 1])] * 2
    assert talk(ALONE) == (7, True, 0, [0])


def test_alone_there_is_no_group(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert joined("cpu") is ALONE
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(SpecError, match="RANK"):
        joined("cpu")


# shares


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize(("size", "world"), [(16, 2), (6, 3), (14, 4), (10, 5)])
def test_shares_make_up_a_batch(size, world, mixed):
    given = RICH if mixed else recipe()
    shares = [list(Part(0, rank, world).slots(size, given)) for rank in range(world)]
    assert sorted(slot for share in shares for slot in share) == list(range(size))
    for share in shares if mixed else ():  # turned around it is the batch's other half
        assert [size - 1 - slot for slot in share] == share[::-1]


@pytest.mark.parametrize("keys", [{}, {"aa": "rand-m9"}, {"no_aug": True}, {"mixup": 0.5}])
def test_a_share_has_the_bits_of_its_batch(keys):
    given = recipe(reprob=0.7, recount=2, hflip=0.5, **keys)
    whole = list(IMAGES.train_batches(given, seed=1, epoch=2))
    for rank, first in ((0, 0), (1, 2), (2, 3)):
        batches = IMAGES.train_batches(given, seed=1, epoch=2, first=first, rank=rank, world=3)
        ours = list(batches)
        assert (len(batches), len(ours), batches.size) == (4, 4 - first, 16)
        for (x, target), (all_x, all_targets) in zip(ours, whole[first:], strict=True):
            assert torch.equal(x, all_x[list(batches.slots)])
            assert torch.equal(target, all_targets[list(batches.slots)])


def test_each_image_is_evaluated_once():
    parts = [list(IMAGES.val_batches(recipe(batch_size=5), rank=r, world=3)) for r in range(3)]
    whole = list(IMAGES.val_batches(recipe(batch_size=5)))
    assert [len(part) for part in parts] == [3, 2, 2]
    for number, (x, _) in enumerate(whole):
        assert torch.equal(parts[number % 3][number // 3][0], x)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"torchcompile": True}, "torchcompile.*set it to false"),
        ({"mixup": 0.2, "mixup_mode": "elem"}, "mixup_mode elem.*set it to batch"),
    ],
)
def test_what_cannot_be_shared_is_refused(keys, message):
    check(recipe(**keys))
    with pytest.raises(SpecError, match=message):
        check(recipe(**keys), world=2)


@pytest.mark.parametrize(("given", "size"), [(recipe(), 3), (RICH, 6)])
def test_a_batch_too_small_is_refused(given, size):
    with pytest.raises(DataError, match="at most 3 processes"):
        Part(0, 0, 4).slots(size, given)


# layers


@pytest.mark.parametrize("drop", [nn.Dropout(0.4), nn.Dropout2d(0.4), timm.layers.DropPath(0.4)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_what_is_dropped_is_what_one_process_would_drop(drop, layout):
    x = torch.randn(8, 3, 4, 4).to(memory_format=layout)
    torch.manual_seed(0)
    whole = drop(x)
    torch.manual_seed(0)
    with WholeBatch(ProcessGroup(), [1, 6], 8):
        ours = drop(x[[1, 6]].to(memory_format=layout))
    assert torch.equal(ours, whole[[1, 6]])


def test_rows_that_are_windows_of_an_image_stay_together():
    x = torch.randn(8 * 4, 5)
    torch.manual_seed(0)
    whole = functional.dropout(x, 0.5).view(8, 4, 5)
    torch.manual_seed(0)
    with WholeBatch(ProcessGroup(), [2, 3], 8):
        assert_close(functional.dropout(x[8:16], 0.5).view(2, 4, 5), whole[2:4])


def test_other_draws_are_refused():
    q = torch.randn(2, 1, 4, 4)
    with WholeBatch(ProcessGroup(), [0, 1], 4):
        for draw in (
            lambda: torch.rand(2),
            lambda: q.clone().normal_(),
            lambda: functional.scaled_dot_product_attention(q, q, q, dropout_p=0.1),
            lambda: functional.dropout(torch.ones(3, 4)),
        ):
            with pytest.raises(SpecError, match="several processes cannot share"):
                draw()
        assert functional.scaled_dot_product_attention(q, q, q).shape == q.shape
