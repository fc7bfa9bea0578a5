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
    "files": {"errors", "json_values"},
    "archives": {"errors"},
    "scalars": set(),
    "frozen": {"errors", "files"},
    "records": {"errors", "files", "frozen", "scalars", "schema"},
    "cost_records": {"frozen", "records", "scalars"},
    "job_records": {"frozen", "records", "scalars"},
    "timing_records": {"frozen", "records", "scalars"},
    "trial_folder": set(),
    "leases": {"errors", "files", "processes"},
    "ownership": {"errors"},
    "imports": {"errors"},
    "given": {"errors"},
    "origin": {"files"},
    "schema": {"errors", "marks"},
    "shipped": {"errors", "marks", "schema"},
    "claim_grammar": {"errors"},
    "spec": {"imports", "marks", "schema", "shipped"},
    "parse": {"errors", "imports", "labels", "marks", "schema", "shipped", "spec", "text"},
    "names": {"spec"},
    "labels": {"marks", "text"},
    "designs": {"errors", "spec"},
    "models": {"errors", "given", "imports"},
    "seeding": set(),
    "data": {"errors", "schema", "seeding", "text"},
    "train": {"archives", "errors", "files", "records", "schema", "seeding", "trial_folder"},
    "metrics": {"errors", "timing_records"},
    "store": {"errors", "files", "frozen", "leases", "records", "trial_folder"},
    "cells": {"metrics"},
    "evidence": {"metrics", "stats"},
    "claims": {"cells", "claim_grammar", "evidence", "metrics", "stats"},
    "verdicts": {"cells", "errors", "evidence", "metrics", "stats"},
    "images": {"data", "errors", "frozen", "marks", "origin", "records", "schema", "store"},
    "cards": {
        "cost_records",
        "errors",
        "given",
        "images",
        "metrics",
        "models",
        "origin",
        "records",
        "schema",
        "spec",
        "store",
    },
    "courses": {"cost_records", "origin", "schema", "spec", "store", "train"},
    "arms": {
        "cards",
        "cost_records",
        "courses",
        "designs",
        "errors",
        "given",
        "identity",
        "marks",
        "names",
        "schema",
        "spec",
        "store",
    },
    "levels": {"arms", "cards", "courses", "errors", "marks", "spec", "store"},
    "proofs": {"arms", "cards", "errors", "levels", "marks", "metrics", "names", "spec", "store"},
    "pairing": {"arms", "names", "schema", "spec"},
    "statements": {"claim_grammar", "errors", "marks", "metrics", "names", "spec"},
    "plan": {
        "arms",
        "cost_records",
        "errors",
        "given",
        "identity",
        "images",
        "marks",
        "metrics",
        "names",
        "origin",
        "pairing",
        "proofs",
        "records",
        "spec",
        "statements",
        "stats",
        "store",
    },
    "measurements": {
        "archives",
        "errors",
        "files",
        "metrics",
        "origin",
        "plan",
        "records",
        "stats",
        "store",
        "timing_records",
    },
    "reasons": {"cards", "cost_records", "errors", "metrics", "plan", "spec", "store"},
    "judgement": {
        "cells",
        "claims",
        "metrics",
        "names",
        "plan",
        "reasons",
        "spec",
        "stats",
        "store",
        "verdicts",
    },
    "price": {"origin", "plan", "store", "timing_records"},
    "run": {
        "archives",
        "data",
        "errors",
        "files",
        "given",
        "imports",
        "job_records",
        "leases",
        "metrics",
        "models",
        "origin",
        "records",
        "store",
        "timing_records",
        "train",
        "trial_folder",
    },
    "bench": {
        "errors",
        "imports",
        "launch",
        "marks",
        "metrics",
        "models",
        "run",
        "store",
        "timing_records",
    },
    "evaluation": {
        "archives",
        "data",
        "errors",
        "files",
        "given",
        "models",
        "ownership",
        "records",
        "run",
        "schema",
        "store",
        "train",
    },
    "launch": {
        "errors",
        "evaluation",
        "files",
        "job_records",
        "leases",
        "origin",
        "ownership",
        "plan",
        "price",
        "records",
        "run",
        "store",
        "timing_records",
        "train",
    },
    "folders": {"errors", "files", "job_records", "spec"},
    "track": {"errors", "files", "folders", "job_records", "plan", "records", "spec", "store"},
    "outline": {"marks"},
    "clean": {
        "errors",
        "job_records",
        "launch",
        "leases",
        "ownership",
        "records",
        "store",
        "trial_folder",
    },
    "doctor": {
        "cells",
        "cost_records",
        "data",
        "designs",
        "errors",
        "files",
        "images",
        "imports",
        "launch",
        "marks",
        "models",
        "origin",
        "outline",
        "ownership",
        "parse",
        "schema",
        "shipped",
        "spec",
        "store",
        "train",
    },
    "report": {
        "cells",
        "claims",
        "columns",
        "commas",
        "designs",
        "errors",
        "evidence",
        "files",
        "job_records",
        "judgement",
        "measurements",
        "metrics",
        "names",
        "plan",
        "records",
        "spec",
        "statements",
        "stats",
        "store",
        "text",
        "timing_records",
        "verdicts",
    },
    "identity": {"schema", "spec"},
    "json_values": set(),
    "processes": set(),
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
