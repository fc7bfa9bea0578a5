"""Suggestions for misspelt names: "did you mean ...?"."""

from collections.abc import Iterable
from difflib import get_close_matches
from math import nan

MOST_NAMES = 24  # up to this number an error lists all names, else only the similar ones


SYNONYMS = {
    "acc": "top1",
    "acc1": "top1",
    "accuracy": "top1",
    "augmentation": "aa",
    "auto_augment": "aa",
    "betas": "opt_betas",
    "eps": "opt_eps",
    "flops": "macs",
    "gflops": "macs",
    "image_size": "img_size",
    "input_size": "img_size",
    "label_smoothing": "smoothing",
    "learning_rate": "lr",
    "lr_scheduler": "sched",
    "num_epochs": "epochs",
    "num_parameters": "params",
    "optimizer": "opt",
    "parameters": "params",
    "random_erasing": "reprob",
    "schedule": "sched",
    "scheduler": "sched",
    "seed": "seeds",
    "warmup": "warmup_epochs",
    "wd": "weight_decay",
}
"""Usual words for names of this package and of timm that do not look like them."""


def likely_name(name: str, names: Iterable[str]) -> str | None:
    """The existing name that a misspelt `name` probably stands for."""
    existing = [str(candidate) for candidate in names]
    # 0.001 is not similar to 1e-3, but the same number.
    number = _number(name)
    if number == number and (same := [text for text in existing if _number(text) == number]):
        return same[0]
    # Before similar names: "accuracy" is more like "balanced_accuracy" than like "top1".
    synonym = SYNONYMS.get(str(name).lower().replace("-", "_"))
    if synonym in existing:
        return synonym
    near = get_close_matches(str(name), existing, n=1, cutoff=0.6)
    # "sra" is not similar to "linear_sra", but if one name alone contains it, that one is meant.
    parts = [candidate for candidate in existing if str(name).lower() in candidate.lower()]
    return near[0] if near else parts[0] if name and len(parts) == 1 else None


def _number(text: str) -> float:
    """The number that a text writes; NaN, which equals nothing, for any other text."""
    try:
        return float(str(text))
    except ValueError:
        return nan


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """The message for a name that does not exist: the names that do, and the likeliest one."""
    existing = sorted(str(candidate) for candidate in names)
    near = likely_name(name, existing)
    hint = f'; did you mean "{near}"?' if near else ""
    if not existing:
        return f'unknown {kind} "{name}" (there is none)'
    if len(existing) > MOST_NAMES:
        similar = ", ".join(get_close_matches(name, existing, n=6, cutoff=0.4))
        among = f", among them {similar}" if similar else ""
        return f'unknown {kind} "{name}"{hint} ({len(existing)} known{among})'
    return f'unknown {kind} "{name}"{hint} (known: {", ".join(existing)})'
