"""Environment variables in a study file: values that are a whole `$NAME`."""

import re

from study.spec.problems import Problem
from study.spec.yaml import Tree, read

VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def expand(tree: Tree, environment: dict[str, str]) -> list[Problem]:
    """Replace each value that is a whole `$NAME` by the scalar that the environment has."""
    problems = []
    for node in tree.walk():
        name = VARIABLE.fullmatch(node.value) if isinstance(node.value, str) else None
        if name and name[1] not in environment:
            hint = f"export {name[1]}=..."
            variable = node.value
            problems.append(Problem(f"{variable} is not set", node.location, hint, variable))
        elif name:
            text = environment[name[1]]
            # Read as YAML, so that a variable may hold a number.
            scalar, mistakes = read(text, node.location.source)
            is_text = mistakes or isinstance(scalar.value, dict | list | None)
            node.variable, node.text = node.value, text
            node.value = text if is_text else scalar.value
    return problems
