"""A study file read into a Study, together with all mistakes in it.

`study_file` returns the problems and raises none, so that later checks (the plan builds the models)
add to the same list and the user sees all mistakes at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from study.errors import SpecError, likely_name, unknown
from study.spec.labels import boolean_words, unfit_labels, with_labels
from study.spec.plugins import Plugin
from study.spec.problems import Location, Problem
from study.spec.recipes import recipes
from study.spec.schema import Protocol, Published, StudyFile, Value, parted, salvaged, validated
from study.spec.study import PARTS, Factor, Level, PublishedNumber, Study
from study.spec.yaml import Tree, expand, expanded, merged, read
from study.text import normal


@dataclass(frozen=True)
class Vocabulary:
    """The names a study file may use that are defined elsewhere."""

    designs: Collection[str]
    metrics: Collection[str]


def study_file(
    path: Path,
    *,
    vocabulary: Vocabulary,
    environment: Mapping[str, str],
    profile: str | None = None,
    settings: Sequence[str] = (),
    sources: Sequence[Plugin] = (),
    imports: Sequence[str] = (),
) -> tuple[Study | None, list[Problem]]:
    """The study in `path`, as far as it can be read, and all mistakes in the file.

    Raises:
        SpecError: the file, the profile or the setting does not exist.
    """
    document, problems = read(_text(path), str(path))
    if path.stem.startswith(".") or not any(map(str.isalnum, path.stem)):
        raise SpecError(
            f'"{path}" cannot name a study: a study has the name of its file, which must not begin '
            "with a dot and must contain a letter or a digit; rename the file"
        )
    if problems and not document.value:
        return None, problems  # not YAML: errors about missing keys would only mislead
    if not isinstance(document.value, dict):
        problems.append(Problem("a study file is a mapping of keys", document.location))
        return None, problems
    profiles = document.value.pop("profiles", None)
    names = profiles.value if profiles and isinstance(profiles.value, dict) else {}
    if profiles and not names:
        problems.append(Problem("profiles: a mapping of names", profiles.location))
    if profile is not None and profile not in names:
        raise SpecError(unknown("profile", profile, names) + f" in {path}")
    for other, tree in names.items():
        if not isinstance(tree.value, dict):
            problems.append(Problem("a profile is a mapping of what it changes", tree.location))
        elif other != profile:  # checked without its variables, which may be unset here
            problems += _study(overlaid(document, tree), path, vocabulary, other)[1]
    chosen = overlaid(document, names[profile]) if profile else document
    for setting in settings:
        chosen, more = _set(chosen, setting)
        problems += more
    problems += expand(chosen, dict(environment))
    study, more = _study(chosen, path, vocabulary, profile, tuple(settings))
    if study is not None:
        study = replace(study, plugins=tuple(sources), imports=tuple(imports))
    return study, problems + more


def overlaid(document: Tree, profile: Tree) -> Tree:
    """A document with a profile's values in place of its own; `baseline` is merged part by part."""
    if not isinstance(profile.value, dict):
        return document
    top = merged(document, profile, whole=False)
    ours, theirs = document.value.get("baseline"), profile.value.get("baseline")
    if ours and theirs and isinstance(ours.value, dict) and isinstance(theirs.value, dict):
        parts = {
            key: merged(expanded(ours.value[key]), value) if key in ours.value else value
            for key, value in theirs.value.items()
        }
        both = Tree({**ours.value, **parts}, ours.location, {**ours.keys, **theirs.keys})
        top.value["baseline"] = both
    return top


def _set(document: Tree, setting: str) -> tuple[Tree, list[Problem]]:
    """A document with one `key=value` of the command line; model.x means baseline.model.x."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise SpecError(f'--set takes key=value, not "{setting}"')
    value, problems = read(text, f"--set {setting}")
    steps = key.split(".")
    steps = ["baseline", *steps] if steps[0] in PARTS else steps
    if steps[0] not in ("baseline", key):
        raise SpecError(f'--set changes a key of the baseline or a top-level key, not "{key}"')
    for step in reversed(steps):
        value = Tree({step: value}, value.location, {step: value.location})
    if steps[0] == "baseline":
        return overlaid(document, value), problems
    return merged(document, value, whole=False), problems


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


def _study(
    document: Tree,
    path: Path,
    vocabulary: Vocabulary,
    profile: str | None,
    settings: tuple[str, ...] = (),
) -> tuple[Study | None, list[Problem]]:
    document, unlabelled = with_labels(document)
    baseline = document.value.get("baseline")
    parts = baseline.value if baseline and isinstance(baseline.value, dict) else {}
    for part in PARTS:
        if part in parts:
            parts[part] = expanded(parts[part])
    file, problems = validated(StudyFile, document)
    problems += [*unlabelled, *boolean_words(document)]
    model = parts.get("model")
    if model is None or not isinstance(model.value, dict) or "name" not in model.value:
        return None, problems
    if file is None:
        file = salvaged(document)
    absent = Tree({}, document.location)
    factors, more = _factors(document.value.get("factors", absent))
    study = Study(
        name=path.stem,
        path=path,
        profile=profile,
        settings=settings,
        question=file.question,
        source=file.source,
        baseline={part: parts.get(part, absent) for part in PARTS},
        factors=factors,
        designs=tuple([file.design] if isinstance(file.design, str) else file.design),
        seeds=tuple(range(file.seeds) if isinstance(file.seeds, int) else file.seeds),
        columns=tuple(file.columns),
        timing=file.timing,
        expects=file.expects,
        published={
            label: _printed(row, file, document.at(["published", label]))
            for label, row in file.published.items()
        },
        margins=file.margins,
        claims=tuple(map(normal, file.claims)),
        aa=file.aa,
        contrasts=tuple(
            (normal(c), "baseline") if isinstance(c, str) else (normal(c[0]), normal(c[1]))
            for c in file.contrasts
        ),
        root=document,
    )
    problems += more + _names(document, vocabulary)
    base = (0,) * len(factors)
    for index, factor in enumerate(factors):
        for level in range(len(factor.levels)):
            problems += study.configuration((*base[:index], level, *base[index + 1 :]))[1]
    return study, problems + study.configuration(base)[1]


def _printed(row: Published, file: StudyFile, tree: Tree) -> dict[str, PublishedNumber]:
    """The published numbers of a row; each inherits status, source and protocol where it has none.

    A number inherits from its row, and a row from the study.
    """
    numbers = {}
    for metric, entry in (row.model_extra or {}).items():
        value = entry if isinstance(entry, Value) else Value(value=entry)
        place = tree.at([metric, "value"])
        text = place.value if isinstance(place.value, str) else place.location.written
        number, spread = parted(text)
        numbers[metric] = PublishedNumber(
            value=float(number) if spread else float(value.value),
            digits=_decimals(number),
            spread=float(spread or value.spread or 0.0),
            status=value.status or row.status,
            source=value.source or row.source or file.source,
            protocol=_over(_over(file.protocol, row.protocol), value.protocol),
        )
    return numbers


def _decimals(written: str) -> int:
    """The number of decimals in a number's text; `4.0` has 1."""
    try:
        exponent = Decimal(written.replace("_", "")).as_tuple().exponent
    except ArithmeticError:  # such as 0x1F
        return 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _over(protocol: Protocol, over: Protocol) -> Protocol:
    return protocol.model_copy(update=over.model_dump(exclude_none=True))


