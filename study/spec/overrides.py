"""Changes to a study file: its profiles, and `--set` on the command line."""

from collections.abc import Sequence

from study.errors import SpecError
from study.spec.problems import Problem
from study.spec.yaml import Tree, expanded, inserted, merged, read

DIRECT = 3  # steps of a key of a part: baseline.model.stem


def overlaid(document: Tree, profile: Tree) -> Tree:
    """A document with a profile's values in place of its own; `baseline` is merged part by part."""
    if not isinstance(profile.value, dict):
        return document
    top = merged(document, profile, whole=False)
    # Part by part: a profile that changes data.root keeps the model and the recipe.
    ours, theirs = document.value.get("baseline"), profile.value.get("baseline")
    if ours and theirs and isinstance(ours.value, dict) and isinstance(theirs.value, dict):
        parts = {
            key: merged(expanded(ours.value[key]), value) if key in ours.value else value
            for key, value in theirs.value.items()
        }
        both = Tree({**ours.value, **parts}, ours.location, {**ours.keys, **theirs.keys})
        top.value["baseline"] = both
    return top


def with_setting(document: Tree, setting: str, parts: Sequence[str]) -> tuple[Tree, list[Problem]]:
    """A document with one `key=value` of the command line; model.x means baseline.model.x."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise SpecError(f'--set takes key=value, not "{setting}"')
    # Read as YAML, so that numbers and lists are written as in the file.
    value, problems = read(text, f"--set {setting}", document.location.source)
    steps = key.split(".")
    steps = ["baseline", *steps] if steps[0] in parts else steps
    if steps[0] not in ("baseline", key):
        raise SpecError(f'--set changes a key of the baseline or a top-level key, not "{key}"')
    if len(steps) > DIRECT:
        # The part's other keys stay, and so do those of the mapping inside it.
        steps, inner = steps[:DIRECT], steps[DIRECT:]
        value = inserted(_inside(document, steps), inner, value)
    # From the last key outwards, so that the value lies below all of them.
    for step in reversed(steps):
        value = Tree({step: value}, value.location, {step: value.location})
    if steps[0] == "baseline":
        return overlaid(document, value), problems
    return merged(document, value, whole=False), problems


def _inside(document: Tree, steps: Sequence[str]) -> Tree:
    """The value at these steps of a document; an empty mapping where there is none."""
    tree = document
    for step in steps:
        tree = expanded(tree)
        if not isinstance(tree.value, dict) or step not in tree.value:
            return Tree({}, document.location)
        tree = tree.value[step]
    return tree
