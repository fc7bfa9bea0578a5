"""YAML whose keys and values know their line and column, so that errors can point at them.

YAML 1.2, read as data: no tags, no anchors, no duplicate keys, only finite numbers. Keys are always
text, in Unicode's normal form, so that keys that look alike are the same key. Nothing here raises
because of a file's content: every mistake becomes a `Problem`, so that all are reported together.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from study.spec.problems import Location, Problem
from study.text import code_point, normal

MAX_DEPTH = 40  # levels of nesting; a study has five. Bounds the recursion of the reader

# ruamel counts these as line ends, editors do not: line numbers would be off by one after each.
BREAKS = str.maketrans("\x85\u2028\u2029", "\xa0\xa0\xa0")
OLD_VERSION = re.compile(r"^%YAML +(?!1\.2\s)\S+", re.MULTILINE)
NO_TEXTS = {"yes", "no", "on", "off", "y", "n", "true", "false", "null"}
"""Words that YAML 1.1 or 1.2 reads as something else."""
OCTAL = re.compile(r"[-+]?0[0-9_]*[0-9]")  # 010 is 8 in YAML 1.1 and 10 in 1.2


@dataclass
class Tree:
    """A value with its place: a mapping of trees, a list of trees, or a scalar."""

    value: Any
    location: Location
    keys: dict[str, Location] = field(default_factory=dict)
    text: str = ""
    """A scalar as it is written, without quotes: 1e-3, true, 2024-01-01."""
    variable: str = ""
    """The `$NAME` that the value was read from, or empty."""
    lacking: bool = False
    """A part of the value was refused; its problem is reported already."""

    def plain(self) -> Any:
        """The value without places, as dictionaries, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: tree.plain() for key, tree in self.value.items()}
        if isinstance(self.value, list):
            return [tree.plain() for tree in self.value]
        return self.value

    def at(self, path: Iterable[str | int]) -> "Tree":
        """The deepest tree on `path`; steps that do not exist are passed over."""
        tree = self
        for step in path:
            tree = tree._child(step)
        return tree

    def _child(self, step: str | int) -> "Tree":
        """The tree one step down, or this tree where there is no such step."""
        child: Tree = self
        if isinstance(self.value, dict) and isinstance(step, str):
            child = self.value.get(step, self)
        elif isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            child = self.value[step]
        return child

    def path(self, steps: Iterable[str | int]) -> list[str | int]:
        """The steps that exist, each inside the one before."""
        tree, existing = self, list[str | int]()
        for step in steps:
            if (child := tree._child(step)) is not tree:
                tree, existing = child, [*existing, step]
        return existing

    def key(self, path: Sequence[str | int]) -> Location:
        """The place of the last key of `path`, or of its value where it is an item of a list."""
        owner = self.at(path[:-1])
        return owner.keys.get(str(path[-1])) or owner.at(path[-1:]).location

    def walk(self) -> Iterator["Tree"]:
        """This tree and all trees in it, from the top."""
        yield self
        children = self.value.values() if isinstance(self.value, dict) else self.value
        for tree in children if isinstance(self.value, dict | list) else ():
            yield from tree.walk()


def read(text: str, source: str, file: str = "") -> tuple[Tree, list[Problem]]:
    """The tree of a YAML text, and its mistakes as YAML.

    `source` names the text in messages; `file` is the study file that a text without one changes.
    """
    yaml = YAML(typ="safe", pure=True)  # the C parser loses the places of keys
    start = Location(source, text, file=file)
    if directive := OLD_VERSION.search(text):
        mark = _mark_at(start, directive.start(), len(directive[0]))
        return Tree({}, start), [Problem("study files are YAML 1.2", mark, "delete this line")]
    try:
        # Nodes rather than values: only nodes know where they stand.
        node = yaml.compose(text.translate(BREAKS))
    except MarkedYAMLError as error:
        return Tree({}, start), [_not_yaml(error, start)]
    except ReaderError as error:
        mark = _mark_at(start, error.position)
        message = f"not YAML: {code_point(chr(error.character))} is not allowed in a file"
        return Tree({}, start), [Problem(message, mark, "delete it")]
    # ruamel composes recursively, before the limit on depth below can act.
    except RecursionError:
        return Tree({}, start), [Problem("nested too deeply", start)]
    except (YAMLError, ValueError) as error:
        return Tree({}, start), [Problem(f"not YAML: {str(error).splitlines()[0]}", start)]
    if node is None:
        return Tree(None, start), []
    reader = _Reader(start, yaml)
    return reader.tree(node, 0), reader.problems


