"""Detectors: parameters as published, maps, frozen layers, sizes, and samples by seed."""

import pytest
import torch
from torch import nn

from study.errors import BuildError
from study.tasks.detection.models import build
from study.tasks.detection.schema import DETECTOR_NAMES, DetectorKeys
from tests.tasks.detection.detectors import small, some_images

PRINTED = {
    ("retinanet", "rest_small"): 23.40,
    ("retinanet", "rest_base"): 40.50,
    ("retinanet", "pvt_tiny"): 23.0,
    ("retinanet", "pvt_small"): 34.2,
    ("mask_rcnn", "rest_small"): 33.32,
    ("mask_rcnn", "rest_base"): 49.83,
    ("mask_rcnn", "pvt_tiny"): 32.9,
    ("mask_rcnn", "pvt_small"): 44.1,
}
"""Millions of parameters for the 80 classes of COCO: ResT's README and analytic counts to two
decimals, PVT's tables to one."""


@pytest.mark.parametrize(("name", "backbone"), PRINTED)
def test_a_detector_has_the_parameters_of_the_papers_tables(name, backbone):
    model = build(DetectorKeys(name=name, backbone=backbone), 80, device="meta")
    millions = sum(weight.numel() for weight in model.parameters()) / 1e6
    printed = PRINTED[name, backbone]
    digits = len(f"{printed:g}".partition(".")[2]) if "pvt" in backbone else 2
    assert round(millions, digits) == printed


def test_the_schema_names_every_detector():
    from study.tasks.detection.models import DETECTORS

    assert tuple(DETECTORS) == DETECTOR_NAMES


@pytest.mark.parametrize("name", DETECTOR_NAMES)
@pytest.mark.parametrize("backbone", ["test_rest", "test_pvt", "resnet10t", "test_convnext"])
def test_a_detector_trains_on_any_backbone_with_maps(name, backbone):
    model, (images, targets) = small(name, backbone), some_images()
    losses = model.train()(images, targets)
    sum(losses.values()).backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize("name", DETECTOR_NAMES)
def test_every_loss_has_a_count(name):
    model, (images, targets) = small(name), some_images()
    assert model.train()(images, targets).keys() == model.counts(len(images)).keys()


def test_windows_are_no_limit_of_the_image_size():
    keys = DetectorKeys(name="retinanet", backbone="swin_tiny_patch4_window7_224", channels=8)
    model = build(keys, 2, device="meta").eval()
    maps = model.backbone(torch.zeros(1, 3, 96, 160, device="meta"))
    sizes = [(12, 20), (6, 10), (3, 5), (2, 3), (1, 2)]
    assert [tuple(x.shape[-2:]) for x in maps.values()] == sizes


def test_a_batch_is_padded_to_a_multiple_of_32_and_to_the_size_of_other_processes():
    model, (images, _) = small("retinanet"), some_images()
    assert model.transform(images)[0].tensors.shape[-2:] == (128, 160)
    model.prepare((200, 10), [])
    assert model.transform(images)[0].tensors.shape[-2:] == (224, 160)


def test_regions_are_pooled_at_the_strides_of_the_levels_however_small_the_image():
    # torchvision infers 1 / 2 for the first level: 64 padded pixels by 33.
    pool = small("mask_rcnn").roi_heads.box_roi_pool
    levels = {str(n): torch.zeros(1, 16, 16 >> n, 16 >> n) for n in range(4)}
    pool(levels, [torch.tensor([[0.0, 0, 30, 30]])], [(33, 33)])
    assert pool.scales == [1 / 4, 1 / 8, 1 / 16, 1 / 32]


@pytest.mark.heavy
def test_a_backbone_without_maps_is_refused_with_names_of_some_that_have_them():
    keys = DetectorKeys(name="retinanet", backbone="vit_tiny_patch16_224")
    with pytest.raises(BuildError, match=r"only at 1/16 .* 1/8, 1/16, 1/32: such as .*rest_small"):
        build(keys, 80, device="meta")


def test_a_backbone_whose_stages_are_no_list_is_built():
    # HRNet's `stages` is a method.
    keys = DetectorKeys(name="retinanet", backbone="hrnet_w18_small", channels=8)
    assert build(keys, 2, device="meta").backbone.maps.channels == [256, 512, 1024]


