"""A study put together from its checked file."""

from pathlib import Path

from study.spec.configurations import Configurations
from study.spec.metric import FAST
from study.spec.published_numbers import published_numbers
from study.spec.schema import Measured, SequentialSeeds, StudyFile
from study.spec.study import BASELINE, Study
from study.spec.titles import titled
from study.spec.yaml import Tree
from study.text import normal


def assembled(path: Path, file: StudyFile, configurations: Configurations) -> Study:
    """The study of a checked file; single values become lists, and numbers of seeds seeds."""
    places = configurations.places
    titles = {normal(path): normal(title) for path, title in file.titles.items()}
    return Study(
        name=path.stem,
        path=path,
        profile=None,
        settings=(),
        question=file.question,
        task=file.task,
        source=file.source,
        baseline={part: _mapping(tree) for part, tree in places.baseline.items()},
        factors=titled([tree.factor for tree in places.factors], titles),
        baseline_title=titles.get(BASELINE, BASELINE),
        layout=file.layout,
        seeds=_seeds(file),
        sequential=file.seeds if isinstance(file.seeds, SequentialSeeds) else None,
        columns=_columns(file, configurations),
        timing=file.timing,
        expects=file.expects,
        published={
            label: published_numbers(row, file, places.document.at(["published", label]))
            for label, row in file.published.items()
        },
        margins=file.margins,
        claims=tuple(map(normal, file.claims)),
        text=places.document.location.text,
        plugins=configurations.plugins,
        aa=file.aa,
        match=file.match,
        measured=_measured(file),
        contrasts=tuple(
            (normal(c), "baseline") if isinstance(c, str) else (normal(c[0]), normal(c[1]))
            for c in file.contrasts
        ),
    )


def _columns(file: StudyFile, configurations: Configurations) -> tuple[str, ...]:
    """The columns of the file, with those of the fast path beside their own if both are timed."""
    task = configurations.task
    catalogue = task.catalogue_of(configurations.places.baseline)
    names = tuple(file.columns or ()) or _usual_columns(file, configurations)
    if file.timing.path != "both":
        return names
    both = [each for name in names for each in (name, f"{name}{FAST}")]
    return tuple(name for name in dict.fromkeys(both) if name in names or name in catalogue)


def _usual_columns(file: StudyFile, configurations: Configurations) -> tuple[str, ...]:
    """The metrics that the file declares, then those that the task prints."""
    # By the baseline, since images of several labels have other metrics.
    baseline = configurations.arm((0,) * len(configurations.places.factors))
    task = configurations.task
    known = task.catalogue_of(configurations.places.baseline)
    declares = task.declares_metrics or file.measured
    own = [name for name in file.metrics if name not in known and declares]
    return (*own, *task.columns_of(baseline.config))


def _measured(file: StudyFile) -> Measured | None:
    given = file.measured
    return Measured(file=given) if isinstance(given, str) else given


def _seeds(file: StudyFile) -> tuple[int, ...]:
    if file.measured and "seeds" not in file.model_fields_set:
        return ()  # those of the file of results, which the plan reads
    if isinstance(file.seeds, SequentialSeeds):
        return tuple(range(file.seeds.max))
    return tuple(range(file.seeds) if isinstance(file.seeds, int) else file.seeds)


def _mapping(tree: Tree) -> dict[str, object]:
    plain = tree.plain()
    return plain if isinstance(plain, dict) else {}
