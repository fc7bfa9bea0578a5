"""Numbers at places of a study file that hold text: a label such as 0.3 needs no quotes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from study.spec.yaml import Tree

ANY = "*"
LABELS = (("contrasts", ANY), ("contrasts", ANY, ANY))
"""Places of labels, one of which may be `null`."""
TEXTS = (
    *LABELS,
    ("question",),
    ("source",),  # 2105.13677 of arXiv is a number of YAML
    ("titles", ANY),
    ("claims", ANY),
    ("expects", ANY, ANY),
    ("measured", "columns", ANY),
    ("metrics", ANY, "label"),
    ("protocol", "data"),
    ("published", ANY, "source"),
    ("published", ANY, ANY, "source"),
    ("published", ANY, "protocol", "data"),
    ("baseline", "data", "title"),
    ("baseline", "weights", "arm"),
    ("baseline", "weights", "study"),
)
"""Places of text, by the steps to them."""


def with_texts(document: Tree) -> Tree:
    """A document whose scalars at the places of texts are the texts that they are written as."""
    # By place rather than by schema: only the tree knows how a number is written.
    for place in TEXTS:
        document = _texts(document, place, null=place in LABELS)
    return document


def _texts(tree: Tree, place: Sequence[str], *, null: bool) -> Tree:
    if not place:
        # A missing value stays missing; only a label may be called null.
        number = isinstance(tree.value, bool | int | float) or (null and tree.value is None)
        return replace(tree, value=tree.text) if number and tree.text else tree
    steps = [*_steps(tree, place[0])]
    if not steps:
        return tree
    value = tree.value.copy()
    for step in steps:
        value[step] = _texts(value[step], place[1:], null=null)
    return replace(tree, value=value)


def _steps(tree: Tree, step: str) -> Iterator[str | int]:
    """The keys or indices of a tree that a step of a place names."""
    if isinstance(tree.value, list) and step == ANY:
        yield from range(len(tree.value))
    elif isinstance(tree.value, dict):
        yield from [*tree.value] if step == ANY else [step] if step in tree.value else []
