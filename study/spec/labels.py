"""Labels of levels: taken from lists of values, and refused where a table cannot show them."""

from collections.abc import Iterator

from study.spec.problems import Problem
from study.spec.yaml import Tree
from study.text import forbidden_character, normal

SHOWN = 3  # levels that a hint shows
SIZED = "img_size"  # the key whose lists are height and width
SWITCHES = ("yes", "no", "on", "off")  # booleans of YAML 1.1, which many tools read


def with_labels(document: Tree) -> tuple[Tree, list[Problem]]:
    """A document in which each list of levels became a mapping, with the values as labels."""
    factors = document.value.get("factors")
    if factors is None or not isinstance(factors.value, dict):
        return document, []
    problems: list[Problem] = []
    levels = {path: _labelled(path, tree, problems) for path, tree in factors.value.items()}
    whole = Tree(levels, factors.location, factors.keys)
    return Tree({**document.value, "factors": whole}, document.location, document.keys), problems


def _labelled(path: str, levels: Tree, problems: list[Problem]) -> Tree:
    if not isinstance(levels.value, list):
        return levels
    tree, labels = Tree({}, levels.location), dict[object, str]()
    sized = path.endswith(f".{SIZED}")
    named = [(_size(item) if sized else "") or normal(item.text) for item in levels.value]
    if not all(named):
        # One problem for all, whose hint shows the whole factor as a mapping.
        problems.append(_unlabelled(levels, levels.value[named.index("")]))
    for label, item in zip(named, levels.value, strict=True):
        # By the type as well, since true is 1 in Python.
        value = isinstance(item.value, bool), repr(item.plain()) if sized else item.value
        if not label:
            # Its problem is reported, so the factor is not also reported for a missing level.
            tree.lacking = True
            continue
        if label in tree.value:
            problems.append(Problem(f'the level "{label}" is listed twice', item.location))
            tree.lacking = True
        elif value in labels:
            message = f'the levels "{labels[value]}" and "{label}" are the same value'
            problems.append(Problem(message, item.location, "delete one of them"))
        labels.setdefault(value, label)
        tree.value[label], tree.keys[label] = item, item.location
    return tree


def _unlabelled(levels: Tree, item: Tree) -> Problem:
    """The problem of a list of levels of which one has no text that could be its label."""
    if not isinstance(item.value, dict | list):
        return Problem("a level of this list is empty", item.location, "write null, or delete it")
    first = ", ".join(map(_suggested, levels.value[:SHOWN]))
    rest = ", ..." if len(levels.value) > SHOWN else ""
    message = "a value in a list of levels has no label"
    return Problem(message, item.location, f"write {{{first}{rest}}}")


def _size(item: Tree) -> str:
    """[96, 128] in print, 96×128, and [96, 96] as 96; "" for all but lists of whole numbers."""
    plain = item.plain()
    if not isinstance(plain, list) or not plain or not all(type(v) is int for v in plain):
        return ""
    # A wrong number of sides is told by the schema.
    return str(plain[0]) if len(plain) == 2 == plain.count(plain[0]) else "×".join(map(str, plain))


def _suggested(item: Tree) -> str:
    """A suggested `label: value` for a level; papers write the list [2, 2, 2] as 2-2-2."""
    plain = item.plain()
    if isinstance(plain, dict):
        return f"{plain.get('name', 'LABEL')}: {{...}}"
    if not isinstance(plain, list):
        return f"{item.text}: {item.text}"
    texts = [tree.text for tree in item.value]
    return f"{'-'.join(texts)}: [{', '.join(texts)}]" if all(texts) else "LABEL: [...]"


def unfit_labels(levels: Tree, *, of_baseline: str = "") -> Iterator[Problem]:
    """A problem for each label that a table cannot show; `of_baseline` is that of the baseline."""
    for label, mark in levels.keys.items():
        if label == "baseline" != of_baseline:
            why, hint = "it is the name of the baseline", "choose another label"
        elif not label:
            why, hint = "it is empty", "write the text that the table prints"
        else:
            why, hint = forbidden_character(label), "delete it"
        if why:
            yield Problem(f"{label!r} cannot be the label of a row: {why}", mark, hint)


def boolean_words(document: Tree) -> Iterator[Problem]:
    """A problem for each unquoted `yes`, `no`, `on` or `off`: text here, a boolean in YAML 1.1."""
    parts = (document.value.get(key) for key in ("baseline", "factors"))
    for tree in (tree for part in parts if part is not None for tree in part.walk()):
        word = tree.value
        if isinstance(word, str) and word.lower() in SWITCHES and tree.location.written == word:
            hint = "write true or false, or quote it"
            yield Problem(f"{word} is text in YAML 1.2, a boolean in 1.1", tree.location, hint)
