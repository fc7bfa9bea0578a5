"""Who may import whom: the architecture is a table, and the table is this test."""

import ast
from collections.abc import Callable, Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = next(p for p in Path(__file__).parents if (p / "pyproject.toml").is_file()) / "study"
MOST_ENTRIES = 25

TRAINS_NETWORKS = {
    *("errors", "given_weights", "metrics", "models", "registries", "spec", "store", "tasks"),
    *("tasks.training", "text", "trial"),
}
"""The rooms that a task imports whose trials train networks."""

MAY_IMPORT = {
    "text": set(),
    "errors": set(),
    "spec": {"errors", "text"},
    "stats": {"errors"},
    "given_weights": {"errors"},
    "store": {"errors", "spec"},
    "registries": {"errors", "spec"},
    "format": {"spec"},
    "models": {"errors", "given_weights", "registries"},
    "metrics": {"errors", "spec", "store"},
    "trial": {"errors", "metrics", "spec", "store"},
    "tasks": {"errors", "metrics", "registries", "spec", "store", "trial"},
    "tasks.classification": TRAINS_NETWORKS,
    "tasks.training": {"errors", "store", "trial"},
    "tasks.detection": TRAINS_NETWORKS,
    "tasks.program": {"errors", "metrics", "models", "spec", "store", "tasks", "trial"},
    "tasks.results": {"errors", "spec", "store", "tasks", "trial"},
    "tune": {"errors", "spec", "store", "tasks", "trial"},
    "plan": {"errors", "registries", "spec", "stats", "store", "tasks", "text", "tune"},
    "track": {"errors", "plan", "spec", "store", "tasks"},
    "analysis": {
        "errors",
        "format",
        "metrics",
        "plan",
        "spec",
        "stats",
        "store",
        "tasks",
        "text",
        "tune",
    },
    "launch": {"errors", "plan", "spec", "store", "tasks", "trial", "tune"},
    "report": {
        "analysis",
        "errors",
        "format",
        "metrics",
        "plan",
        "spec",
        "stats",
        "store",
        "tasks",
    },
    "api": {
        "analysis",
        "errors",
        "launch",
        "plan",
        "report",
        "spec",
        "stats",
        "store",
        "tune",
    },
    "doctor": {"errors", "format", "launch", "registries", "spec", "store", "tasks.classification"},
    "clean": {"errors", "launch", "store"},
}
"""By room, which is a folder or a module of `study/`: the rooms that it imports."""

WITHIN_CLASSIFICATION = {
    "schema": set(),
    "quality": set(),
    "multi_label_quality": {"quality"},
    "data": {"schema"},
    "records": {"schema"},
    "train_arguments": set(),
    "recipe_files": {"schema", "train_arguments"},
    "recipes": {"recipe_files", "schema"},
    "finished": {"records"},
    "config": {"schema"},
    "train": {"multi_label_quality", "quality", "schema"},
    "contract": {"quality", "schema"},
    "baseline": {"config", "recipes", "schema"},
    "facts": {"config"},
    "trial": {"data", "records", "schema", "train"},
    "plan": {"config", "data", "finished", "multi_label_quality", "records", "schema", "train"},
    "evaluate": {"data", "finished", "multi_label_quality", "schema", "train", "trial"},
    "task": {
        "baseline",
        "config",
        "evaluate",
        "facts",
        "multi_label_quality",
        "plan",
        "quality",
        "train",
        "trial",
    },
}
"""The same between the rooms of `study/tasks/classification/`."""

WITHIN_REPORT = {
    "blocks": set(),
    "columns": set(),
    "print_width": set(),
    "spreadsheet": set(),
    "table": set(),
    "text": {"table"},
    "export": {"spreadsheet"},
    "figure_style": {"print_width"},
    "contents": {"figure_style", "table"},
    "contract": {"table"},
    "formats": {"columns", "print_width", "spreadsheet", "table"},
    "figures": {"blocks", "contents", "figure_style", "spreadsheet", "table", "text"},
    "tables": {"blocks", "contents", "print_width", "table", "text"},
    "compare": {"tables", "text"},
    "page": {"contents", "figure_style", "figures", "formats", "table"},
    "report": {
        "contents",
        "figure_style",
        "figures",
        "formats",
        "page",
        "spreadsheet",
        "table",
        "tables",
        "text",
    },
}
"""The same between the rooms of `study/report/`."""