def written(value: object) -> str:
    """Plain data as YAML, which `read` reads again; mappings of scalars take one line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = None, 1_000
    # Unsorted, as the first level of a factor is the baseline's.
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.representer.add_representer(str, _quoted)
    yaml.representer.ignore_aliases = lambda value: True
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


def _quoted(representer: Any, text: str) -> Node:
    """A text in quotes, unless it is plainly one: "no" and "1e3" are texts here."""
    plain = re.fullmatch(r"[A-Za-z_][\w./-]*", text) and text.lower() not in NO_TEXTS
    style = None if plain else '"'
    node: Node = representer.represent_scalar("tag:yaml.org,2002:str", text, style)
    return node


def _not_yaml(error: MarkedYAMLError, start: Location) -> Problem:
    place = error.problem_mark or error.context_mark
    if "find expected ':'" in str(error.problem) and error.context_mark:
        begin = error.context_mark  # of the key; the problem is seen at the line after it
        mark = _mark(start, begin.line, begin.column)
        return Problem("not YAML: a colon is missing after the key", mark, "write key: value")
    mark = _mark(start, place.line, place.column) if place else start
    message = str(error.problem or error.context)
    if "another document" in message:
        hint = "move it to a file of its own, or delete this line"
        return Problem("a study file holds one document, and this is a second", mark, hint)
    hint = "write spaces" if "'\\t'" in message else ""
    return Problem(f"not YAML: {message}", mark, hint)


def _mark_at(start: Location, index: int, length: int = 1) -> Location:
    before = start.text[:index].split("\n")
    return _mark(start, len(before) - 1, len(before[-1]), length)


def _mark(start: Location, line: int, column: int, length: int = 1) -> Location:
    return Location(start.source, start.text, line, column, length, start.file)


class _Reader:
    """Turns ruamel's nodes into trees, and collects a problem for each that is refused."""

    def __init__(self, start: Location, yaml: YAML) -> None:
        self.start, self.yaml = start, yaml
        self.seen: set[int] = set()
        self.problems: list[Problem] = []

    def tree(self, node: Node, depth: int) -> Tree:
        mark = self.mark(node)
        if id(node) in self.seen:  # an alias is the same node again
            return self.refuse("anchors are not supported", mark, "write the value again")
        if depth > MAX_DEPTH:
            return self.refuse("nested too deeply", mark)
        self.seen.add(id(node))
        if isinstance(node, MappingNode):
            return self.mapping(node, mark, depth)
        if isinstance(node, SequenceNode):
            return Tree([self.tree(item, depth + 1) for item in node.value], mark)
        return self.scalar(node, mark)

    def mapping(self, node: MappingNode, mark: Location, depth: int) -> Tree:
        tree = Tree({}, mark)
        before = [None, *(value for _, value in node.value)]
        for previous, (key, value) in zip(before, node.value, strict=False):
            place = self.mark(key)
            if previous is not None and self.is_decimal_comma(previous, key, value):
                message = f'a comma separates keys here, so "{key.value}" is a key without a value'
                self.refuse(message, place, f"write {previous.value}.{key.value} for one number")
                continue
            if not isinstance(key, ScalarNode):
                self.refuse("a key must be text", place)
                continue
            if str(key.tag).endswith(":merge"):
                self.refuse("merge keys are not supported", place, "write the values again")
            self.refuse_breaks(key, place)
            # Composed and decomposed letters look alike, so they must not be two keys.
            name = normal(key.value)
            if name in tree.value:
                first, tree.lacking = tree.keys[name].line + 1, True
                self.refuse(f'duplicate key "{name}"', place, f"first on line {first}")
            tree.keys[name] = place
            tree.value[name] = self.tree(value, depth + 1)
        return tree

    def is_decimal_comma(self, previous: Node, key: Node, value: Node) -> bool:
        """True where 0,3 stands in a mapping for the number 0.3."""
        text = self.start.text[previous.start_mark.index : value.end_mark.index]
        return isinstance(key, ScalarNode) and re.fullmatch(r"[-+]?\d+,\d+", text) is not None

    def refuse_breaks(self, node: Node, mark: Location) -> None:
        """Refuse a line break of YAML 1.1 in a scalar: `read` replaced it by a space."""
        written = self.start.text[node.start_mark.index : node.end_mark.index]
        for character in sorted({*written} & {*map(chr, BREAKS)}):
            message = f"{code_point(character)} is not allowed in a value"
            self.refuse(message, mark, "delete it")

    def scalar(self, node: Node, mark: Location) -> Tree:
        kind = str(node.tag).rsplit(":", 1)[-1]
        self.refuse_breaks(node, mark)
        if kind == "int" and OCTAL.fullmatch(node.value):
            number = node.value.lstrip("+-0_") or "0"
            hint = f"write {number}, or 0o{number}, or quote it"
            return self.refuse(f"{node.value} is octal in YAML 1.1, decimal in 1.2", mark, hint)
        if kind in ("str", "timestamp"):  # a date stays the text that it is
            return Tree(node.value, mark, text=node.value)
        if kind not in ("int", "float", "bool", "null"):
            return self.refuse(f"tags are not supported ({node.tag})", mark)
        try:
            value = self.yaml.constructor.construct_object(node)
        except (YAMLError, ValueError, OverflowError) as error:
            return self.refuse(f'cannot read "{node.value}": {error}', mark)
        if isinstance(value, float) and not math.isfinite(value):
            return self.refuse("not a finite number", mark)
        return Tree(value, mark, text=node.value)

    def mark(self, node: Node) -> Location:
        begin, end = node.start_mark, node.end_mark
        # A value of several lines is marked at its first character.
        length = end.column - begin.column if end.line == begin.line else 1
        return _mark(self.start, begin.line, begin.column, max(1, length))

    def refuse(self, message: str, mark: Location, hint: str = "") -> Tree:
        """Report a problem; an empty tree stands for the value."""
        self.problems.append(Problem(message, mark, hint))
        return Tree(None, mark)


