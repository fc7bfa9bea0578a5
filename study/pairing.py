"""Between which arms pairing by seed does not hold, and in what."""

from collections.abc import Iterator

from study.arms import Arms, Resolved, called
from study.names import owners
from study.schema import unshared
from study.spec import Study


def notes(study: Study, every: Arms) -> Iterator[str]:
    """One sentence for each draw that arms do not share with the baseline, or with a contrast's."""
    rows = dict[tuple[str, str], list[str]]()
    names = called(study, every)
    for first, second in _pairs(study, every.resolved) if study.seeds else ():
        trained = [(one.arm.config.data, one.arm.config.recipe) for one in (first, second)]
        if all(recipe.epochs for _, recipe in trained):
            for what in unshared(trained[0], trained[1]):
                rows.setdefault((names[first.digest], what), []).append(names[second.digest])
    for (label, what), labels in rows.items():
        yield f"not paired with {label} in {what}: {', '.join(labels)}"


def _pairs(study: Study, found: list[Resolved]) -> Iterator[tuple[Resolved, Resolved]]:
    """The arms whose differences are taken: each and the baseline, and those of contrasts."""
    yield from ((found[0], one) for one in found[1:])
    numbers = owners(study, [one.arm.choices for one in found])
    named = {name: found[number] for name, number in numbers.items()}
    for labels in study.contrasts:
        pair = [named[label] for label in labels if label in named]
        if len(pair) == 2 and found[0] not in pair:
            yield pair[0], pair[1]
