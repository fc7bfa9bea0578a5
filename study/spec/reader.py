"""A study file read into a Study, together with all mistakes in it.

`study_text` returns the problems and raises none, so that later checks (the task builds the arms)
add to the same list and the user sees all mistakes at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from study.errors import SpecError, unknown
from study.spec.assembly import assembled
from study.spec.configurations import Configurations
from study.spec.designs import designed
from study.spec.designs.options import chosen_designs
from study.spec.designs.two_levels import UnfitFactorsError
from study.spec.factors import factors_of
from study.spec.labels import boolean_words, with_labels
from study.spec.measured_checks import measured_problems
from study.spec.other_task import missing_task, parts_at_the_top
from study.spec.overrides import overlaid, with_setting
from study.spec.own_metrics import own_catalogue
from study.spec.places import Places
from study.spec.plugins import Plugin
from study.spec.problems import Problem, report
from study.spec.schema import StudyFile, salvaged, validated
from study.spec.search_checks import search_of
from study.spec.study import Arm, Study
from study.spec.task import TaskSchema
from study.spec.texts import with_texts
from study.spec.titles import title_problems
from study.spec.tuning_checks import space_problems, tuning_of
from study.spec.variables import expand
from study.spec.vocabulary import Vocabulary, undefined_names
from study.spec.yaml import Tree, expanded, read


@dataclass(frozen=True)
class ReadStudy:
    """A study file after reading."""

    study: Study | None
    """None where too little of the baseline is there, or the task is unknown."""
    problems: list[Problem]
    """All mistakes that show before a model is built."""
    configurations: Configurations | None = None
    """The arms of any levels, with the positions of their keys; None without a study."""

    def complete(self) -> tuple[Study, Configurations]:
        """The study and its configurations; raises SpecError with all problems without them."""
        if self.study is None or self.configurations is None:
            raise SpecError(report(self.problems))
        return self.study, self.configurations

    @property
    def places(self) -> Places:
        """The positions of a file that holds a study."""
        if self.configurations is None:
            raise ValueError("a file without a study has no positions")
        return self.configurations.places


def study_text(
    text: str,
    path: Path,
    *,
    vocabulary: Vocabulary,
    environment: Mapping[str, str],
    profile: str | None = None,
    settings: Sequence[str] = (),
    sources: Sequence[Plugin] = (),
    imports: Sequence[str] = (),
    is_file: bool = True,
) -> ReadStudy:
    """The study in a text, as far as it can be read, and all mistakes in it.

    Messages call it `path`, and so is the study; without `is_file` that is only a name.

    Raises:
        SpecError: the profile or the setting does not exist.
    """
    document, problems = _document(text, path)
    if document is None:
        return ReadStudy(None, problems)
    chosen, more = _with_profile(document, path, profile, vocabulary)
    problems += more
    task = vocabulary.tasks.get(_task_name(chosen))
    parts = task.parts if task else ()
    for setting in settings:
        chosen, more = with_setting(chosen, setting, parts)
        problems += more
    # Last, as a profile or a setting may replace a variable that is not set.
    problems += expand(chosen, dict(environment))
    read_study = _study(chosen, path, vocabulary, sources)
    study = read_study.study
    if study is not None:
        study = replace(
            study,
            profile=profile,
            settings=tuple(settings),
            imports=tuple(imports),
            is_file=is_file,
        )
    return replace(read_study, study=study, problems=[*problems, *read_study.problems])


def _with_profile(
    document: Tree, path: Path, profile: str | None, vocabulary: Vocabulary
) -> tuple[Tree, list[Problem]]:
    """The document with a profile's changes, and the mistakes in all its profiles."""
    profiles, problems = _profiles(document)
    if profile is not None and profile not in profiles:
        raise SpecError(unknown("profile", profile, profiles) + f" in {path}")
    for other, tree in profiles.items():
        if other != profile and isinstance(tree.value, dict):
            # Checked without its variables, which may be unset here.
            problems += _study(overlaid(document, tree), path, vocabulary).problems
    return overlaid(document, profiles[profile]) if profile else document, problems


def _document(text: str, path: Path) -> tuple[Tree | None, list[Problem]]:
    """The mapping of keys in a text, or None without one, and the mistakes in it as YAML."""
    document, problems = read(text, str(path))
    if problems and not document.value:
        return None, problems  # not YAML: errors about missing keys would only mislead
    if not isinstance(document.value, dict):
        problems.append(Problem("a study file is a mapping of keys", document.location))
        return None, problems
    return document, problems


def text_of(path: Path) -> str:
    """The text of a study file.

    Raises:
        SpecError: there is no such file, it is no text, or its name cannot be that of a study.
    """
    text = _text(path)
    refuse_name(path)
    return text


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")  # Windows editors begin a file with a BOM
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8; save it as UTF-8"
        raise SpecError(f"{path} is not a text file: {message}") from None
    except (OSError, ValueError):
        folder = path.parent if path.parent.is_dir() else Path("ablations")
        existing = [str(file) for file in sorted(folder.glob("*.yaml"))]
        raise SpecError(unknown("study file", str(path), existing)) from None


def refuse_name(path: Path) -> None:
    """Refuse a file whose name would make the reports of its study hidden or nameless."""
    if path.stem.startswith(".") or not any(map(str.isalnum, path.stem)):
        raise SpecError(
            f'"{path}" cannot name a study: a study has the name of its file, which must not begin '
            "with a dot and must contain a letter or a digit; rename the file"
        )


