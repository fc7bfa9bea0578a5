"""Levels as a file writes them: labels, lists, and words that are booleans elsewhere."""

from collections.abc import Iterator

from study.marks import Problem, Tree
from study.text import normal, unfit

SWITCHES = ("yes", "no", "on", "off")  # booleans of YAML 1.1, which many tools read


def labelled(document: Tree) -> tuple[Tree, list[Problem]]:
    """A document whose factors with a list of values have the values as labels."""
    factors = document.value.get("factors")
    if factors is None or not isinstance(factors.value, dict):
        return document, []
    problems: list[Problem] = []
    levels = {path: _labelled(tree, problems) for path, tree in factors.value.items()}
    whole = Tree(levels, factors.mark, factors.keys)
    return Tree({**document.value, "factors": whole}, document.mark, document.keys), problems


def _labelled(levels: Tree, problems: list[Problem]) -> Tree:
    if not isinstance(levels.value, list):
        return levels
    tree = Tree({}, levels.mark)
    for item in levels.value:
        if isinstance(item.value, dict | list) or item.value is None:
            hint, tree.lacking = f"write {{{_label(item)}, label: value}}", True
            problems.append(Problem("a value in a list of levels has no label", item.mark, hint))
            continue
        label = normal(item.value if isinstance(item.value, str) else item.mark.written)
        if label in tree.value:
            problems.append(Problem(f'the level "{label}" stands here twice', item.mark))
            tree.lacking = True
        tree.value[label], tree.keys[label] = item, item.mark
    return tree


def _label(item: Tree) -> str:
    """A list of scalars with the label that tables of papers would have."""
    plain = item.plain()
    if not isinstance(plain, list) or not all(isinstance(one, int | float | str) for one in plain):
        return "label: value"
    return f"{'-'.join(map(str, plain))}: [{', '.join(map(str, plain))}]"


def unfit_labels(levels: Tree) -> Iterator[Problem]:
    """Labels that cannot stand in a table, and why."""
    for label, mark in levels.keys.items():
        if label == "baseline":
            why, hint = "baseline", "the arm that departs in nothing is called so"
        elif not label:
            why, hint = "empty", "write what the table shall print"
        else:
            why, hint = unfit(label), "delete it"
        if why:
            yield Problem(f"{label!r} cannot be what a row is called: {why}", mark, hint)


def switches(document: Tree) -> Iterator[Problem]:
    """Unquoted words in what is computed that are text here and booleans in YAML 1.1."""
    parts = (document.value.get(key) for key in ("baseline", "factors"))
    for tree in (tree for part in parts if part is not None for tree in part.walk()):
        word = tree.value
        if isinstance(word, str) and word.lower() in SWITCHES and tree.mark.written == word:
            hint = "write true or false, or quote it"
            yield Problem(f"{word} is text in YAML 1.2, a boolean in 1.1", tree.mark, hint)
