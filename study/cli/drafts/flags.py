"""The flags of a script, read from its text: calls of argparse's `add_argument`."""

import ast
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from study.tasks.program.words import GIVEN

Kind = Literal["number", "text", "list", "switch"]
Value = int | float | str | list[int | float | str]

SEED = re.compile(r"^(?:(?:random|manual|rng|np|torch)_?)?seed$")
TYPES = {"int": 1, "float": 1.0, "str": "..."}
"""A value by the name of a type, where a flag is required and has none."""


@dataclass(frozen=True)
class Flag:
    """One argument of a script."""

    name: str
    """As `args` of a study file names it."""
    words: tuple[str, ...]
    """The words before its value: --lr; none for a positional one."""
    kind: Kind
    value: Value
    """The default; of a required one that has none, a value that stands for it."""
    choices: tuple[int | float | str, ...] = ()
    required: bool = False
    on: str = ""
    """The word that turns a switch on; `off` turns it off, or is "" where leaving it out does."""
    off: str = ""


def flags(tree: ast.AST) -> list[Flag]:
    """The flags of a script in the order of its text, without those of no plain value."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    named = {flag.name: flag for call in calls for flag in _flag(call)}
    return list(named.values())


def _flag(call: ast.Call) -> Iterator[Flag]:
    words = [literal(node) for node in call.args]
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "add_argument":
        return
    if not words or not all(isinstance(word, str) and word for word in words):
        return
    keys = {key.arg: key.value for key in call.keywords if key.arg}
    # As argparse does: the first long option names the value; here the longest.
    option = max(map(str, words), key=lambda word: (word.startswith("--"), len(word)))
    name = re.sub(r"\W", "_", str(_given(keys, "dest", option.lstrip("-"))))
    # A placeholder is an identifier; the names of the study come first.
    taken = keyword.iskeyword(name) or (name in GIVEN and name not in ("seed", "device"))
    name = f"{name}_" if taken or not name.isidentifier() else name
    if name in ("help", "version", "local_rank"):
        return
    action = _action(keys.get("action"))
    if SEED.match(name) and action == "store":  # whatever its default, which may be None
        yield Flag(name, (option,) if option.startswith("-") else (), "number", 0)
    # A switch has no value: the study says it by one of its words, or by none.
    elif action in SWITCHES:
        on = option if action != "store_false" else ""
        off = f"--no-{option.lstrip('-')}" if action == "BooleanOptionalAction" else ""
        off = option if action == "store_false" else off
        is_on = _given(keys, "default", action == "store_false")
        yield Flag(name, (), "switch", [w for w in ((on if is_on else off),) if w], on=on, off=off)
    elif action == "store":
        yield from _valued(name, option, keys)


def _given(keys: dict[str, ast.expr], name: str, default: object = None) -> object:
    """The value of an argument of `add_argument`, or the default where it is not given."""
    return literal(keys[name]) if name in keys else default


def _valued(name: str, option: str, keys: dict[str, ast.expr]) -> Iterator[Flag]:
    default, offered = _given(keys, "default"), _given(keys, "choices")
    choices = tuple(offered) if isinstance(offered, list | tuple) else ()
    is_option = option.startswith("-")
    required = not is_option or bool(_given(keys, "required"))
    if not is_option and isinstance(keys.get("nargs"), ast.Constant):
        required = _given(keys, "nargs") not in ("?", "*")
    value = _value(default, keys.get("type"), choices, required)
    if value is not None:
        words = (option,) if is_option else ()
        yield Flag(name, words, _kind(value), value, choices, required)


def _value(
    default: object, kind: ast.expr | None, choices: tuple[object, ...], required: bool
) -> Value | None:
    """The value that a flag has if it is not given, as argparse reads it."""
    typed = kind.id if isinstance(kind, ast.Name) else "" if kind else "str"
    # Something has to stand there for a first run; the user decides what.
    if default is None and required:
        default = choices[0] if choices else TYPES.get(typed, "...")
    # A boolean is read by a function of the script's, whose words are not known.
    if isinstance(default, bool):
        return None
    if typed == "float" and isinstance(default, int):
        return float(default)
    if isinstance(default, list | tuple):
        plain = [item for item in default if isinstance(item, int | float | str)]
        return plain if len(plain) == len(default) else None
    return default if isinstance(default, int | float | str) else None


def _kind(value: Value) -> Kind:
    return "list" if isinstance(value, list) else "text" if isinstance(value, str) else "number"


def _action(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return "store" if node is None else str(literal(node))


SWITCHES = ("store_true", "store_false", "BooleanOptionalAction")


def literal(node: ast.expr) -> object:
    """The value that an expression writes; None where it has to be computed."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
