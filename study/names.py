"""Names of arms: labels that one arm has alone, and what tells arms of one label apart."""

from collections import Counter
from collections.abc import Sequence

from study.spec import Study


def qualified(study: Study, choices: Sequence[int]) -> str:
    """An arm's label with the paths of the factors it departs in."""
    paths = (factor.path for factor, level in zip(study.factors, choices, strict=True) if level)
    return f"{study.label(choices)} ({', '.join(paths)})"


def owners(study: Study, every: Sequence[Sequence[int]]) -> dict[str, int]:
    """The number of the arm that each name belongs to; a name of several arms is left out."""
    return {name: n for n, several in enumerate(own_names(study, every)) for name in several}


def own_names(study: Study, every: Sequence[Sequence[int]]) -> list[list[str]]:
    """What each of the arms is called and no other is; its qualified label if there is nothing."""
    labels = [list(dict.fromkeys(study.labels(choices))) for choices in every]
    counts = Counter(label for several in labels for label in several)
    own = ([label for label in several if counts[label] == 1] for several in labels)
    return [some or [qualified(study, c)] for some, c in zip(own, every, strict=True)]
