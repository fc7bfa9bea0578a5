"""Factors of a study file with their levels, and the mistakes in them."""

from study.errors import likely_name
from study.spec.labels import unfit_labels
from study.spec.places import FactorTree
from study.spec.problems import Location, Problem
from study.spec.schema import StudyFile, known_keys
from study.spec.task import TaskSchema
from study.spec.yaml import Tree


def factors_of(tree: Tree, task: TaskSchema) -> tuple[tuple[FactorTree, ...], list[Problem]]:
    """The factors that can be read, and a problem for each of the others."""
    factors: list[FactorTree] = []
    problems: list[Problem] = []
    for path, levels in tree.value.items() if isinstance(tree.value, dict) else ():
        # Every level was refused already; a second problem would only repeat it.
        if levels.lacking and not levels.value:
            continue
        mistake = _mistake(path, levels, task)
        if mistake is None:
            factors.append(FactorTree(path, levels.value))
            problems += unfit_labels(levels, of_baseline=next(iter(levels.value)))
        else:
            message, mark, hint = mistake
            problems.append(Problem(message, mark or tree.keys[path], hint))
    return tuple(factors), problems


PAST = {"vary": "varied", "tune": "tuned"}


def path_mistake(path: str, task: TaskSchema, verb: str = "vary") -> tuple[str, str] | None:
    """The mistake in a path of the baseline as message and hint; None for none."""
    (part, *keys), parts = path.split("."), task.parts
    if part not in parts or not all(map(str.isidentifier, keys)):
        near = likely_name(part, parts) if keys else _owned(part, task)
        own = "KEY" if keys or not part.isidentifier() else part
        examples = " or ".join(f"{name}.{own}" for name in parts)
        hint = f'did you mean "{near}"?' if near else f"{verb} {examples}"
        if path in StudyFile.model_fields:
            hint = f"{path} is the same for all arms: write it beside baseline"
        return f'"{path}" cannot be {PAST[verb]}', hint
    # Below the keys of a part, only what has a name has arguments that a path can reach.
    if keys[-1:] == ["name"] and (part in task.named or len(keys) > 1):
        outer = path.removesuffix(".name")
        message = f'"{path}" would change the name and keep the arguments of another {outer}'
        return message, f'{verb} "{outer}", whose levels are names'
    return None


def _owned(key: str, task: TaskSchema) -> str | None:
    """The path that a key alone stands for: `lr` gives `recipe.lr`; or a part, if misspelt."""
    # Exact keys alone, as arguments of models are unknown here: patch_size is no batch_size.
    parts, fields = task.parts, task.baseline.model_fields
    owners = [part for part in parts if key in known_keys(fields[part].annotation)]
    return f"{owners[0]}.{key}" if owners and key != "name" else likely_name(key, parts)


def _mistake(path: str, levels: Tree, task: TaskSchema) -> tuple[str, Location | None, str] | None:
    """The mistake in a factor as message, place (None: its key) and hint; None for none."""
    part, _, key = path.partition(".")
    if wrong := path_mistake(path, task):
        return wrong[0], None, wrong[1]
    # A refused level counts, so that its problem is not reported as a missing level as well.
    if not isinstance(levels.value, dict) or len(levels.value) < 2 - levels.lacking:
        hint = "write {label: value, label: value} or [value, value], the baseline's level first"
        return "a factor needs at least two levels", None, hint
    # Values of single keys are checked by the schema, or by building the model.
    for tree in () if key or part not in task.named else levels.value.values():
        name = tree.value.get("name") if isinstance(tree.value, dict) else tree
        if not isinstance(tree.value, dict | str) or not isinstance(
            name.value if name else "", str
        ):
            return f"a level of {part} is a name or a mapping", tree.location, ""
    return None
