"""The direction of a metric that nobody has given one, by the words in its name."""

import re

LOSSES = (
    *("bpb", "bpc", "cer", "ece", "entropy", "err", "error", "fid", "fpr", "loss", "mae", "mse"),
    *("nll", "perplexity", "ppl", "regret", "rmse", "wer"),
)
"""Words of qualities of which lower values are better."""
EXPENSES = ("cost", "energy", "hours", "latency", "memory", "runtime", "seconds", "time")
"""Words of what a run takes, of which less is better."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""A word of a name: `cross_entropy` has two, and so has MSELoss; loss1 has one."""


def lower_is_better(name: str) -> bool:
    """True if lower values of a metric are better, as far as its name tells."""
    return any(word.lower() in (*LOSSES, *EXPENSES) for word in WORD.findall(name))
