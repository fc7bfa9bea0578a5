"""The size of the house: short files and functions, typed data, comments that say why."""

import ast
import io
import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "study").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in FILES}

MOST_ANY = 127
FEWEST_COMMENTS = 0.043  # per line; the aim is 0.05


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_longer_than_300_lines():
    long = {named(p) for p in FILES + TESTS if len(p.read_text("utf-8").splitlines()) > 300}
    assert not long


def test_no_function_is_longer_than_40_lines():
    functions = (
        (path, node)
        for path in FILES
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.FunctionDef)
    )
    assert not {f"{named(path)}:{f.name}" for path, f in functions if length(f) > 40}


def length(function: ast.FunctionDef) -> int:
    """Lines of a function without those of its docstring."""
    text = ast.get_docstring(function, clean=False)
    lines = function.end_lineno - function.lineno + 1
    return lines - (len(text.splitlines()) if text else 0)


def test_data_that_crosses_rooms_is_typed():
    """Few values are read from plain dictionaries by a literal key, and few are of any type."""
    nodes = [node for tree in TREES.values() for node in ast.walk(tree)]
    keys = [node.slice for node in nodes if isinstance(node, ast.Subscript)]
    assert sum(isinstance(k, ast.Constant) and isinstance(k.value, str) for k in keys) < 250
    assert sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes) <= MOST_ANY


def test_comments_say_why():
    """About five per 100 lines: the reasons, units, sources and traps that code cannot say."""
    lines = comments = 0
    for path in FILES:
        text = path.read_text("utf-8")
        lines += len(text.splitlines())
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        comments += sum(t.type == tokenize.COMMENT and not TOOL.search(t.string) for t in tokens)
    assert comments / lines >= FEWEST_COMMENTS


TOOL = re.compile(r"noqa|type: ignore|fmt: |^# ----")


def test_the_top_of_the_package_is_readable_at_a_glance():
    entries = [path for path in (ROOT / "study").iterdir() if path.name != "__pycache__"]
    assert len(entries) <= 25
