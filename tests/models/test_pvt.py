"""PVT against an independent computation, and where it is another timm model than ResT."""

import pytest
import timm
import torch
from timm.optim import create_optimizer_v2
from torch.nn import functional
from torchvision.models.feature_extraction import create_feature_extractor

import study.models  # noqa: F401
from study.errors import BuildError
from study.models.released_checkpoints import checkpoint_filter_fn

PARAMETERS = {
    "pvt_tiny": 13_229_288,
    "pvt_small": 24_485_864,
    "pvt_medium": 44_208_104,
    "pvt_large": 61_369_320,
}
EMSA = {"head_mix": True, "attn_norm": True, "reduction": "depthwise", "position": "pa"}


def pvt(**arguments):
    torch.manual_seed(0)
    return timm.create_model("test_pvt", **arguments).eval()


@pytest.fixture
def images():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_those_of_the_released_code(name):
    model = timm.create_model(name, device="meta")
    assert sum(parameter.numel() for parameter in model.parameters()) == PARAMETERS[name]


# Independent: the formulas of the paper on released tensors, without a module ---------------------


def linear(p, name, x):
    return functional.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])


def layer_norm(p, name, x, eps):
    return functional.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"], eps)


def windows(p, name, x, side):
    """A convolution of windows side by side, (B, C', H, W) -> (B, N, C)."""
    return functional.conv2d(x, p[f"{name}.weight"], p[f"{name}.bias"], side).flatten(2).mT


def attention(p, name, x, size, heads, ratio):
    z = x
    if ratio > 1:
        z = windows(p, f"{name}.sr", x.mT.unflatten(2, size), ratio)
        z = layer_norm(p, f"{name}.norm", z, 1e-5)
    k, v = linear(p, f"{name}.kv", z).chunk(2, -1)
    q, k, v = (
        t.unflatten(2, (heads, -1)).transpose(1, 2) for t in (linear(p, f"{name}.q", x), k, v)
    )
    y = functional.scaled_dot_product_attention(q, k, v)
    return linear(p, f"{name}.proj", y.transpose(1, 2).flatten(2))


def positions(table, size, extra):
    """The class token's entries, then the table of a 7x7, 14x14, ... map at another size."""
    side = round((table.shape[1] - extra) ** 0.5)
    grid = table[:, extra:].mT.unflatten(2, (side, side))
    resized = functional.interpolate(grid, size, mode="bilinear").flatten(2).mT
    return torch.cat([table[:, :extra], resized], 1)


def answer(p, x):
    """What the released PVT-Tiny answers, from its tensors by name."""
    H, W = x.shape[-2:]
    for i, (heads, ratio) in enumerate([(1, 8), (2, 4), (5, 2), (8, 1)], start=1):
        side, last = 4 if i == 1 else 2, int(i == 4)
        H, W = H // side, W // side
        x = layer_norm(p, f"patch_embed{i}.norm", windows(p, f"patch_embed{i}.proj", x, side), 1e-5)
        x = torch.cat([p["cls_token"]] * last + [x], 1) + positions(
            p[f"pos_embed{i}"], (H, W), last
        )
        for b in (f"block{i}.0", f"block{i}.1"):
            normed = layer_norm(p, f"{b}.norm1", x, 1e-6)
            x = x + attention(p, f"{b}.attn", normed, (H, W), heads, ratio)
            hidden = functional.gelu(
                linear(p, f"{b}.mlp.fc1", layer_norm(p, f"{b}.norm2", x, 1e-6))
            )
            x = x + linear(p, f"{b}.mlp.fc2", hidden)
        x = x if last else x.mT.unflatten(2, (H, W))
    return linear(p, "head", layer_norm(p, "norm", x, 1e-6)[:, 0])


@pytest.mark.parametrize("size", [(224, 224), (96, 160)])
def test_it_answers_what_the_formulas_of_the_paper_do(size, released, picture):
    tensors = released("pvt_tiny")
    model = timm.create_model("pvt_tiny").eval().double()
    model.load_state_dict(checkpoint_filter_fn(tensors, model), strict=True)
    x = picture(1, *size)
    with torch.no_grad():
        torch.testing.assert_close(model(x), answer(tensors, x), rtol=0, atol=1e-10)


