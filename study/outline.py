"""What can be told of a study file without checking it: its profiles, and its variables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from study.marks import VARIABLE, Tree, read

PLACE = "data.root"
"""What a variable is, wherever the file has it, that says where images are and nothing else."""


@dataclass(frozen=True)
class Outline:
    profiles: tuple[str, ...]
    variables: Mapping[str, frozenset[str]]
    """Names of the environment that are whole values, with the paths of the keys they are for."""

    def unset(self, environment: Mapping[str, str]) -> list[str]:
        return [name for name in self.variables if name not in environment]

    def stand_ins(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Values for what is not set and only says where images are.

        Trials are named by such a variable, not by its value: that a plan can be made without.
        """
        places = [name for name in self.unset(environment) if self.variables[name] == {PLACE}]
        return {name: f"/{name}-is-not-set" for name in places}


def outline(file: Path) -> Outline:
    """Of whatever of the file can be read."""
    try:
        tree, _ = read(file.read_text("utf-8"), str(file))
    except (OSError, ValueError):
        return Outline((), {})
    found: dict[str, set[str]] = {}
    for path, name in _variables(tree, ()):
        is_place = "data" in path[:-1] and path[-1] == "root"
        found.setdefault(name, set()).add(PLACE if is_place else ".".join(path))
    profiles = tree.value.get("profiles") if isinstance(tree.value, dict) else None
    names = profiles.value if profiles and isinstance(profiles.value, dict) else {}
    return Outline(tuple(names), {name: frozenset(paths) for name, paths in found.items()})


def _variables(tree: Tree, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(tree.value, dict):
        for key, below in tree.value.items():
            yield from _variables(below, (*path, key))
    elif isinstance(tree.value, list):
        for below in tree.value:
            yield from _variables(below, path)
    elif isinstance(tree.value, str) and (name := VARIABLE.fullmatch(tree.value)):
        yield path, name[1]
