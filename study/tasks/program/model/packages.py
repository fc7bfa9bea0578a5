"""The packages that a program's files import, by whose versions its model may differ."""

import ast
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version

COUNTING = ("torch", "fvcore")
"""Packages that build and count every model."""


@cache
def versions(texts: tuple[str, ...]) -> dict[str, str]:
    """The versions of the installed packages that Python files import, by distribution."""
    imported = {name for text in texts for name in modules(text)}
    # The distribution of a module may have another name: sklearn is in scikit-learn.
    of_module = packages_distributions() if imported - sys.stdlib_module_names else {}
    names = {*COUNTING, *(name for module in imported for name in of_module.get(module, ()))}
    known = dict[str, str]()
    for name in sorted(names):
        with suppress(PackageNotFoundError):  # fvcore is in an extra
            known[name] = version(name)
    return known


def modules(text: str) -> Iterator[str]:
    """The first parts of the names of the modules that a Python file imports from elsewhere."""
    # An error of syntax is reported where the model is built, if it needs this file at all.
    with suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module.partition(".")[0]
