"""List the files of a split that is a folder of class folders, each real file once."""

import os
from collections import deque
from pathlib import Path

from study.tasks.classification.data.image_files import Listing, Rules, ordered
from study.tasks.classification.data.scan import SplitScan, identity


def listing(place: Path, how: Rules) -> Listing:
    walk = walked(place, how)
    return Listing(walk.summary(), ordered(walk.read()))


def walked(place: Path, how: Rules) -> SplitScan:
    """Scan real files and folders first, then links, so that a link never replaces its target.

    A link to a folder above the split is not followed.
    """
    walk = SplitScan(str(place), how)
    walk.above |= {identity(os.stat(folder)) for folder in place.resolve().parents}
    # Sorted, so that of two links to one file the same is read on every file system.
    links = deque(sorted(walk.below("")))
    while links:
        links += sorted(walk.follow(links.popleft()))
    return walk