def _profiles(document: Tree) -> tuple[dict[str, Tree], list[Problem]]:
    """The profiles of a document by name, which are removed from it, and their mistakes."""
    profiles = document.value.pop("profiles", None)
    trees = profiles.value if profiles and isinstance(profiles.value, dict) else {}
    if profiles and not trees:
        return {}, [Problem("profiles: a mapping of names", profiles.location)]
    message = "a profile is a mapping of what it changes"
    mistakes = list[Problem]()
    for tree in trees.values():
        if not isinstance(tree.value, dict):
            mistakes.append(Problem(message, tree.location))
        elif "profiles" in tree.value:
            mistakes.append(Problem("a profile cannot hold profiles", tree.key(["profiles"])))
            tree.value.pop("profiles")  # else it would be taken for a key of the study
    return trees, mistakes


def _study(
    document: Tree, path: Path, vocabulary: Vocabulary, sources: Sequence[Plugin] = ()
) -> ReadStudy:
    """The study that a document says, without its profile, and its mistakes."""
    document, unlabelled = with_labels(with_texts(document))
    name = _task_name(document)
    task = vocabulary.tasks.get(name)
    file, problems = _file(document, task)
    problems += [*unlabelled, *boolean_words(document)]
    if task is None:
        unknown_task = unknown("task", name, vocabulary.tasks)
        return ReadStudy(
            None, [*problems, Problem(unknown_task, document.at(["task"]).location, OWN_TASK)]
        )
    if left_out := missing_task(document, vocabulary.tasks):
        # Alone: the keys and columns of another task would all be reported as unknown.
        return ReadStudy(None, [*problems, left_out])
    parts = _parts(document, task)
    if "baseline" in document.value:
        problems += validated(task.baseline, document.at(["baseline"]), "baseline.")[1]
    if not task.complete(parts):
        return ReadStudy(None, problems)
    absent, valid = Tree({}, document.location), file or salvaged(document)
    factors, more = factors_of(document.value.get("factors", absent), task)
    tree = document.value.get("metrics", absent)
    catalogue, wrong = own_catalogue(task, valid, task.catalogue_of(parts), tree=tree)
    designs, unfit = chosen_designs(document.value.get("design"), vocabulary.designs)
    problems += more + wrong + unfit + undefined_names(document, catalogue)
    problems += measured_problems(valid, document)
    problems += title_problems(document.value.get("titles", absent), [f.path for f in factors])
    places = Places(document, {part: parts.get(part, absent) for part in task.parts}, factors)
    configurations = Configurations(task, places, tuple(sources))
    study = replace(assembled(path, valid, configurations), catalogue=catalogue, designs=designs)
    tune, more = tuning_of(valid, study, document, task)
    search, wrong = search_of(valid, study, document, task)
    study, problems = replace(study, tune=tune, search=search), [*problems, *more, *wrong]
    arms, more = _arms(study, configurations)
    problems += more
    problems += space_problems(study, configurations, problems)
    return ReadStudy(replace(study, arms=arms), problems, configurations)


def _file(document: Tree, task: TaskSchema | None) -> tuple[StudyFile | None, list[Problem]]:
    """The keys of a document, and the mistakes in them that no task needs to see."""
    file, problems = validated(StudyFile, document)
    # With an unknown task the parts of a baseline are unknown too.
    return file, parts_at_the_top(problems, document, task.parts if task else ())


def _arms(study: Study, configurations: Configurations) -> tuple[tuple[Arm, ...], list[Problem]]:
    """The arms of all designs, and the problems of their configurations."""
    base, problems = (0,) * len(study.factors), list[Problem]()
    try:
        arms = tuple(map(configurations.arm, designed(study.designs, study.factors)))
    except UnfitFactorsError as error:
        places = configurations.places
        problems += [
            Problem(message, places.key("factors", path))
            for path, message in error.messages.items()
        ]
        arms = (configurations.arm(base),)
    except SpecError as error:  # a design that does not fit the factors
        problems.append(Problem(str(error), configurations.places.key("design")))
        arms = (configurations.arm(base),)
    # Each level once, in an arm of its own: enough to see the mistakes of every key.
    of_paths = set[Problem]()
    for index, factor in enumerate(study.factors):
        by_level = [
            configurations.problems((*base[:index], level, *base[index + 1 :]))
            for level in range(len(factor.levels))
        ]
        repeated = _of_every_level(by_level)
        of_paths |= repeated
        key = configurations.places.key("factors", factor.path)
        problems += [replace(p, location=key) for p in by_level[0] if p in repeated]
        problems += [problem for own in by_level for problem in own]
    problems += configurations.problems(base)
    return arms, [problem for problem in problems if problem not in of_paths]


def _of_every_level(by_level: Sequence[Sequence[Problem]]) -> set[Problem]:
    """Problems that each level has at its own place, in the same words: those of their path."""
    places = defaultdict[tuple[str, str], dict[int, Problem]](dict)
    for level, problems in enumerate(by_level):
        for problem in problems:
            places[problem.message, problem.hint][level] = problem
    return {
        problem
        for own in places.values()
        if len(own) == len({problem.location for problem in own.values()}) == len(by_level) > 1
        for problem in own.values()
    }


OWN_TASK = "a task of your own is added by --import PLUGIN"


def _task_name(document: Tree) -> str:
    """The name of a document's task, also of one that does not exist."""
    named = document.value.get("task")
    return str(named.value) if named else StudyFile.model_fields["task"].default


def _parts(document: Tree, task: TaskSchema) -> dict[str, Tree]:
    """The parts of the baseline that a document has, each expanded to a mapping in place."""
    baseline = document.value.get("baseline")
    parts: dict[str, Tree] = baseline.value if baseline and isinstance(baseline.value, dict) else {}
    for part in task.named:
        if part in parts:
            parts[part] = expanded(parts[part])
    return parts
