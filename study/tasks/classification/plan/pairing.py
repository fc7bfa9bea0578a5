"""Random draws in which arms are not paired by seed, so that they add noise to a difference."""

from collections.abc import Iterator

from study.spec.arm_names import owners
from study.spec.study import Study
from study.tasks.classification.plan.arms import Arms, ResolvedModel
from study.tasks.classification.schema import unshared


def notes(every: Arms) -> Iterator[str]:
    """A note for each random draw that compared arms do not share."""
    rows = dict[tuple[str, str], list[str]]()
    study, names = every.study, every.unique_names
    for first, second in _pairs(study, every.resolved) if study.seeds else ():
        trained = [(entry.settings.data, entry.settings.recipe) for entry in (first, second)]
        if all(recipe.epochs for _, recipe in trained):
            for what in unshared(trained[0], trained[1]):
                rows.setdefault((names[first.digest], what), []).append(names[second.digest])
    for (label, what), labels in rows.items():
        yield f"not paired with {label} in {what}: {', '.join(labels)}"


def _pairs(
    study: Study, entries: list[ResolvedModel]
) -> Iterator[tuple[ResolvedModel, ResolvedModel]]:
    """The compared pairs of arms: each arm and the baseline, and the arms of contrasts."""
    yield from ((entries[0], entry) for entry in entries[1:])
    numbers = owners(study, [entry.arm for entry in entries])
    named = {name: entries[number] for name, number in numbers.items()}
    for labels in study.contrasts:
        pair = [named[label] for label in labels if label in named]
        if len(pair) == 2 and entries[0] not in pair:
            yield pair[0], pair[1]
