"""A preview of a study file without checking it: its profiles, and its environment variables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from study.spec.variables import VARIABLE
from study.spec.yaml import Tree, read

PLACE = "data.root"
"""Stands for every key that only says where images are, in whichever profile it is."""


@dataclass(frozen=True)
class Preview:
    profiles: tuple[str, ...]
    variables: Mapping[str, frozenset[str]]
    """Environment variables that are whole values, each with the paths of its keys."""

    def unset(self, environment: Mapping[str, str]) -> list[str]:
        """The variables that the environment lacks."""
        return [name for name in self.variables if name not in environment]

    def stand_ins(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Values for unset variables that only say where images are.

        Trials are named by the variable and not by its value, so a plan works with any value.
        """
        places = [name for name in self.unset(environment) if self.variables[name] == {PLACE}]
        return {name: f"/{name}-is-not-set" for name in places}


def preview(file: Path) -> Preview:
    """The preview of a file, empty where it cannot be read."""
    try:
        tree, _ = read(file.read_text("utf-8"), str(file))
    # The command that reads the whole file reports this error.
    except (OSError, ValueError):
        return Preview((), {})
    variables: dict[str, set[str]] = {}
    for path, name in _variables(tree, ()):
        # Below any `data`: of the baseline, of a level, or of a profile.
        is_place = "data" in path[:-1] and path[-1] == "root"
        variables.setdefault(name, set()).add(PLACE if is_place else ".".join(path))
    profiles = tree.value.get("profiles") if isinstance(tree.value, dict) else None
    names = profiles.value if profiles and isinstance(profiles.value, dict) else {}
    return Preview(tuple(names), {name: frozenset(paths) for name, paths in variables.items()})


def _variables(tree: Tree, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(tree.value, dict):
        for key, child in tree.value.items():
            yield from _variables(child, (*path, key))
    elif isinstance(tree.value, list):
        for child in tree.value:
            yield from _variables(child, path)
    elif isinstance(tree.value, str) and (name := VARIABLE.fullmatch(tree.value)):
        yield path, name[1]
