"""The factor of a search: its levels are the candidates that were chosen, as if a file had them."""

from collections.abc import Mapping
from dataclasses import replace

from study.spec.configurations import Configurations
from study.spec.places import FactorTree
from study.spec.reader import ReadStudy
from study.spec.tuning import Values
from study.spec.yaml import placed

BASELINE = "baseline"
"""The label of the first level, which changes nothing."""


def with_factor(file: ReadStudy, part: str, levels: Mapping[str, Values]) -> ReadStudy:
    """The study with a factor that varies keys of a part of the baseline, one arm per level.

    `levels` have values by path, by label.
    """
    study, configurations = file.complete()
    place = configurations.places.value("search", "space")
    trees = {
        label: placed({path.partition(".")[2]: value for path, value in values.items()}, place)
        for label, values in {BASELINE: {}, **levels}.items()
    }
    # A factor of a part, since a candidate differs in several keys of it.
    factor = FactorTree(part, trees)
    places = replace(configurations.places, factors=(factor,))
    chosen = Configurations(configurations.task, places, configurations.plugins)
    arms = tuple(chosen.arm([level]) for level in range(len(trees)))
    return replace(
        file, study=replace(study, factors=(factor.factor,), arms=arms), configurations=chosen
    )