# As a timm model ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(33, 33), (50, 77), (32, 65), (224, 97), (1, 1)])
@pytest.mark.parametrize("arguments", [{}, {"stem": "rest", "embedding": "overlapping"}], ids=str)
def test_any_size_will_do(size, arguments):
    places = -(-size[0] // 32) * -(-size[1] // 32)
    features = pvt(**arguments).forward_features(torch.randn(2, 3, *size))
    assert features.shape == (2, 1 + places, 128)


def test_filling_up_with_zeros_is_as_if_the_image_had_a_black_margin():
    model = pvt(position="none")
    odd = torch.randn(2, 3, 61, 50)
    torch.testing.assert_close(
        model(odd), model(functional.pad(odd, (0, 2, 0, 3)))
    )  # of one map, 16x13


@pytest.mark.parametrize("arguments", [{}, EMSA, {"global_pool": "avg"}], ids=str)
def test_every_parameter_gets_a_gradient(arguments, images):
    model = pvt(**arguments).train()
    model(images).sum().backward()
    assert not [name for name, p in model.named_parameters() if p.grad is None]


def test_the_head_looks_at_the_class_token_or_at_the_mean_of_the_others(images):
    model = pvt()
    features = model.forward_features(images)
    torch.testing.assert_close(model.forward_head(features, pre_logits=True), features[:, 0])
    torch.testing.assert_close(model(images), model.head(features[:, 0]))
    model.reset_classifier(5, "avg")
    torch.testing.assert_close(model(images), model.head(features[:, 1:].mean(1)))


def test_only_a_learned_table_has_an_entry_for_the_class_token():
    assert "stages.3.token.place" in pvt().state_dict()
    assert "stages.3.token.place" not in pvt(position="none").state_dict()


@pytest.mark.parametrize("kind", ["list", "getter", "hook"])
def test_features_are_maps_without_the_class_token(kind, images):
    features = pvt(features_only=True, feature_cls=kind)
    maps = features(images)
    assert features.feature_info.reduction() == [4, 8, 16, 32]
    assert [tuple(m.shape[1:]) for m in maps] == [(16, 16, 16), (32, 8, 8), (80, 4, 4), (128, 2, 2)]


def test_intermediates_end_at_the_features(images):
    model = pvt()
    features, maps = model.forward_intermediates(images, norm=True)
    torch.testing.assert_close(features, model.forward_features(images))
    torch.testing.assert_close(maps[-1].flatten(2).mT, features[:, 1:])
    raw = model.forward_intermediates(images, intermediates_only=True)[-1]
    torch.testing.assert_close(model.norm(raw.flatten(2).mT), features[:, 1:])


def test_without_its_last_stage_it_has_no_class_token_to_look_at(images):
    model = pvt()
    _, maps = model.forward_intermediates(images)
    assert model.prune_intermediate_layers([1]) == [1]
    torch.testing.assert_close(model(images), maps[1].flatten(2).mT)
    model.reset_classifier(0, "avg")
    torch.testing.assert_close(model(images), maps[1].mean((2, 3)))
    with pytest.raises(BuildError, match="no class token"):
        model.reset_classifier(5, "token")


def test_a_class_token_is_not_reduced():
    with pytest.raises(BuildError, match="its ratio is 1, not 2") as raised:
        pvt(ratios=(8, 4, 2, 2))
    assert raised.value.argument == "ratios"


def test_tokens_positions_and_vectors_go_without_weight_decay():
    model = pvt()
    groups = create_optimizer_v2(model, opt="adamw", weight_decay=0.1).param_groups
    free = {id(p) for group in groups if not group["weight_decay"] for p in group["params"]}
    tables = [stage.position.theta for stage in model.stages]
    token = model.stages[3].token
    assert all(id(p) in free for p in [*tables, token.theta, token.place])
    assert len(model.no_weight_decay()) == 6
    assert id(model.head.weight) not in free


def test_layer_decay_falls_from_the_head_to_the_stem():
    model = pvt()
    groups = create_optimizer_v2(model, opt="adamw", layer_decay=0.5).param_groups
    scale = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
    sites = [model.stem.conv1.weight, *(s.blocks[0].mlp.fc1.weight for s in model.stages)]
    scales = [scale[id(p)] for p in [*sites, model.head.weight]]
    assert scales == sorted(set(scales))


@pytest.mark.parametrize(
    "arguments",
    [pytest.param({}, id="pvt"), pytest.param(EMSA, id="emsa", marks=pytest.mark.slow)],
)
def test_scripted_traced_and_compiled_models_answer_the_same(arguments, images):
    model = pvt(**arguments)
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


def test_checkpointing_changes_no_gradient(images):
    gradients = []
    for enable in (False, True):
        model = pvt().train()
        model.set_grad_checkpointing(enable)
        model(images).pow(2).mean().backward()
        gradients.append([p.grad for p in model.parameters()])
    torch.testing.assert_close(*gradients)


def test_a_released_checkpoint_file_loads_at_another_size(released, tmp_path, picture):
    file, x = tmp_path / "released.pth", picture(1, 96, 96).float()
    torch.save({k: v.float() for k, v in released("pvt_tiny").items()}, file)
    overlay = {"file": str(file), "url": "", "hf_hub_id": None}
    small, large = (
        timm.create_model(
            "pvt_tiny", pretrained=True, pretrained_cfg_overlay=overlay, img_size=side
        ).eval()
        for side in (96, 224)
    )
    with torch.no_grad():
        torch.testing.assert_close(small(x), large(x))


def test_convolutions_start_as_pytorchs_and_linear_layers_as_released():
    model = timm.create_model("pvt_tiny")
    stem, linear = model.stem.conv1.weight, model.stages[3].blocks[0].mlp.fc1.weight
    assert float(stem.detach().std()) == pytest.approx(1 / (3 * 48) ** 0.5, rel=0.05)
    assert float(linear.detach().std()) == pytest.approx(0.02, rel=0.05)