def _factors(tree: Tree) -> tuple[tuple[Factor, ...], list[Problem]]:
    factors: list[Factor] = []
    problems: list[Problem] = []
    for path, levels in tree.value.items() if isinstance(tree.value, dict) else ():
        if levels.lacking and not levels.value:
            continue
        mistake = _mistake(path, levels)
        if mistake is None:
            factors.append(Factor(path, tuple(Level(k, v) for k, v in levels.value.items())))
            problems += unfit_labels(levels)
        else:
            message, mark, hint = mistake
            problems.append(Problem(message, mark or tree.keys[path], hint))
    return tuple(factors), problems


def _mistake(path: str, levels: Tree) -> tuple[str, Location | None, str] | None:
    """The mistake in a factor as message, place (None: its key) and hint; None for none."""
    part, _, key = path.partition(".")
    if part not in PARTS or (not key.isidentifier() and key != "") or path.endswith("."):
        near = likely_name(part, PARTS)
        hint = f'did you mean "{near}"?' if near else "such as model.reduction or recipe.lr"
        return f'"{path}" cannot be varied', None, hint
    if key == "name":
        message = f'"{path}" would change the name and keep the arguments of another {part}'
        return message, None, f'vary "{part}", whose levels are names'
    if not isinstance(levels.value, dict) or len(levels.value) < 2 - levels.lacking:
        hint = "write {label: value, label: value}, the baseline's level first"
        return "a factor needs at least two levels", None, hint
    for tree in () if key else levels.value.values():
        name = tree.value.get("name") if isinstance(tree.value, dict) else tree
        if not isinstance(tree.value, dict | str) or not isinstance(
            name.value if name else "", str
        ):
            return f"a level of {part} is a name or a mapping", tree.location, ""
    return None


def _names(document: Tree, vocabulary: Vocabulary) -> list[Problem]:
    """Problems for designs and metrics that the file uses and nothing defines."""
    uses: list[tuple[str, str, Location, Collection[str]]] = []
    for key, defined in (("design", vocabulary.designs), ("columns", vocabulary.metrics)):
        listed = document.value.get(key)
        words = listed.walk() if listed else ()
        uses += [(key, w.value, w.location, defined) for w in words if isinstance(w.value, str)]
    rows = [(row, Published.model_fields) for row in _rows(document, "published")]
    rows += [(row, {}) for row in _rows(document, "expects")]
    margins = document.value.get("margins")
    rows += [(margins, {})] if margins else []
    for row, others in rows:
        names = row.keys.keys() - others.keys()
        uses += [("metric", name, row.keys[name], vocabulary.metrics) for name in names]
    return [
        Problem(unknown(key.removesuffix("s"), name, defined), mark, SIZE if "@" in name else "")
        for key, name, mark, defined in uses
        if name not in defined
    ]


SIZE = "a size follows top1, top5 or loss, from 8 to 4096 px, as in top1@96"


def _rows(document: Tree, key: str) -> list[Tree]:
    """The mappings in the mapping `key`."""
    tree = document.value.get(key)
    return list(tree.value.values()) if tree and isinstance(tree.value, dict) else []


def json_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The JSON Schema of a study file, with the names that exist, for editors to complete."""
    schema = StudyFile.model_json_schema()
    fields = schema["properties"]
    design = {"enum": sorted(vocabulary.designs)}
    fields["design"]["anyOf"] = [design, {"type": "array", "items": design}]
    names = [{"enum": list(vocabulary.metrics)}, {"pattern": "^[a-z0-9]+@[1-9][0-9]*$"}]
    fields["columns"]["items"] = {"anyOf": names}
    schema["$defs"]["Baseline"]["properties"]["recipe"]["anyOf"][0]["enum"] = sorted(recipes())
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema}
