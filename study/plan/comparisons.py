"""The comparisons that a study declares in advance: in its contrasts, and in its claims."""

from study.plan.plan import Plan
from study.spec.arm_names import owners
from study.spec.claims import Claim, parse
from study.stats import Contrast
from study.tasks.arms import PlannedArm

TESTED = ("better", "worse", "less", "more")
"""Words of claims that compare two arms.

The others state a level, a rank, or that two arms are close, which a test of "no difference" does
not address.
"""


def contrasts(plan: Plan) -> list[Contrast]:
    """The comparisons of quality that the study declared in advance.

    Its `contrasts`, in its first quality column, and its claims that one arm is ahead of another.
    A study that adds seeds until they are decided, and declares none, compares every arm with the
    baseline.
    """
    arms, quality = digests(plan), plan.tested
    pairs = [Contrast(arms[first], arms[second], quality) for first, second in plan.study.contrasts]
    every = distinct([*pairs, *compared(plan)])
    if plan.study.sequential and not every:
        base = plan.baseline.digest
        every = [Contrast(arm.digest, base, quality) for arm in plan.arms[1:]]
    # Without seeds nothing is trained, and there is no quality to test.
    return every if plan.study.seeds else []


def compared(plan: Plan) -> list[Contrast]:
    """The pairs of arms of the claims that one arm is ahead of another in a quality."""
    arms = digests(plan)
    return [
        Contrast(arms[claim.arm], arms[claim.other], claim.metric)
        for claim in (study_claims(plan) if plan.study.seeds else ())
        if is_contrast(plan, claim)
    ]


def is_contrast(plan: Plan, claim: Claim) -> bool:
    """True for a claim that one arm is ahead of another in a quality."""
    return bool(set(claim.form.split()) & {*TESTED}) and (
        plan.catalogue[claim.metric].kind == "quality"
    )


def distinct(pairs: list[Contrast]) -> list[Contrast]:
    """Each pair once, as it first appears; (a, b) and (b, a) are the same pair."""
    # A paired two-sided test gives (a, b) and (b, a) the same p, so they are one test.
    first = {(frozenset(pair[:2]), pair.metric): pair for pair in reversed(pairs)}
    return list(reversed(first.values()))


def named_arms(plan: Plan) -> dict[str, PlannedArm]:
    """Arms by every label that belongs to one arm only; a baseline has one label per factor.

    An arm without a label of its own is listed by the paths in which it departs from the baseline,
    because ranks count all arms.
    """
    numbers = owners(plan.study, [arm.arm for arm in plan.arms])
    return {name: plan.arms[number] for name, number in numbers.items()}


def digests(plan: Plan) -> dict[str, str]:
    """The digests of the arms by the names of `named_arms`."""
    return {label: arm.digest for label, arm in named_arms(plan).items()}


def study_claims(plan: Plan) -> list[Claim]:
    arms = digests(plan)
    return [parse(text, arms, plan.catalogue) for text in plan.study.claims]


def other_tests(plan: Plan) -> int:
    """The most tests that the family of the study may have beside its contrasts.

    A claim about a speed is one only if a session measures ratios, which is not known yet.
    """
    # Costs are exact, so a claim about them is no test.
    kinds = [plan.catalogue[claim.metric].kind for claim in study_claims(plan)]
    return len(kinds) - kinds.count("cost") - len(distinct(compared(plan)))
