"""Modules of any model are swapped by name; everything else of the model stays as it was."""

from functools import partial

import pytest
import torch
from torch import nn

from study.errors import BuildError
from study.metrics.cost import cost, cost_by_one_counter
from study.models import build, resolved, weights
from study.models.equivalence import unreached
from study.models.factory import whole
from study.models.paired_init import initialised, seeded
from study.models.replacement_shapes import refuse_misshapen
from study.models.surgery import REPLACEMENTS, channels_last, matches, replaced

SHAPE = {"num_classes": 10, "in_chans": 3, "img_size": 64}
SIZE = (3, 64, 64)
SWIN = "swin_tiny_patch4_window7_224"
SMALL_SWIN = {"embed_dim": 24, "depths": (2, 2), "num_heads": (2, 2), "window_size": 4}

# The name of a model, its arguments, what is replaced, and a module that is gone then.
TABLE = {
    "ViT, attention averages": (
        "test_vit",
        {},
        {"blocks.*.attn": "avgpool"},
        "blocks.3.attn",
    ),
    "ViT, no layer scale": (
        "test_vit",
        {"init_values": 0.1},
        {"blocks.*.ls?": "identity"},
        "blocks.0.ls1",
    ),
    "ConvNeXt, no depth-wise convolutions": (
        "test_convnext",
        {},
        {"stages.*.blocks.*.conv_dw": "avgpool"},
        "stages.0.blocks.0.conv_dw",
    ),
    "Swin, no window attention": (
        SWIN,
        SMALL_SWIN,
        {"layers.*.blocks.*.attn": "zero", "layers.*.blocks.*.norm1": "identity"},
        "layers.1.blocks.1.attn",
    ),
    "ResNet, without a block": (
        "test_resnet",
        {},
        {"layer1.0": "identity"},
        "layer1.0",
    ),
    "ResT, no attention": (
        "test_rest",
        {},
        {"stages.*.blocks.*.attn": "identity"},
        "stages.2.blocks.0.attn",
    ),
    "PVT, no MLP": (
        "test_pvt",
        {},
        {"**.mlp": "zero", "**.norm2": "identity"},
        "stages.0.blocks.0.mlp",
    ),
}


@pytest.fixture(params=TABLE)
def case(request):
    """The functions that build the whole and the swapped model, and a module that is gone."""
    name, arguments, patterns, gone = TABLE[request.param]
    before = partial(build, name, arguments, **SHAPE)
    after = partial(build, name, {**arguments, "replace": patterns}, **SHAPE)
    return lambda device=None: before(device=device), lambda device=None: after(device=device), gone


@pytest.mark.heavy
def test_what_is_replaced_costs_no_more(case):
    before, after, gone = case
    costs = cost(before, SIZE), cost(after, SIZE)
    lost = sum(p.numel() for n, p in before("meta").named_parameters() if n.startswith(gone + "."))
    assert lost > 0
    assert costs[1].params <= costs[0].params - lost
    assert costs[1].macs["all"] <= costs[0].macs["all"]
    # All counters agree, and the single one that counts arms without an audit.
    assert cost_by_one_counter(after("meta"), SIZE).macs == costs[1].macs


def test_the_forward_pass_works_and_gradients_reach_all(case):
    _, after, _ = case
    assert after()(torch.randn(2, *SIZE)).shape == (2, 10)
    assert unreached(after, SIZE) == []


def test_the_rest_starts_from_the_same_weights(case):
    before, after, gone = case
    whole_weights = dict(seeded(before, 3).named_parameters())
    model, foreign = initialised(after, 3)
    rest = dict(model.named_parameters())
    assert foreign == set()
    assert rest.keys() < whole_weights.keys()
    assert not [name for name in rest if name.startswith(gone + ".")]
    assert all(torch.equal(rest[name], whole_weights[name]) for name in rest)


def test_given_weights_are_loaded_before_anything_is_replaced(saved):
    given = whole("test_vit", {}, **SHAPE)
    path = saved(given.state_dict())
    arguments = {"checkpoint_path": str(path), "replace": {"blocks.*.attn": "identity"}}
    assert weights.random_classifier("test_vit", arguments, **SHAPE) == ""
    rest = weights.started("test_vit", arguments, **SHAPE).state_dict()
    assert not [name for name in rest if "attn" in name]
    assert all(torch.equal(rest[name], given.state_dict()[name]) for name in rest)


# ---- replacements ----


@pytest.mark.parametrize("name", REPLACEMENTS)
@pytest.mark.parametrize("shape", [(2, 9, 4), (2, 4, 5, 6)])
def test_a_replacement_keeps_the_shape_and_takes_any_arguments(name, shape):
    module = REPLACEMENTS[name](nn.Conv2d(4, 4, 1))
    x = torch.randn(shape)
    assert module(x, (3, 3), attn_mask=None).shape == shape
    assert module(query=x).shape == shape


def test_the_average_is_of_the_neighbours_that_exist():
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    maps, rows = (
        REPLACEMENTS["avgpool"](nn.Conv2d(1, 1, 1)),
        REPLACEMENTS["avgpool"](nn.Linear(1, 1)),
    )
    assert maps(x)[0, 0, 1, 1] == 4
    assert maps(x)[0, 0, 0, 0] == 2  # of 0, 1, 3 and 4
    torch.testing.assert_close(rows(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), maps(x))


