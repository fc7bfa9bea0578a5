"""The words of the house: the field's terms, and sentences that a stranger understands."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "study").rglob("*.py"))
OTHERS = sorted(p for d in ("tests", "benchmarks", "examples") for p in (ROOT / d).rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in FILES + OTHERS}
STORED = {}
"""Keys of stored records and of JSON output, which keep the names that earlier versions wrote."""

VARIABLES = {"found", "said", "told", "made", "kept", "asked", "one"}
"""Participles that name how a value came about, not what it is."""

METAPHORS = {
    "card",
    "cards",
    "proof",
    "proofs",
    "statements",
    "evidence",
    "judgement",
    "judgements",
    "reasons",
    "chance",
    "crew",
    "lane",
    "lanes",
    "ways",
    "heart",
    "hearts",
    "experiment",
    "variant",
    "knob",
}
"""Words that the field does not use for what they stood for here."""

FILE_NAMES = METAPHORS | VARIABLES | {"cells", "marks", "orders", "utils", "helpers", "common"}
STARTS = ("Of ", "What ", "Whether ")
IDIOMS = re.compile(
    r"\b(c[oa]me to grief|left word|leave word|mend(s|ed|ing)?|bur(y|ied)|mourn|put down|told of|"
    r"tell of|times in 5|one function a kind|nobody needs|corrected for 1 tests)\b",
    re.IGNORECASE,
)


def stored(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a file gives to something: variables, parameters, functions, classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.alias) and node.asname:
            yield 0, node.asname


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string of a file, docstrings among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The docstrings of modules, classes, functions, and attributes (the string after one)."""
    for node in ast.walk(tree):
        body = getattr(node, "body", ())
        for statement in body if isinstance(body, list) else ():
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield statement.lineno, value.value


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def names_in(files: list[Path], banned: set[str]) -> list[tuple[str, int, str]]:
    """File, line and name of everything that has a banned name."""
    return [
        (named(path), line, name)
        for path in files
        for line, name in stored(TREES[path])
        if name.strip("_").lower() in banned
    ]


def test_names_are_the_terms_of_the_field():
    names = names_in(FILES, VARIABLES | METAPHORS)
    assert [name for name in names if (name[0], name[2]) not in STORED] == []


def test_variables_outside_the_package_say_what_they_hold():
    assert names_in(OTHERS, VARIABLES) == []


def test_file_names_are_the_terms_of_the_field():
    words = {path: {path.stem, *path.relative_to(ROOT).parts} for path in FILES}
    assert [named(path) for path in FILES if words[path] & FILE_NAMES] == []


def test_docstrings_are_sentences_with_a_subject():
    lines = [(named(p), line, text) for p in FILES for line, text in docstrings(TREES[p])]
    assert [(p, line, text[:60]) for p, line, text in lines if text.startswith(STARTS)] == []


def test_no_text_speaks_in_idioms():
    lines = [(named(p), line, text) for p in FILES for line, text in texts(TREES[p])]
    assert [(p, line, text[:60]) for p, line, text in lines if IDIOMS.search(text)] == []


def test_the_formatter_wins():
    tokens = (
        (path, token)
        for path in FILES + OTHERS
        for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    )
    assert [
        named(p) for p, t in tokens if t.type == tokenize.COMMENT and "fmt: skip" in t.string
    ] == []


def test_no_two_classes_have_one_name():
    """But for the API, whose Study and Analysis hold the inner ones."""
    classes = Counter(
        node.name
        for path in FILES
        if not named(path).startswith("study/api/")
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in classes.items() if count > 1] == []
