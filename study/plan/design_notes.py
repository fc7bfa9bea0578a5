"""Notes of a plan on its designs: how many of all combinations they have, and what is aliased."""

from collections.abc import Iterator
from math import prod

from study import stats
from study.spec.arm_names import sum_name
from study.spec.designs import DESIGNS, arms_of
from study.spec.study import Study
from study.stats.fractional_effects import AliasClass

RESOLUTIONS = {
    3: "III: main effects are aliased with interactions of two factors",
    4: "IV: no main effect is aliased with an interaction of two factors, some of these are with "
    "each other",
    5: "V or more: no main effect and no interaction of two factors is aliased with another",
}

SEVERAL = "a row that differs in several factors shows the effect of none of them alone"


def design_notes(study: Study) -> Iterator[str]:
    """Notes on designs that leave out combinations on purpose; none if the study has them all."""
    whole = prod(len(factor.levels) for factor in study.factors)
    if len(study.arms) == whole:
        return
    for design in filter(DESIGNS.__contains__, study.designs):
        arms = arms_of(study, design)
        share = f"{design}: {len(arms)} of {whole} combinations"
        if stats.is_fraction(arms):
            yield f"{share}, resolution {RESOLUTIONS[stats.resolution(arms)]}"
            yield from _aliases(study, stats.alias_classes(arms))
        elif design == "pairwise":
            yield (
                f"{share}, with every pair of levels of every two factors; {SEVERAL}, and neither "
                "main effects nor interactions are estimated"
            )


def _aliases(study: Study, classes: list[AliasClass]) -> Iterator[str]:
    # As the rows of the table of factors are named.
    aliased = [sum_name(study, own) for own in classes if own[1:]]
    if aliased:
        yield f"aliased, so that only these sums are estimated: {'; '.join(aliased)}"
    yield (f"interactions of three or more factors are taken to be zero; {SEVERAL}")