def test_the_average_of_tokens_is_of_all_of_them():
    x = torch.randn(2, 5, 3)
    averages = REPLACEMENTS["avgpool"](nn.Identity())(x)
    torch.testing.assert_close(averages, x.mean(1, keepdim=True).repeat(1, 5, 1))


def test_the_layout_is_that_of_the_first_layer():
    convnext, swin = (build(n, {}, **SHAPE, device="meta") for n in ("test_convnext", SWIN))
    assert channels_last(convnext.get_submodule("stages.0.blocks.0")) is False
    assert channels_last(convnext.get_submodule("stages.0.blocks.0.mlp")) is True
    assert channels_last(swin.get_submodule("layers.0.blocks.0")) is True
    assert channels_last(nn.GELU()) is None


def test_a_map_of_unknown_layout_is_refused():
    with pytest.raises(BuildError, match="where the channels of"):
        REPLACEMENTS["avgpool"](nn.GELU())(torch.randn(1, 4, 4, 4))


def test_an_activation_behind_an_identity_leaves_the_shortcut_alone():
    block = nn.ModuleDict({"conv": nn.Conv2d(1, 1, 1), "act": nn.ReLU(inplace=True)})
    replaced(block, {"conv": "identity"})
    x = torch.tensor([-1.0])
    block["act"](block["conv"](x))
    assert x == -1


# ---- patterns ----


@pytest.mark.parametrize(
    ("pattern", "name", "matching"),
    [
        ("blocks.*.attn", "blocks.0.attn", True),
        ("blocks.*.attn", "blocks.0.attn.qkv", False),
        ("blocks.*", "blocks.0.attn", False),
        ("**.attn", "attn", True),
        ("**.attn", "stages.0.blocks.1.attn", True),
        ("stages.**", "stages", True),
        ("blocks.1.norm?", "blocks.1.norm2", True),
        ("blocks.[12]", "blocks.3", False),
        ("**", "any.thing", True),
    ],
)
def test_a_star_stands_for_a_segment_and_two_for_any_number(pattern, name, matching):
    assert matches(pattern, name) is matching


def test_the_outermost_match_wins():
    model = build("test_vit", {"replace": {"blocks.[01]": "identity", "**.mlp": "zero"}}, **SHAPE)
    assert [*model.blocks[0].children()] == []
    assert not [*model.blocks[2].mlp.parameters()]


MISTAKES = {
    "blocks.*.atn": ("identity", 'did you mean "blocks.*.attn"'),
    "blocks.12": ("identity", "`study parts MODEL` lists them"),
    "blocks.*.attn": ("identty", 'did you mean "identity"'),
    "cls_token": ("zero", "matches the parameter cls_token"),
}


@pytest.mark.parametrize("pattern", MISTAKES)
def test_a_mistake_names_its_pattern(pattern):
    entry, message = MISTAKES[pattern]
    with pytest.raises(BuildError, match=message) as raised:
        build("test_vit", {"replace": {pattern: entry}}, **SHAPE, device="meta")
    assert (raised.value.argument, raised.value.key) == ("replace", pattern)


@pytest.mark.parametrize("value", ["attn", None, ["blocks.*.attn"]])
def test_replace_is_a_mapping(value):
    with pytest.raises(BuildError, match="maps patterns of module names"):
        resolved("test_vit", {"replace": value})


def test_patterns_that_overlap_are_refused():
    for patterns, message in (
        ({"blocks.*.attn": "zero", "**.attn": "identity"}, "both match blocks.0.attn"),
        ({"blocks.*.attn": "zero", "blocks.*": "identity"}, "only modules inside others"),
    ):
        with pytest.raises(BuildError, match=message):
            build("test_vit", {"replace": patterns}, **SHAPE, device="meta")


def test_patterns_identify_a_model_in_any_order():
    patterns = {"norm": "identity", "blocks.*.attn": "zero"}
    other = dict(reversed(patterns.items()))
    for name in ("test_vit", "test_rest"):
        first, second = (resolved(name, {"replace": p}) for p in (patterns, other))
        assert [*first["replace"]] == [*second["replace"]]
        assert resolved(name, {"replace": {}}) == resolved(name, {})


# ---- shapes ----

MISFITS = [
    ("test_resnet", {"layer2.0": "identity"}, r"layer2.0 \(BasicBlock\): its output is"),
    ("test_vit", {"patch_embed.proj": "zero"}, r"\(2, 3, 64, 64\), not \(2, 64, 4, 4\)"),
    ("test_rest", {"stages.0.blocks": "identity"}, "is never called"),
    ("test_pvt", {"stages.0.token": "identity"}, "does not run with"),
]


@pytest.mark.parametrize(("name", "patterns", "message"), MISFITS)
def test_an_output_of_another_shape_is_refused(name, patterns, message):
    with pytest.raises(BuildError, match=message) as raised:
        refuse_misshapen(lambda device: whole(name, {}, **SHAPE, device=device), patterns, SIZE)
    assert raised.value.key == next(iter(patterns))


def test_an_image_that_the_whole_model_does_not_take_is_left_to_other_checks():
    builder = partial(whole, "test_vit", {}, **{**SHAPE, "img_size": 60})
    refuse_misshapen(lambda device: builder(device=device), {"blocks.0": "identity"}, (3, 60, 60))
