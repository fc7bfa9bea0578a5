"""Augmentation policies are those that timm can read."""

import pytest
from timm.data import create_transform

from study.tasks.classification.schema.policies import FRACTIONS, SECTIONS, SETS, policy_mistake

WRITTEN = [
    *("rand-m9-mstd0.5-inc1", "rand-m9-n3-p0.3-mmax12", "augmix-m5-w4-d2-a0.5-b1", "v0-mstd0.5"),
    *SECTIONS,
    *(f"rand-m9-{name}" for name in SETS),
    *(f"{name}-{key}1" for name, keys in SECTIONS.items() for key in keys),
    *(f"{name}-{key}0.5" for name, keys in SECTIONS.items() for key in sorted(FRACTIONS & {*keys})),
]


@pytest.mark.parametrize("policy", WRITTEN)
def test_a_policy_that_is_right_is_read_by_timm(policy):
    assert policy_mistake(policy) == ""
    create_transform((3, 32, 32), is_training=True, auto_augment=policy)


@pytest.mark.parametrize("policy", ["rnd-m9", "rand-x9", "augmix-n3", "v0-m9", "rand-m9.5", "V0"])
def test_a_policy_that_timm_refuses_is_refused_before_anything_runs(policy):
    assert policy_mistake(policy)
    with pytest.raises((AssertionError, ValueError)):
        create_transform((3, 32, 32), is_training=True, auto_augment=policy)


@pytest.mark.parametrize("policy", ["rand-m", "rand-m9-tother", "rand-m9-", "augmix-mstd"])
def test_a_section_that_timm_would_ignore_is_refused(policy):
    create_transform((3, 32, 32), is_training=True, auto_augment=policy)
    assert "is no section of" in policy_mistake(policy)
