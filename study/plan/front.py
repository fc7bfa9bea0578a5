"""The front of a search as the arms of its study."""

from collections.abc import Callable
from dataclasses import replace

from study.spec.chosen_factor import with_factor
from study.spec.reader import ReadStudy
from study.spec.searching import changed
from study.tasks.arms import ResolvedArms
from study.tune.search import Search


def as_levels(
    file: ReadStudy,
    search: Search,
    every: ResolvedArms,
    resolve: Callable[[ReadStudy], ResolvedArms],
) -> tuple[ReadStudy, ResolvedArms]:
    """The study whose factor has the chosen candidates as levels, and its arms.

    Where nothing is chosen, those that the file has. A candidate with a problem that only the audit
    of an arm can find is left out, with a note.
    """
    part = search.rules.part
    levels = {label: changed(p.values, search.file_values) for label, p in search.chosen.items()}
    if not levels:
        return file, every
    # Audited like any other arm of a file: counters, dead switches, gradients.
    whole = with_factor(file, part, levels)
    every = resolve(whole)
    if not every.problems:
        return whole, every
    # One by one, since a problem does not say whose it is.
    alone = {label: resolve(with_factor(file, part, {label: v})) for label, v in levels.items()}
    fit = {label: values for label, values in levels.items() if not alone[label].problems}
    whole = with_factor(file, part, fit) if fit else file
    every = resolve(whole)
    notes = [
        f"{label} was on the front, and is left out: {arms.problems[0].message}"
        for label, arms in alone.items()
        if arms.problems
    ]
    return whole, replace(every, notes=[*every.notes, *notes])