def test_backbones_that_a_message_names_take_images_of_any_size():
    with pytest.raises(BuildError) as error:
        build(DetectorKeys(name="mask_rcnn", backbone="mixer_b16_224"), 2, device="meta")
    assert "hiera_base_224" not in str(error.value)


def test_weights_are_no_arguments_of_a_backbone():
    keys = DetectorKeys(name="retinanet", backbone={"name": "resnet10t", "pretrained": True})
    with pytest.raises(BuildError, match="pretrained: write weights: FILE"):
        build(keys, 80, device="meta")


def test_the_switches_of_a_backbone_are_its_arguments():
    keys = DetectorKeys(name="retinanet", backbone={"name": "test_rest", "reduction": "average"})
    named = [type(m).__name__ for m in build(keys, 2, device="meta").modules()]
    plain = [type(m).__name__ for m in small("retinanet").modules()]
    assert sorted(named) != sorted(plain)


def test_a_backbone_has_no_classifier_no_final_norm_and_no_class_token():
    names = {
        name for name, _ in small("retinanet", "test_pvt").backbone.maps.body.named_parameters()
    }
    assert not {name for name in names if name.startswith(("norm", "head")) or "token" in name}


@pytest.mark.parametrize(("backbone", "last"), [("test_rest", "stages.1"), ("resnet10t", "layer2")])
def test_frozen_stages_are_not_trained_and_stay_in_eval_mode(backbone, last):
    model = small("retinanet", backbone, frozen_stages=2).train()
    body = model.backbone.maps.body
    trained = [name for name, weight in body.named_parameters() if weight.requires_grad]
    names = [name for name, _ in body.named_parameters()]
    end = max(i for i, name in enumerate(names) if name.startswith(last))
    assert trained == names[end + 1 :]
    frozen_norms = [
        m for n, m in body.named_modules() if n.startswith(last) and not [*m.children()]
    ]
    assert not any(m.training for m in frozen_norms)


def test_more_frozen_stages_than_there_are_is_an_error():
    with pytest.raises(BuildError, match="frozen_stages is 5, and the backbone has 4 stages"):
        small("retinanet", frozen_stages=5)


def test_a_frozen_batch_norm_keeps_its_statistics_and_its_parameters():
    model, (images, targets) = (
        small("retinanet", "resnet10t", frozen_batch_norm=True),
        some_images(),
    )
    norms = [m for m in model.backbone.maps.body.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms]
    sum(model.train()(images, targets).values()).backward()
    assert all(torch.equal(a, norm.running_mean) for a, norm in zip(before, norms, strict=True))
    assert not any(norm.weight.requires_grad for norm in norms)


def test_the_fine_level_p6_comes_from_the_backbone_or_the_pyramid():
    c5, p5 = (
        DetectorKeys(name="retinanet", backbone="rest_small", coarse=source)
        for source in ("c5", "p5")
    )
    sizes = [sum(w.numel() for w in build(k, 80, device="meta").parameters()) for k in (c5, p5)]
    assert sizes[0] - sizes[1] == (512 - 256) * 256 * 9


def test_anchors_have_the_strides_of_their_levels():
    model = small("retinanet")
    images, _ = model.transform([torch.zeros(3, 200, 120)])
    levels = [*model.backbone(images.tensors).values()]
    anchors = model.anchor_generator(images, levels)[0]
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    counts = [9 * x.shape[-2] * x.shape[-1] for x in levels]
    steps = [part[:, 0].unique().diff().max().item() for part in centres.split(counts)[:3]]
    assert steps == [8, 16, 32]


@pytest.mark.parametrize("name", DETECTOR_NAMES)
def test_samples_depend_on_the_seeds_of_the_images_alone(name):
    model, (images, targets) = small(name).train(), some_images()

    def losses(seeds):
        model.prepare((0, 0), seeds)
        return [float(loss.detach()) for loss in model(images, targets).values()]

    first = losses([1, 2])
    torch.manual_seed(5)
    assert losses([1, 2]) == first
    assert (losses([3, 4]) == first) == (name == "retinanet")  # which samples nothing
