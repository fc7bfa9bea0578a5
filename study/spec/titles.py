"""Titles of factors in print, in place of their paths."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from study.errors import likely_name
from study.spec.problems import Problem
from study.spec.study import BASELINE, Factor, spelled
from study.spec.yaml import Tree
from study.text import forbidden_character


def titled(factors: Sequence[Factor], titles: Mapping[str, str]) -> tuple[Factor, ...]:
    """The factors with the titles of the file, and with titles that differ where it has none."""
    named = [replace(f, given_title=titles.get(f.path, "")) for f in factors]
    count = Counter(factor.title for factor in named)
    # Two paths may end in the same key: only the whole path tells them apart.
    return tuple(
        f if f.given_title or count[f.title] < 2 else replace(f, given_title=_whole(f.path))
        for f in named
    )


def _whole(path: str) -> str:
    """A title with every key of a path: `model.backbone.stem` gives "Model backbone stem"."""
    return spelled(path.replace(".", "_"))


def title_problems(titles: Tree, paths: Collection[str]) -> Iterator[Problem]:
    """A problem for each title that no row of the study has, or that a table cannot show."""
    known = [BASELINE, *paths]
    for path, mark in titles.keys.items():
        title = titles.value[path]
        if path not in known:
            near = likely_name(path, known)
            hint = f'did you mean "{near}"?' if near else f"known: {', '.join(known)}"
            yield Problem(f'"{path}" has a title, but the study does not vary it', mark, hint)
        elif isinstance(title.value, str) and (why := forbidden_character(title.value)):
            yield Problem(f"the title of {path} cannot be printed: {why}", title.location)
