"""Random samples of anchors and regions that depend on the image alone, not on its process."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler


class SeededSampler(BalancedPositiveNegativeSampler):  # type: ignore[misc]
    """torchvision's sampler, with a seed for every image.

    `seeds` are those of the next batch, one per image; without them draws are torch's own. After a
    call, `sampled` and `positive` are the numbers of elements that were taken from its images.
    """

    def __init__(self, batch_size_per_image: int, positive_fraction: float) -> None:
        super().__init__(batch_size_per_image, positive_fraction)
        self.seeds: Sequence[int] = ()
        self.sampled = self.positive = 0

    def __call__(self, matched_idxs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        seeds = self.seeds or torch.randint(2**62, (len(matched_idxs),)).tolist()
        both = [self._image(x, seed) for x, seed in zip(matched_idxs, seeds, strict=True)]
        positives, negatives = [p for p, _ in both], [n for _, n in both]
        self.positive = sum(int(p.sum()) for p in positives)
        self.sampled = self.positive + sum(int(n.sum()) for n in negatives)
        return positives, negatives

    def _image(self, matched: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """The masks of the positive and the negative elements that are taken, (N,) each."""
        # On the CPU, whose generator gives the same numbers on every machine.
        generator = torch.Generator().manual_seed(seed)
        positive, negative = torch.where(matched >= 1)[0], torch.where(matched == 0)[0]
        most = int(self.batch_size_per_image * self.positive_fraction)
        # Where positives are few, negatives fill the sample, as in torchvision.
        count = min(len(positive), most)
        taken = [
            _some(positive, count, generator),
            _some(negative, min(len(negative), self.batch_size_per_image - count), generator),
        ]
        masks = [torch.zeros_like(matched, dtype=torch.bool) for _ in taken]
        for mask, indices in zip(masks, taken, strict=True):
            mask[indices] = True
        return masks[0], masks[1]


def _some(indices: Tensor, count: int, generator: torch.Generator) -> Tensor:
    order = torch.randperm(len(indices), generator=generator)[:count]
    return indices[order.to(indices.device)]
