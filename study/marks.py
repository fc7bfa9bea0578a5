"""YAML in which every key and value knows where it was written.

YAML 1.2, read as data: no tags, no anchors, no duplicate keys, only finite numbers. Keys are always
text, in its normal form, so that two keys of one look are one key. Nothing here raises for what a
file says: what is wrong becomes a `Problem`.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from study.text import described, normal, printable

DEEPEST = 40  # levels of nesting; a study has five
MOST, WIDE = 30, 160  # problems, and letters of a line, that are printed


BREAKS = str.maketrans("\x85\u2028\u2029", "\xa0\xa0\xa0")  # lines end there in YAML 1.1 alone
OLD = re.compile(r"^%YAML +(?!1\.2\s)\S+", re.MULTILINE)
OCTAL = re.compile(r"[-+]?0[0-9_]*[0-9]")


@lru_cache(maxsize=8)
def _lines(text: str) -> list[str]:
    return text.split("\n")


def line_of(text: str, number: int) -> str:
    """A line as an editor counts them."""
    lines = _lines(text)
    return lines[number].removesuffix("\r") if number < len(lines) else ""


@dataclass(frozen=True)
class Mark:
    """Where something was written; lines and columns count from 0."""

    source: str
    text: str
    line: int = 0
    column: int = 0
    length: int = 1

    def __str__(self) -> str:
        return f"{self.source}:{self.line + 1}:{self.column + 1}"

    @property
    def written(self) -> str:
        """What stands there."""
        return line_of(self.text, self.line)[self.column : self.column + self.length]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where, and what would mend it."""

    message: str
    mark: Mark
    hint: str = ""
    variable: str = ""
    """The environment variable that is not set, if that is the problem: "$IMAGENET"."""

    def __str__(self) -> str:
        line, at = line_of(self.mark.text, self.mark.line), self.mark.column
        begin = max(0, at - WIDE // 2) if len(line) > WIDE else 0  # of a long line a part
        shown = printable(line[begin : begin + WIDE])
        number = str(self.mark.line + 1)
        gutter = " " * len(number)
        carets = "^" * max(1, min(self.mark.length, len(shown) - at + begin))
        return "\n".join(
            [
                f"error: {self.message}",
                f"{gutter} --> {self.mark}",
                f"{gutter}  |",
                f"{number}  | {shown}".rstrip(),
                f"{gutter}  | {' ' * (at - begin)}{carets} {self.hint}".rstrip(),
            ]
        )


@dataclass
class Tree:
    """A value with its mark: a mapping of trees, a list of trees, or a scalar."""

    value: Any
    mark: Mark
    keys: dict[str, Mark] = field(default_factory=dict)
    variable: str = ""
    """The `$NAME` that the value was read from."""
    lacking: bool = False
    """Something in it was refused, and the file told so."""

    def plain(self) -> Any:
        if isinstance(self.value, dict):
            return {key: tree.plain() for key, tree in self.value.items()}
        if isinstance(self.value, list):
            return [tree.plain() for tree in self.value]
        return self.value

    def at(self, path: Iterable[str | int]) -> "Tree":
        """The deepest tree on `path`; steps that do not exist are passed over."""
        here = self
        for step in path:
            here = here._below(step)
        return here

    def _below(self, step: str | int) -> "Tree":
        below: Tree = self
        if isinstance(self.value, dict) and isinstance(step, str):
            below = self.value.get(step, self)
        elif isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            below = self.value[step]
        return below

    def path(self, steps: Iterable[str | int]) -> list[str | int]:
        """Those of `steps` that exist, one in the other."""
        here, found = self, list[str | int]()
        for step in steps:
            if (below := here._below(step)) is not here:
                here, found = below, [*found, step]
        return found

    def key(self, path: Sequence[str | int]) -> Mark:
        """Where the key that `path` ends with was written; the value's place if it is no key."""
        owner = self.at(path[:-1])
        return owner.keys.get(str(path[-1])) or owner.at(path[-1:]).mark

    def walk(self) -> Iterator["Tree"]:
        yield self
        below = self.value.values() if isinstance(self.value, dict) else self.value
        for tree in below if isinstance(self.value, dict | list) else ():
            yield from tree.walk()


def read(text: str, source: str) -> tuple[Tree, list[Problem]]:
    """`text` as a tree, and what is wrong with it as YAML."""
    yaml = YAML(typ="safe", pure=True)
    start = Mark(source, text)
    if old := OLD.search(text):
        at = _place(start, old.start(), len(old[0]))
        return Tree({}, start), [Problem("YAML 1.2 is read here", at, "leave this line out")]
    try:
        node = yaml.compose(text.translate(BREAKS))
    except MarkedYAMLError as error:
        return Tree({}, start), [_not_yaml(error, start)]
    except ReaderError as error:
        at = _place(start, error.position)
        said = f"{described(chr(error.character))} cannot stand in a file"
        return Tree({}, start), [Problem(f"not YAML: {said}", at, "delete it")]
    except RecursionError:
        return Tree({}, start), [Problem("nested too deeply", start)]
    except (YAMLError, ValueError) as error:
        return Tree({}, start), [Problem(f"not YAML: {str(error).splitlines()[0]}", start)]
    if node is None:
        return Tree(None, start), []
    reader = _Reader(start, yaml)
    return reader.tree(node, 0), reader.problems


def _not_yaml(error: MarkedYAMLError, start: Mark) -> Problem:
    mark = error.problem_mark or error.context_mark
    at = _mark(start, mark.line, mark.column) if mark else start
    said = str(error.problem or error.context)
    if "another document" in said:
        hint = "make it a file of its own, or delete this line"
        return Problem("there is another document in this file; a study is one", at, hint)
    hint = "write spaces" if "'\\t'" in said else ""
    return Problem(f"not YAML: {said}", at, hint)


def _place(start: Mark, index: int, length: int = 1) -> Mark:
    before = start.text[:index].split("\n")
    return _mark(start, len(before) - 1, len(before[-1]), length)


def _mark(start: Mark, line: int, column: int, length: int = 1) -> Mark:
    return Mark(start.source, start.text, line, column, length)


class _Reader:
    """Turns ruamel's nodes into trees and collects what a study file may not contain."""

    def __init__(self, start: Mark, yaml: YAML) -> None:
        self.start, self.yaml = start, yaml
        self.seen: set[int] = set()
        self.problems: list[Problem] = []

    def tree(self, node: Node, depth: int) -> Tree:
        mark = self.mark(node)
        if id(node) in self.seen:
            return self.refuse("anchors are not read here", mark, "write the value again")
        if depth > DEEPEST:
            return self.refuse("nested too deeply", mark)
        self.seen.add(id(node))
        if isinstance(node, MappingNode):
            return self.mapping(node, mark, depth)
        if isinstance(node, SequenceNode):
            return Tree([self.tree(item, depth + 1) for item in node.value], mark)
        return self.scalar(node, mark)

    def mapping(self, node: MappingNode, mark: Mark, depth: int) -> Tree:
        tree = Tree({}, mark)
        for key, value in node.value:
            at = self.mark(key)
            if not isinstance(key, ScalarNode):
                self.refuse("a key must be text", at)
                continue
            if str(key.tag).endswith(":merge"):
                self.refuse("merge keys are not read here", at, "write the values again")
            self.unbroken(key, at)
            name = normal(key.value)
            if name in tree.value:
                first, tree.lacking = tree.keys[name].line + 1, True
                self.refuse(f'duplicate key "{name}"', at, f"first on line {first}")
            tree.keys[name] = at
            tree.value[name] = self.tree(value, depth + 1)
        return tree

    def unbroken(self, node: Node, mark: Mark) -> None:
        """Refuse a line break of YAML 1.1 in a scalar: it was read as a space."""
        written = self.start.text[node.start_mark.index : node.end_mark.index]
        for odd in sorted({*written} & {*map(chr, BREAKS)}):
            self.refuse(f"{described(odd)} cannot stand in a value", mark, "delete it")

    def scalar(self, node: Node, mark: Mark) -> Tree:
        kind = str(node.tag).rsplit(":", 1)[-1]
        self.unbroken(node, mark)
        if kind == "int" and OCTAL.fullmatch(node.value):
            number = node.value.lstrip("+-0_") or "0"
            hint = f"write {number}, or 0o{number}, or quote it"
            return self.refuse(f"{node.value} is octal in YAML 1.1, decimal in 1.2", mark, hint)
        if kind in ("str", "timestamp"):
            return Tree(node.value, mark)
        if kind not in ("int", "float", "bool", "null"):
            return self.refuse(f"tags are not read here ({node.tag})", mark)
        try:
            value = self.yaml.constructor.construct_object(node)
        except (YAMLError, ValueError, OverflowError) as error:
            return self.refuse(f'cannot read "{node.value}": {error}', mark)
        if isinstance(value, float) and not math.isfinite(value):
            return self.refuse("not a finite number", mark)
        return Tree(value, mark)

    def mark(self, node: Node) -> Mark:
        begin, end = node.start_mark, node.end_mark
        length = end.column - begin.column if end.line == begin.line else 1
        return _mark(self.start, begin.line, begin.column, max(1, length))

    def refuse(self, message: str, mark: Mark, hint: str = "") -> Tree:
        self.problems.append(Problem(message, mark, hint))
        return Tree(None, mark)


def named(tree: Tree) -> Tree:
    """`text` as short for `{name: text}`."""
    if isinstance(tree.value, str):
        return Tree({"name": tree}, tree.mark, {"name": tree.mark})
    return tree


def merged(base: Tree, over: Tree, whole: bool = True) -> Tree:
    """`base` with the keys of `over`; an `over` with a name of its own replaces it as a whole."""
    over = named(over)
    mappings = isinstance(base.value, dict) and isinstance(over.value, dict)
    if not mappings or (whole and "name" in over.value):
        return over
    return Tree({**base.value, **over.value}, base.mark, {**base.keys, **over.keys})


VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def expand(tree: Tree, environment: dict[str, str]) -> list[Problem]:
    """Replace each value that is a whole `$NAME` by the scalar that the environment has."""
    problems = []
    for node in tree.walk():
        name = VARIABLE.fullmatch(node.value) if isinstance(node.value, str) else None
        if name and name[1] not in environment:
            hint = f"export {name[1]}=..."
            variable = node.value
            problems.append(Problem(f"{variable} is not set", node.mark, hint, variable))
        elif name:
            told, wrong = read(environment[name[1]], node.mark.source)
            plain = wrong or isinstance(told.value, dict | list | None)
            node.variable, node.value = node.value, environment[name[1]] if plain else told.value
    return problems


def report(problems: Iterable[Problem]) -> str:
    """The first problems, one a place, in the order of the file; and how many there are."""
    once = {str(p.mark): p for p in reversed(list(problems))}
    ordered = sorted(once.values(), key=lambda p: (p.mark.source, p.mark.line, p.mark.column))
    count = f"{len(ordered)} error{'s' if len(ordered) > 1 else ''}"
    first = f" (the first {MOST} are above)" if len(ordered) > MOST else ""
    return "\n\n".join([*map(str, ordered[:MOST]), f"{count}{first}, nothing was run"])
