"""Who may import whom: the architecture is a table, and the table is this test."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "study"

MAY_IMPORT = {
    "errors": set(),
    "marks": {"text"},
    "text": set(),
    "commas": set(),
    "columns": set(),
    "stats": {"errors"},
    "json_values": set(),
    "processes": set(),
    "files": {"errors", "json_values"},
    "archives": {"errors"},
    "scalars": set(),
    "records": {"errors", "files", "scalars"},
    "leases": {"errors", "files", "processes"},
    "ownership": {"errors"},
    "imports": {"errors"},
    "given": {"errors"},
    "origin": {"files"},
    "schema": {"errors", "marks"},
    "shipped": {"errors", "marks", "schema"},
    "claim_grammar": {"errors", "metrics"},
    "spec": {"imports", "marks", "schema", "shipped"},
    "parse": {"errors", "imports", "labels", "marks", "schema", "shipped", "spec", "text"},
    "names": {"spec"},
    "labels": {"marks", "text"},
    "designs": {"errors", "spec"},
    "models": {"errors", "given", "imports"},
    "seeding": set(),
    "data": {"errors", "schema", "seeding", "text"},
    "train": {"archives", "errors", "files", "schema", "seeding"},
    "metrics": {"errors"},
    "store": {"errors", "files", "leases", "records"},
    "cells": {"metrics"},
    "evidence": {"metrics", "stats"},
    "claims": {"claim_grammar", "cells", "evidence", "metrics", "stats"},
    "verdicts": {"errors", "cells", "evidence", "metrics", "stats"},
    "images": {"data", "errors", "marks", "origin", "records", "schema", "store"},
    "cards": {
        *("errors", "given", "images", "origin", "schema", "spec", "models", "metrics", "records"),
        "store",
    },
    "courses": {"origin", "records", "schema", "spec", "store", "train"},
    "arms": {
        *("errors", "given", "marks", "names", "schema", "spec", "designs", "store", "cards"),
        "courses",
    },
    "levels": {"errors", "marks", "spec", "store", "arms", "cards", "courses"},
    "proofs": {"errors", "marks", "names", "spec", "metrics", "store", "arms", "cards", "levels"},
    "pairing": {"names", "schema", "spec", "arms"},
    "statements": {"claim_grammar", "errors", "marks", "metrics", "names", "spec"},
    "plan": {
        *("errors", "given", "images", "marks", "spec", "metrics", "store", "arms", "origin"),
        *("names", "pairing", "proofs", "statements", "stats"),
    },
    "measurements": {
        *("archives", "errors", "files", "metrics", "origin", "records", "store", "plan"),
        "stats",
    },
    "reasons": {"errors", "spec", "metrics", "store", "cards", "plan"},
    "judgement": {
        *("cells", "claims", "metrics", "plan", "reasons", "spec", "stats", "store"),
        *("names", "verdicts"),
    },
    "price": {"origin", "records", "plan", "store"},
    "run": {
        *("archives", "errors", "files", "given", "imports", "leases", "origin", "schema"),
        *("models", "data", "train", "metrics", "store"),
    },
    "bench": {
        *("errors", "files", "imports", "launch", "marks", "metrics", "models", "run", "store"),
    },
    "evaluation": {
        *("archives", "errors", "files", "given", "ownership", "schema", "models"),
        *("data", "train", "store", "run"),
    },
    "launch": {
        "records",
        *("errors", "files", "leases", "origin", "store", "run", "evaluation", "train", "plan"),
        *("ownership", "price"),
    },
    "folders": {"errors", "files", "records", "spec"},
    "track": {"errors", "files", "folders", "plan", "records", "spec", "store"},
    "outline": {"marks"},
    "clean": {"errors", "files", "leases", "launch", "ownership", "records", "store"},
    "doctor": {
        *("cells", "records"),
        *("errors", "files", "imports", "marks", "origin", "outline", "parse", "schema", "shipped"),
        *("data", "designs", "images", "launch", "models", "ownership", "spec", "store", "train"),
    },
    "report": {
        "records",
        *("errors", "cells", "files", "spec", "plan", "measurements", "metrics", "store"),
        *("columns", "commas", "designs", "names", "stats", "text"),
        *("claims", "evidence", "judgement", "statements", "verdicts"),
    },
}
ANYTHING = {"cli", "__main__", "__init__"}  # and nothing imports them


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Rooms that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            rooms = {f"study.{name.name}" for name in node.names if name.name != "__version__"}
            found |= rooms if module == "study" else {module}
    return {name.split(".")[1] for name in found if name.startswith("study.")} - {room(path)}


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_it_may(path):
    if room(path) in ANYTHING:
        return
    assert imported(path) <= MAY_IMPORT[room(path)]


def test_every_allowance_is_used():
    used = {name: set() for name in MAY_IMPORT}
    for path in FILES:
        used.setdefault(room(path), set()).update(imported(path))
    unused = {name: may - used[name] for name, may in MAY_IMPORT.items()}
    assert not {name: rooms for name, rooms in unused.items() if rooms}


def test_the_table_has_no_circle():
    order: list[str] = []
    while len(order) < len(MAY_IMPORT):
        ready = [r for r, may in MAY_IMPORT.items() if r not in order and may <= set(order)]
        assert ready, f"a circle among {MAY_IMPORT.keys() - set(order)}"
        order += ready


def test_nothing_imports_the_command_line():
    assert not [p for p in FILES if room(p) not in ANYTHING and "cli" in imported(p)]


def test_only_the_command_line_prints():
    for path in FILES:
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        assert room(path) in ANYTHING or "print" not in names, path
