"""Folders of class folders, each real file of them once."""

import os
from collections import deque
from pathlib import Path

from study.data.listing import Listing, Rules, ordered
from study.data.walk import Walk, identity


def listing(place: Path, how: Rules) -> Listing:
    walk = walked(place, how)
    return Listing(walk.summary(), ordered(walk.read()))


def walked(place: Path, how: Rules) -> Walk:
    """Real files and folders first, then what links lead to, so that a link never takes the place
    of what it leads to. A link to a folder above the split is not followed."""
    walk = Walk(str(place), how)
    walk.above |= {identity(os.stat(folder)) for folder in place.resolve().parents}
    links = deque(sorted(walk.below("")))
    while links:
        links += sorted(walk.follow(links.popleft()))
    return walk