def placed(value: object, location: Location) -> Tree:
    """The tree of plain data that has one place."""
    if isinstance(value, dict):
        keys = dict.fromkeys(map(str, value), location)
        inside = {str(key): placed(item, location) for key, item in value.items()}
        return Tree(inside, location, keys)
    if isinstance(value, list | tuple):
        return Tree([placed(item, location) for item in value], location)
    return Tree(value, location)


def expanded(tree: Tree) -> Tree:
    """A tree in which plain `text` is expanded to `{name: text}`, which it is short for."""
    if isinstance(tree.value, str):
        return Tree({"name": tree}, tree.location, {"name": tree.location})
    return tree


def inserted(base: Tree, keys: Sequence[str], value: Tree) -> Tree:
    """A mapping with `value` below `keys`, in place of what was there; other keys stay.

    A text on the way is a name, whose arguments the value joins.
    """
    if not keys:
        return value
    key, *rest = keys
    outer = expanded(base)
    if not isinstance(outer.value, dict):
        outer = Tree({}, value.location)
    inner = inserted(outer.value.get(key, Tree({}, value.location)), rest, value)
    # The place of the last key is the value's: it is what the file changes.
    place = outer.keys.get(key, value.location) if rest else value.location
    return Tree({**outer.value, key: inner}, outer.location, {**outer.keys, key: place})


def merged(base: Tree, over: Tree, whole: bool = True) -> Tree:
    """A mapping with the keys of `base`, replaced by those of `over`.

    With `whole`, an `over` that has a name replaces `base`: another model or recipe inherits
    nothing.
    """
    over = expanded(over)
    mappings = isinstance(base.value, dict) and isinstance(over.value, dict)
    if not mappings or (whole and "name" in over.value):
        return over
    return Tree({**base.value, **over.value}, base.location, {**base.keys, **over.keys})
