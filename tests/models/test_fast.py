"""Fast paths against the plain model: the same function, to rounding."""

import copy

import pytest
import timm
import torch
from torch import Tensor, nn

from study.errors import BuildError
from study.models import deploy, factory, fast, fast_linear, fused

CASES = {
    "ResT": ("test_rest", {}, 64),
    "no mixing of heads": ("test_rest", {"head_mix": False}, 64),
    "no instance norm": ("test_rest", {"attn_norm": False}, 64),
    "neither": ("test_rest", {"head_mix": False, "attn_norm": False}, 96),
    "no biases": ("test_rest", {"qkv_bias": False}, 96),
    "other parts": (
        "test_rest",
        {"stem": "resnet", "embedding": "plain", "reduction": "average", "position": "gl"},
        96,
    ),
    "parts of PVT": (
        "test_rest",
        {"stem": "pvt", "embedding": "pvt", "reduction": "strided", "position": "learned"},
        64,
    ),
    "no reduction": ("test_rest", {"ratios": (1, 1, 1, 1)}, 64),
    "PVT": ("test_pvt", {}, 64),
    "PVT with mixing and norm": ("test_pvt", {"head_mix": True, "attn_norm": True}, 64),
    "an odd side": ("test_rest", {}, 75),
}
EXACT = 1e-9  # relative, in double precision
TIMES = 3  # the error of single precision, against that of the plain model


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request) -> tuple[nn.Module, Tensor]:
    """A model in double precision, none of whose parameters is at its initial value, and images."""
    name, arguments, size = request.param
    generator = torch.Generator().manual_seed(0)
    model = timm.create_model(name, num_classes=10, **arguments).double().eval()
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.dtype.is_floating_point:  # batch norm counts its batches in whole numbers
                tensor += 0.05 * torch.rand(tensor.shape, generator=generator).to(tensor)
    return model, torch.randn(8, 3, size, size, generator=generator).double()


def far(first: Tensor, second: Tensor) -> float:
    """The relative error, over all logits: the largest of few is a matter of luck."""
    return ((first.double() - second).norm() / second.norm()).item()


@pytest.mark.parametrize("training", [True, False])
def test_logits_and_gradients_are_those_of_the_plain_model(case, training):
    plain, images = case
    quick = fast.trainable(copy.deepcopy(plain))
    outputs = [model.train(training)(images) for model in (plain, quick)]
    assert far(outputs[1], outputs[0]) < EXACT
    for output in outputs:
        (output * torch.linspace(-1, 1, output.numel()).reshape(output.shape)).sum().backward()
    largest = max(p.grad.abs().max().item() for p in plain.parameters())
    for (name, p), q in zip(plain.named_parameters(), quick.parameters(), strict=True):
        # A bias without any effect has a gradient of rounding errors, or none.
        gradient = torch.zeros_like(p) if q.grad is None else q.grad
        assert (p.grad - gradient).abs().max() < EXACT * largest, name


@pytest.mark.parametrize("path", ["trainable", "deployed"])
def test_single_precision_loses_about_what_the_plain_model_loses(case, path):
    plain, images = case
    exact = plain(images)
    single = plain.float()
    quick = PATHS[path](single, images)
    with torch.no_grad():
        own, other = single(images.float()), quick(images.float())
    assert far(other, exact) < TIMES * far(own, exact)


def test_single_precision_gradients_lose_about_what_those_of_the_plain_model_lose(case):
    plain, images = case
    exact = gradients(plain, images)
    # In the same layout, which alone changes how torch sums in batch norms.
    own = gradients(copy.deepcopy(plain).float().to(memory_format=torch.channels_last), images)
    other = gradients(fast.trainable(copy.deepcopy(plain)).float(), images)
    assert far(other, exact) < TIMES * far(own, exact)


def gradients(model: nn.Module, images: Tensor) -> Tensor:
    """All gradients but those of biases without any effect, which are rounding errors."""
    model.train().zero_grad()
    kind = next(model.parameters()).dtype
    model(images.to(kind, memory_format=torch.channels_last)).square().sum().backward()
    every = [p.grad for name, p in model.named_parameters() if not name.endswith("mix.bias")]
    return torch.cat([g.flatten().double() for g in every if g is not None])


def test_the_products_of_a_linear_layer_are_those_of_torch():
    plain = nn.Linear(6, 5)
    quick = copy.deepcopy(plain)
    quick.__class__ = fast_linear.FastLinear
    x = torch.randn(2, 7, 6)
    for layer in (plain, quick):
        (layer(x).cos() * torch.arange(5)).sum().backward()
    assert torch.allclose(quick(x), plain(x), atol=1e-6)
    for p, q in zip(plain.parameters(), quick.parameters(), strict=True):
        assert torch.allclose(q.grad, p.grad, atol=1e-5)


