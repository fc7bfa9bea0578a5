"""Parts that break the contract, each in its own way."""

import torch
from torch import nn

from study.models.multiply_adds import Cost
from study.models.parts.reductions import Average, Depthwise, reduced


class Half(Depthwise):
    """Leaves out the last row of its map."""

    def forward(self, x):
        return super().forward(x)[:, :, :-1]


class Explodes(Average):
    """Divides by nothing."""

    def forward(self, x):
        return super().forward(x) / 0


class Dead(Depthwise):
    """Has a weight that it never uses."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio, **dd)
        self.scale = nn.Parameter(torch.ones(channels, **dd))


class Cut(Average):
    """Cuts the gradient off."""

    def forward(self, x):
        return super().forward(x).detach()


class Cheap(Depthwise):
    """Forgets its kernel when it says what it costs."""

    def multiply_adds(self, height, width):
        s = self.stride[0]
        return Cost(conv=self.out_channels * reduced(height, s) * reduced(width, s))


class Misnamed(Depthwise):
    """Counts as what does not exist."""

    def multiply_adds(self, height, width):
        return Cost(convs=1)


class Plain(Average):
    """Counts in a plain dictionary."""

    def multiply_adds(self, height, width):
        return {}


class Silent(nn.AvgPool2d):
    """Does not say what it costs."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(ratio + 1, ratio, ratio // 2)


class Unshared(Depthwise):
    """Draws its weights elsewhere."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio, **dd)
        drawn = torch.randn(channels, 1, 1, **dd)
        self.shift = nn.Parameter(torch.ones(channels, 1, 1, **dd))
        self.scale = nn.Parameter(drawn)

    def forward(self, x):
        return super().forward(x) * self.scale + self.shift


class Here(Depthwise):
    """Is on the CPU whatever it is told."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio, **dd)
        self.register_buffer("mask", torch.ones(1, device="cpu"))


class Random(Average):
    """Drops without asking whether it is trained."""

    def forward(self, x):
        return nn.functional.dropout(super().forward(x), 0.5, training=True)


class Mixed(Average):
    """Takes the mean of the batch away."""

    def forward(self, x):
        x = super().forward(x)
        return x - x.mean(0, keepdim=True)


class Forgetful(Average):
    """Has random numbers that are in no checkpoint."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio, **dd)
        self.register_buffer("noise", torch.randn(channels, 1, 1, **dd), persistent=False)

    def forward(self, x):
        return super().forward(x) + self.noise


class Deaf(Average):
    """Gives nothing but zeros."""

    def forward(self, x):
        return super().forward(x) * 0


class Mute(Average):
    def multiply_adds(self, height, width):
        return Cost()


class Narrow(Average):
    """Knows nothing of devices."""

    def __init__(self, channels, ratio):
        super().__init__(channels, ratio)


BROKEN = {
    Half: (
        "maps the declared shapes",
        r"gives 16x11x8, not 16x12x8 \(built with \(16, 2\), on 16x24x16\)",
    ),
    Explodes: ("maps the declared shapes", "not finite"),
    Dead: ("trains", r"no gradient reaches scale \("),
    Cut: ("trains", r"no gradient reaches the input \("),
    Cheap: ("declares its multiply-adds", "says 1,536 of conv where 13,824 run"),
    Misnamed: ("declares its multiply-adds", 'unknown kind "convs"; did you mean "conv"'),
    Plain: ("declares its multiply-adds", "no Cost but dict"),
    Silent: ("declares its multiply-adds", "has no multiply_adds"),
    Unshared: ("initial weights follow from parameter names", "scale is not drawn in place"),
    Here: ("builds on cpu and meta", "mask is not on meta"),
    Random: ("is deterministic", "something else the second time"),
    Mixed: ("images do not affect each other", "depends on the others of its batch"),
    Forgetful: ("is restored by its state", "does not restore it"),
    Deaf: ("depends on its input", "the same for every image"),
    Mute: ("says what it is", "no docstring"),
    Narrow: ("builds on cpu and meta", "TypeError: .*unexpected keyword"),
}
SEVERAL = {Explodes, Cut, Mixed, Narrow, Random, Half}
"""Wrong in one way, which more than one check sees."""


def wrong(findings):
    return {finding.check: finding.message for finding in findings if not finding.ok}
