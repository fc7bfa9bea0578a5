"""Stochastic depth: the drop path rate of every block."""

from collections.abc import Sequence


def rising(rate: float, depths: Sequence[int]) -> list[list[float]]:
    """Drop path rate of every block, by stage: rising linearly from 0 to `rate` over all blocks."""
    # Plain Python: the released code reads the rates from a tensor, which fails on meta.
    step = rate / max(1, sum(depths) - 1)  # max, since a single block has no step
    starts = [sum(depths[:i]) for i in range(len(depths))]
    return [
        [step * (start + j) for j in range(depth)]
        for start, depth in zip(starts, depths, strict=True)
    ]
