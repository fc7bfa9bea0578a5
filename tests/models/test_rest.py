"""ResT is a timm model: the conventions that timm's own tests do not reach, or only slowly."""

import pytest
import timm
import torch
from timm.optim import create_optimizer_v2
from torchvision.models.feature_extraction import create_feature_extractor

import study.models  # noqa: F401
from study.errors import BuildError

OFF = {"head_mix": False, "attn_norm": False, "position": "none", "ratios": (1, 1, 1, 1)}


def rest(**arguments):
    torch.manual_seed(0)
    return timm.create_model("test_rest", **arguments).eval()


@pytest.fixture
def images():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["rest_lite", "rest_small", "rest_base", "rest_large"])
def test_the_models_are_timms(name):
    assert name in timm.list_models("rest_*")
    cfg = timm.data.resolve_model_data_config(timm.create_model(name, device="meta"))
    assert (cfg["input_size"], cfg["crop_pct"]) == ((3, 224, 224), 0.875)


@pytest.mark.parametrize("size", [(33, 33), (50, 77), (32, 65), (224, 97)])
@pytest.mark.parametrize("stem", ["rest", "pvt"])
def test_any_size_will_do(size, stem):
    model = rest(stem=stem, position="learned")
    features = model.forward_features(torch.randn(2, 3, *size))
    assert features.shape == (2, 128, *(-(-side // 32) for side in size))


def test_an_image_of_one_key_is_refused_while_running():
    with pytest.raises(BuildError, match="at least 33 px"):
        rest()(torch.randn(1, 3, 32, 32))
    rest(attn_norm=False)(torch.randn(1, 3, 32, 32))


@pytest.mark.parametrize("arguments", [{}, OFF], ids=["all", "none"])
def test_every_parameter_gets_a_gradient(arguments, images):
    model = rest(**arguments).train()
    model(images).sum().backward()
    assert not [name for name, p in model.named_parameters() if p.grad is None]


@pytest.mark.parametrize("kind", ["list", "getter", "hook"])
def test_features_are_the_maps_of_the_stages(kind, images):
    features = rest(features_only=True, feature_cls=kind)
    maps = features(images)
    assert features.feature_info.reduction() == [4, 8, 16, 32]
    assert [tuple(m.shape[1:]) for m in maps] == [(16, 16, 16), (32, 8, 8), (64, 4, 4), (128, 2, 2)]


def test_intermediates_end_at_the_features(images):
    model = rest()
    last, maps = model.forward_intermediates(images, norm=True)
    torch.testing.assert_close(last, model.forward_features(images))
    torch.testing.assert_close(maps[-1], last)
    with pytest.raises(ValueError, match="NLC"):
        model.forward_intermediates(images, output_fmt="NLC")


def test_pruning_keeps_the_maps(images):
    model = rest()
    _, maps = model.forward_intermediates(images)
    assert model.prune_intermediate_layers([1], prune_norm=True) == [1]
    torch.testing.assert_close(model(images), maps[1])
    assert model.multiply_adds(64, 64)["linear"] < rest().multiply_adds(64, 64)["linear"]


def test_a_new_classifier_keeps_the_pooling(images):
    model = rest(global_pool="max")
    model.reset_classifier(5)
    assert model(images).shape == (2, 5)
    assert model.global_pool.pool_type == "max"
    assert model.get_classifier() is model.head


def test_other_channels_and_no_classifier(images):
    assert rest(in_chans=1, num_classes=0)(images[:, :1]).shape == (2, 128)
    assert rest(num_classes=0, global_pool="")(images).shape == (2, 128, 2, 2)


def test_checkpointing_changes_no_gradient(images):
    gradients = []
    for enable in (False, True):
        model = rest().train()
        model.set_grad_checkpointing(enable)
        model(images).pow(2).mean().backward()
        gradients.append([p.grad for p in model.parameters()])
    torch.testing.assert_close(*gradients)


def test_only_learned_positions_and_vectors_go_without_weight_decay():
    model = rest(position="learned")
    groups = create_optimizer_v2(model, opt="adamw", weight_decay=0.1).param_groups
    free = {id(p) for group in groups if not group["weight_decay"] for p in group["params"]}
    thetas = [stage.position.theta for stage in model.stages]
    assert all(id(theta) in free for theta in thetas)
    assert len(model.no_weight_decay()) == 4
    assert id(model.head.weight) not in free
    assert rest().no_weight_decay() == set()


def test_layer_decay_falls_from_the_head_to_the_stem():
    model = rest()
    groups = create_optimizer_v2(model, opt="adamw", layer_decay=0.5).param_groups
    scale = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
    sites = [model.stem.conv1.weight, *(s.blocks[0].mlp.fc1.weight for s in model.stages)]
    scales = [scale[id(p)] for p in [*sites, model.head.weight]]
    assert scales == sorted(set(scales))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        pytest.param(OFF, marks=pytest.mark.slow),
        pytest.param({"position": "learned"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_scripted_traced_and_compiled_models_answer_the_same(arguments, images):
    model = rest(**arguments)
    expected = model(images)
    leaves = {
        "leaf_modules": timm.models.get_notrace_modules(),
        "autowrap_functions": timm.models.get_notrace_functions(),
    }
    traced = create_feature_extractor(model, ["head"], tracer_kwargs=leaves)
    torch.testing.assert_close(traced(images)["head"], expected)
    torch.testing.assert_close(torch.jit.script(model)(images), expected)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(images), expected)


def test_saved_models_come_back_from_a_folder(tmp_path, images):
    model = rest(reduction="average", ratios=[4, 2, 1, 1], num_classes=7)
    chosen = {"reduction": "average", "ratios": [4, 2, 1, 1]}
    timm.models.save_for_hf(model, str(tmp_path), model_args=chosen)
    back = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    torch.testing.assert_close(back(images), model(images))


def test_bfloat16_weights_answer_in_bfloat16(images):
    model = rest().bfloat16()
    assert model(images.bfloat16()).dtype == torch.bfloat16
    assert rest(dtype=torch.float64).head.weight.dtype == torch.float64


def test_drop_path_rises_over_all_blocks():
    model = rest(depths=(1, 2, 1, 1), drop_path_rate=0.4)
    blocks = [block for stage in model.stages for block in stage.blocks]
    rates = [getattr(block.drop_path, "drop_prob", 0.0) for block in blocks]
    assert rates == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_an_unknown_argument_is_a_type_error_as_in_timm():
    with pytest.raises(TypeError, match="redution"):
        rest(redution="average")
