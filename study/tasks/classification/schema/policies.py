"""Augmentation policies of timm, checked as text: timm would refuse them when a trial has begun."""

import re

from study.errors import unknown

RANDOM, MIXED = ("m", "n", "p", "mstd", "mmax", "inc"), ("m", "w", "d", "a", "b", "mstd")
SETS = ("tweights", "t3a", "t3aw")
"""Sets of transforms of RandAugment; timm takes any other name for its usual set."""
SECTIONS = {
    "rand": RANDOM,
    "augmix": MIXED,
    **dict.fromkeys(("original", "originalr", "v0", "v0r", "3a"), ("mstd",)),
}
"""The sections that may follow a policy, each with a number, as in rand-m9-mstd0.5."""
FRACTIONS = {"p", "mstd", "a"}  # timm reads all others as whole numbers


def policy_mistake(policy: str) -> str:
    """The reason why timm knows no such policy, or ""."""
    # As timm splits it; case counts there too.
    name, *sections = policy.split("-")
    if name not in SECTIONS:
        return unknown("policy", name, SECTIONS)
    for section in sections:
        if name == "rand" and section in SETS:
            continue
        parts = re.fullmatch(r"([a-z]+)(\d+)(\.\d+)?", section)
        if not parts or parts[1] not in SECTIONS[name] or (parts[3] and parts[1] not in FRACTIONS):
            keys = ", ".join(SECTIONS[name])
            return f'"{section}" is no section of {name}: it is one of {keys} with a number'
    return ""
