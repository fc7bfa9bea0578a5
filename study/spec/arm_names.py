"""Names of arms that are unique within a study, although labels may repeat."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from study.spec.study import MATCHED, Arm, Study


def qualified(study: Study, arm: Arm) -> str:
    """An arm's label with the paths of the factors that differ from the baseline."""
    paths = (study.factors[factor].path for factor in arm.changed_factors)
    return f"{study.arm_label(arm)} ({', '.join(paths)})"


CROSSING = {"factorial", "fractional", "pairwise"}
"""Designs whose arms each choose a level of every factor."""
NAMED = 4  # factors whose levels the rows of such a design name; more make a line too long
SPELLED = 3  # factors of such a design whose levels a sentence names, changed or not
THE_BASELINE = "the baseline"
UNCLEAR = {"none", "on", "off", "yes", "no", "true", "false", "default"}
"""Labels that say nothing away from the heading of their factor."""


def in_prose(study: Study, arm: Arm) -> str:
    """An arm's label for a sentence: with the title of a factor whose level says too little.

    A table has the factor in its heading; "0.1 is better than 0" needs "Drop path 0.1".
    """
    changed = arm.changed_factors
    if not changed:
        return _baseline_in_prose(study)
    if CROSSING & study.designs.keys() and len(study.factors) <= SPELLED:
        # As in the table: "B 1" alone would read as the main effect of B.
        parts = ", ".join(_level_in_prose(study, f, n) for f, n in enumerate(arm.choices))
    else:
        parts = " + ".join(_level_in_prose(study, f, arm.choices[f]) for f in changed)
    return f"{parts} {MATCHED}" if arm.is_twin else parts


def _baseline_in_prose(study: Study) -> str:
    if len(study.factors) == 1:
        return _level_in_prose(study, 0, 0)
    return study.baseline_name or THE_BASELINE


def _level_in_prose(study: Study, factor: int, level: int) -> str:
    own = study.factors[factor]
    label = own.levels[level].label
    same = sum(label == other.label for f in study.factors for other in f.levels)
    clear = same == 1 and label.lower() not in UNCLEAR and re.search(r"[^\W\d_]{2}", label)
    return label if clear else f"{own.title} {label}"


def all_levels(study: Study, arm: Arm) -> str:
    """The labels of all levels of an arm, in the order of the factors: "ours, cifar100"."""
    pairs = zip(study.factors, arm.choices, strict=True)
    labels = [factor.levels[choice].label for factor, choice in pairs]
    # A label with a comma would read as two.
    text = ("; " if any("," in label for label in labels) else ", ").join(labels)
    return f"{text} {MATCHED}" if arm.is_twin else text


def is_crossed(study: Study) -> bool:
    """True if every arm chooses a level of every factor, and tables name all of them."""
    crossing = bool(study.designs) and study.designs.keys() <= CROSSING
    return crossing and 1 < len(study.factors) <= NAMED


def printed(study: Study, arm: Arm) -> str:
    """The name of an arm in print, which is that of its row in the main table."""
    return all_levels(study, arm) if is_crossed(study) else study.arm_label(arm)


def effect_name(study: Study, term: Iterable[tuple[int, int]], *, path: bool = False) -> str:
    """The name of a main effect or an interaction: its levels, given as (factor, level).

    A label of several factors has the title of its own behind it; with `path`, its path, which
    does not change with the words of the file.
    """
    labels = Counter(level.label for factor in study.factors for level in factor.levels[1:])
    names = []
    for index, level in term:
        factor = study.factors[index]
        label, owner = factor.levels[level].label, factor.path if path else factor.title
        names.append(label if labels[label] == 1 else f"{label} ({owner})")
    return " × ".join(names)


def sum_name(
    study: Study, aliased: Iterable[tuple[Iterable[tuple[int, int]], float]], *, path: bool = False
) -> str:
    """The name of a sum of aliased effects, given with their weights: "A − ½ B × C"."""
    text = ""
    for term, weight in aliased:
        sign = f" {'−' if weight < 0 else '+'} " * bool(text)
        text += f"{sign}{'½ ' * (abs(weight) < 1)}{effect_name(study, term, path=path)}"
    return text


def owners(study: Study, every: Sequence[Arm]) -> dict[str, int]:
    """The index of the arm that a name belongs to; names of several arms are left out.

    The names in print are there too, after all names of the file, which go before them.
    """
    own = {name: n for n, several in enumerate(own_names(study, every)) for name in several}
    words = [{printed(study, arm), in_prose(study, arm)} for arm in every]
    counts = Counter(name for of_arm in words for name in of_arm)
    # Of several factors the baseline has no name in sentences.
    labels = {THE_BASELINE, *(label for arm in every for label in study.arm_labels(arm))}
    more = {
        name: n
        for n, of_arm in enumerate(words)
        for name in sorted(of_arm)
        if counts[name] == 1 and name not in labels
    }
    return {**own, **{name: n for name, n in more.items() if name not in own}}


def own_names(study: Study, every: Sequence[Arm]) -> list[list[str]]:
    """For each arm, the names that no other arm has, or else its qualified label."""
    labels = [list(dict.fromkeys(study.arm_labels(arm))) for arm in every]
    counts = Counter(label for of_arm in labels for label in of_arm)
    unique = ([label for label in of_arm if counts[label] == 1] for of_arm in labels)
    return [own or [qualified(study, arm)] for own, arm in zip(unique, every, strict=True)]