ANYTHING = {"cli", "__main__", "__init__"}
"""Rooms that may import every other one, and that no other one imports."""

Graph = dict[str, set[str]]


def module_of(path: Path) -> str:
    parts = ("study", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PACKAGES = {module_of(path) for path in ROOT.rglob("__init__.py")} - {"study"}
FILES = {module_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(path: Path) -> set[str]:
    """Modules of the package that a file imports, inside functions and for type checking too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in FILES else str(node.module) for name in whole}
    return {name for name in names if name.startswith("study.")} & FILES.keys()


IMPORTS = {module: imported(path) for module, path in FILES.items()}


def room(module: str) -> str:
    """The first part of a name below `study`; each task is a room of its own."""
    parts = module.split(".")[1:]
    is_task = parts[:1] == ["tasks"] and f"study.tasks.{'.'.join(parts[1:2])}" in PACKAGES
    return ".".join(parts[:2] if is_task else parts[:1]) or "__init__"


def room_within(package: str) -> Callable[[str], str]:
    """A function that gives the first part of a name below a package."""
    return lambda module: module.removeprefix(package).strip(".").partition(".")[0] or "__init__"


def between(modules: Iterable[str], name_of: Callable[[str], str]) -> Graph:
    """The rooms that each room imports, among some modules."""
    chosen, graph = set(modules), Graph()
    for module in chosen:
        rooms = graph.setdefault(name_of(module), set())
        rooms |= {name_of(other) for other in IMPORTS[module] & chosen}
    return {name: rooms - {name} for name, rooms in graph.items()}


ROOMS = between(FILES, room)
REPORT_ROOMS = between(
    (m for m in FILES if m.startswith("study.report")), room_within("study.report")
)
CLASSIFICATION = "study.tasks.classification"
TASK_ROOMS = between(
    (m for m in FILES if m.startswith(CLASSIFICATION)), room_within(CLASSIFICATION)
)
TABLES = [
    (MAY_IMPORT, ROOMS),
    (WITHIN_REPORT, REPORT_ROOMS),
    (WITHIN_CLASSIFICATION, TASK_ROOMS),
]
CASES = [(table, rooms, name) for table, rooms in TABLES for name in sorted({*rooms} - ANYTHING)]


@pytest.mark.parametrize(
    ("table", "rooms", "name"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_room_imports_what_its_row_allows_and_no_row_allows_more(table, rooms, name):
    assert rooms[name] == table[name]


@pytest.mark.parametrize(("table", "rooms"), TABLES, ids=["study", "report", "classification"])
def test_every_row_is_a_room(table, rooms):
    assert table.keys() == rooms.keys() - ANYTHING


@pytest.mark.parametrize(("table", "rooms"), TABLES, ids=["study", "report", "classification"])
def test_the_rooms_have_no_circle(table, rooms):
    assert circle(table) is None


def test_the_modules_have_no_circle():
    """Inside a room neither, where an import in a function would hide it."""
    assert circle(IMPORTS) is None


def circle(graph: Graph) -> list[str] | None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


def test_a_circle_is_seen():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})


def test_planning_imports_neither_analysis_nor_report():
    reached, queue = set(), [module for module in FILES if room(module) == "plan"]
    while queue:
        module = queue.pop()
        reached.add(module)
        queue += IMPORTS[module] - reached
    assert not {module for module in reached if room(module) in {"analysis", "report"}}


CORE = (
    "spec",
    "store",
    "metrics",
    "stats",
    "trial",
    "tasks",
    "tune",
    "plan",
    "launch",
    "analysis",
    "report",
)


@pytest.mark.parametrize("name", CORE)
def test_the_core_imports_no_task(name):
    assert not {other for other in ROOMS[name] if other.startswith("tasks.")}


def test_nothing_imports_the_command_line():
    assert not {name for name in ROOMS if "cli" in ROOMS[name] and name not in ANYTHING}


def test_analysis_does_not_import_the_report():
    assert "report" not in ROOMS["analysis"]


def test_the_package_has_few_entries_at_its_top():
    entries = [path.name for path in ROOT.iterdir() if not path.name.startswith("__pycache__")]
    assert len(entries) <= MOST_ENTRIES


@pytest.mark.parametrize("module", [m for m in FILES if room(m) not in ANYTHING])
def test_only_the_command_line_prints(module):
    nodes = ast.walk(ast.parse(FILES[module].read_text("utf-8")))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    assert "print" not in {call.id for call in calls if isinstance(call, ast.Name)}
