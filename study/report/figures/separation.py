"""Labels beside each other's lines, moved apart until none is over another."""

from collections.abc import Sequence
from itertools import pairwise


def separated(
    heights: Sequence[float], sizes: Sequence[float], within: tuple[float, float] | None = None
) -> list[float]:
    """The middles of labels near the `heights` of their lines, for labels of these `sizes`.

    Neighbours that overlap push each other apart by equal parts until none does, or 200 times. The
    labels stay `within` two ends if they fit between them.
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    places = list(heights)
    for _ in range(200):
        moved = False
        for below, above in pairwise(order):
            lack = (sizes[below] + sizes[above]) / 2 - (places[above] - places[below])
            if lack > 1e-6:
                places[below], places[above] = places[below] - lack / 2, places[above] + lack / 2
                moved = True
        if within and sum(sizes) < within[1] - within[0]:
            places = [min(max(place, within[0]), within[1]) for place in places]
        if not moved:
            break
    return places
