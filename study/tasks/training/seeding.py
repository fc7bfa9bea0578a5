"""Seeds of random generators, derived from keys alone."""

import numpy as np


def fold(*keys: int) -> int:
    """One 63-bit seed from several keys; their number counts, too."""
    # The length goes in because SeedSequence pads with zeros: [1] and [1, 0] would be one seed.
    words = np.random.SeedSequence([len(keys), *keys]).generate_state(1, np.uint64)
    return int(words[0] >> 1)
