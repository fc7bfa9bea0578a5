"""Names of arms that are unique within a study, although labels may repeat."""

from collections import Counter
from collections.abc import Iterable, Sequence

from study.spec.study import Study


def qualified(study: Study, choices: Sequence[int]) -> str:
    """An arm's label with the paths of the factors that differ from the baseline."""
    paths = (factor.path for factor, level in zip(study.factors, choices, strict=True) if level)
    return f"{study.label(choices)} ({', '.join(paths)})"


def effect_name(study: Study, term: Iterable[tuple[int, int]]) -> str:
    """The name of a main effect or an interaction: its levels, given as (factor, level)."""
    labels = Counter(level.label for factor in study.factors for level in factor.levels[1:])
    names = []
    for factor, level in term:
        label, path = study.factors[factor].levels[level].label, study.factors[factor].path
        names.append(label if labels[label] == 1 else f"{label} ({path})")
    return " × ".join(names)


def owners(study: Study, every: Sequence[Sequence[int]]) -> dict[str, int]:
    """The index of the arm that a name belongs to; names of several arms are left out."""
    return {name: n for n, several in enumerate(own_names(study, every)) for name in several}


def own_names(study: Study, every: Sequence[Sequence[int]]) -> list[list[str]]:
    """For each arm, the names that no other arm has, or else its qualified label."""
    labels = [list(dict.fromkeys(study.labels(choices))) for choices in every]
    counts = Counter(label for of_arm in labels for label in of_arm)
    unique = ([label for label in of_arm if counts[label] == 1] for of_arm in labels)
    return [own or [qualified(study, c)] for own, c in zip(unique, every, strict=True)]