def test_a_second_derivative_through_the_products_is_an_error():
    if not fast_linear.available():
        pytest.skip("this torch has no linear operator of oneDNN")
    layer = fast_linear.FastLinear(3, 2)
    x = torch.randn(4, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_folded_weights_give_the_logits_of_the_plain_model(case):
    plain, images = case
    assert far(PATHS["deployed"](plain, images)(images), plain(images)) < EXACT


def test_folded_weights_take_images_of_another_size():
    plain = timm.create_model("test_rest").double().eval()
    images = torch.randn(1, 3, 128, 96).double()
    assert far(deploy.deployed(copy.deepcopy(plain), (64, 64))(images), plain(images)) < EXACT


def test_what_large_images_leave_unfolded_takes_small_ones():
    plain = timm.create_model("test_rest").double().eval()
    images = torch.randn(1, 3, 64, 64).double()
    assert far(deploy.deployed(copy.deepcopy(plain), (512, 512))(images), plain(images)) < EXACT


def test_a_single_attention_weight_is_refused_as_in_the_plain_model():
    plain = timm.create_model("test_rest").eval()
    with pytest.raises(BuildError, match="single attention weight"):
        deploy.deployed(copy.deepcopy(plain), (64, 64))(torch.randn(1, 3, 32, 32))


def test_a_convolution_of_the_users_own_class_is_called():
    class Doubled(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * super().forward(x)

    plain = timm.create_model("test_rest").double().eval()
    plain.stem.conv3 = Doubled(8, 16, 3, 2, 1, bias=False).double()
    images = torch.randn(1, 3, 64, 64).double()
    assert far(deploy.deployed(copy.deepcopy(plain), (64, 64))(images), plain(images)) < EXACT


def test_dropout_of_attention_weights_is_that_of_the_plain_model():
    plain = timm.create_model("test_rest", attn_drop_rate=0.5).double()
    quick, images = fast.trainable(copy.deepcopy(plain)), torch.randn(2, 3, 64, 64).double()
    outputs = []
    for model in (plain, quick):
        torch.manual_seed(1)
        outputs.append(model(images))
    assert far(outputs[1], outputs[0]) < EXACT


def test_trainable_keeps_parameters_and_their_names():
    plain = timm.create_model("test_rest").eval()
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    after = fast.trainable(plain).state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_under_autocast_the_instance_norm_stays_precise():
    plain = timm.create_model("test_rest").eval()
    quick, images = fast.trainable(copy.deepcopy(plain)), torch.randn(8, 3, 64, 64)
    with torch.no_grad():
        exact = plain(images).double()
        with torch.autocast("cpu", torch.bfloat16):
            own, other = plain(images), quick(images)
    assert far(other, exact) < TIMES * far(own, exact)


def test_a_block_of_which_a_module_was_replaced_stays_as_it_is():
    plain = timm.create_model("test_rest").double().eval()
    plain.stages[0].blocks[0].attn = Nothing()
    plain.stages[1].blocks[0].mlp = nn.Identity()
    images = torch.randn(1, 3, 64, 64).double()
    assert far(deploy.deployed(copy.deepcopy(plain), (64, 64))(images), plain(images)) < EXACT


SHAPE = {"num_classes": 10, "in_chans": 3, "img_size": 64}
REPLACED = {
    "**.attn.weights.mix": "identity",
    "**.attn.weights.norm": "identity",
    "**.attn.weights.drop": "zero",
    "**.attn.q": "identity",
    "**.attn.proj": "identity",
    "**.attn.proj_drop": "zero",
    "**.attn.reduce.norm": "identity",
    "stages.3.blocks.0.attn.reduce": "identity",
    "**.mlp.act": "identity",
    "**.mlp.drop": "zero",
    "stages.1.blocks.*.norm1": "zero",
    "**.drop_path": "zero",
    "stem.act": "identity",
    "stem.conv2": "identity",
    "stem.norm1": "identity",
    "**.position.conv": "identity",
    "stages.0.position": "zero",
    "stages.0": "identity",
}


@pytest.mark.parametrize(("pattern", "replacement"), REPLACED.items())
def test_surgery_inside_a_block_or_a_stem_counts_on_the_fast_paths(pattern, replacement):
    surgery = {"replace": {pattern: replacement}}
    plain = factory.build("test_rest", surgery, **SHAPE).double().eval()
    images = torch.randn(2, 3, 64, 64).double()
    expected = plain(images)
    assert far(fast.trainable(copy.deepcopy(plain))(images), expected) < EXACT
    assert far(deploy.deployed(plain, (64, 64))(images), expected) < EXACT


class Nothing(nn.Module):
    """An attention that a user has replaced."""

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        return torch.zeros_like(x)


@pytest.mark.parametrize("pack", [True, False])
def test_a_fused_layer_computes_what_its_two_steps_compute(pack):
    if pack and not fused.available():
        pytest.skip("this torch has no fused operators of oneDNN")
    linear, conv = nn.Linear(3, 2), nn.Conv2d(4, 4, 3, 2, 1, groups=4)
    x, image = torch.randn(5, 3), torch.randn(2, 4, 9, 7)
    with torch.no_grad():
        for act, function in fused.ACTIVATIONS.items():
            layer = fused.FusedLinear(linear, act, pack=pack)
            assert torch.allclose(layer(x), function(linear(x)), atol=1e-6)
            layer = fused.FusedConv(conv, act, pack=pack)
            assert torch.allclose(layer(image), function(conv(image)), atol=1e-6)
        layer = fused.FusedLinear(linear, pack=pack)
        assert torch.allclose(layer(x, add=torch.ones(5, 2)), linear(x) + 1, atol=1e-6)


PATHS = {
    "trainable": lambda model, images: fast.trainable(copy.deepcopy(model)),
    "deployed": lambda model, images: deploy.deployed(copy.deepcopy(model), images.shape[-2:]),
}
