"""The factor of a search: its levels are the candidates that were chosen, as if a file had them."""

from collections.abc import Mapping
from dataclasses import replace

from study.spec.configurations import Configurations
from study.spec.places import FactorTree, keys_of
from study.spec.problems import Location
from study.spec.reader import ReadStudy
from study.spec.study import BASELINE
from study.spec.tuning import Values
from study.spec.yaml import Tree, inserted, placed


def with_factor(file: ReadStudy, part: str, levels: Mapping[str, Values]) -> ReadStudy:
    """The study with a factor that varies keys of a part of the baseline, one arm per level.

    `levels` have values by path, by label.
    """
    study, configurations = file.complete()
    place, base = configurations.places.value("search", "space"), configurations.places.baseline
    trees = {
        label: _level(base[part], values, place)
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


def _level(base: Tree, values: Values, place: Location) -> Tree:
    """A level as a mapping of keys of its part, each whole: a level replaces what is below them."""
    tree = Tree({}, place)
    for path, value in values.items():
        keys = keys_of(path)
        if len(keys) > 1 and keys[0] in base.keys and keys[0] not in tree.keys:
            tree = inserted(tree, keys[:1], base.value[keys[0]])
        tree = inserted(tree, keys, placed(value, place))
    return tree
