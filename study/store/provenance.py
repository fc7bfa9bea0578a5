"""Provenance of the code: its commit, uncommitted changes, and digests of its files."""

import ast
import hashlib
import json
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import study
from study.store.atomic import Record, read

ROOT = study.__name__
PACKAGE = Path(study.__file__).parent
ORIGIN = "origin.json"
"""The file beside a copy of the package that has the provenance of the original."""

# Left out of the digest `computing`: an edit of these files makes no stored result stale.
CHANGE_NO_NUMBER = (
    "study.errors",  # messages
    "study.text",  # messages
    "study.spec.problems",  # messages
    "study.spec.yaml",  # reads YAML; the values that it reads are part of an arm's identity
    "study.store",  # writes, checks and reads records, and names code
    "study.tasks.__init__",  # asks a task, whose own modules answer
)
"""Modules that report, check, store or read numbers, and compute none."""

RUNNER = "trial.run"
"""The module of every task that runs its trials."""

OUTSIDE_TRAINING = (
    *CHANGE_NO_NUMBER,
    "study.spec.plugins",  # locates the user's modules, which have digests of their own
    "study.registries",  # imports them
    "study.metrics",  # times models; a timing session records its own environment
    "study.spec.metric",  # how metrics are printed
)


@cache
def origin() -> Record:
    """The provenance of this package.

    `commit`, and `dirty` if files differ from it, are null outside a repository. `digest` covers
    all files of the package, `computing` by task those that compute its results, and "" those that
    compute results of a user's task.
    """
    # A worker runs from a copy outside the repository, of which git knows nothing.
    if (copied := read(PACKAGE.parent / ORIGIN)) is not None:
        return copied
    # An installed package may lie inside a repository that does not track it.
    tracked = git("ls-files", "--error-unmatch", "__init__.py") is not None
    commit = git("rev-parse", "HEAD") if tracked else None
    # Of the package alone, since other files of the repository compute no result.
    changed = git("status", "--porcelain", "--", ".") if tracked else None
    return {
        "commit": commit.strip() if commit else None,
        "dirty": bool(changed.strip()) if changed is not None else None,
        "digest": _hash(sorted(PACKAGE.rglob("*.py")))[:16],
        "computing": {
            task: code_behind(*computing(task), ignoring=OUTSIDE_TRAINING)[:16]
            for task in ("", *_tasks(RUNNER))
        },
    }


def origin_of(task: str) -> Record:
    """The provenance of results of one task: `computing` is the digest of its code alone."""
    # The modules of a user's task are plugins, which have digests of their own.
    digests: dict[str, str] = origin().get("computing", {})
    return origin() | {"computing": digests.get(task, digests.get(""))}


def of_task(task: str, module: str) -> tuple[str, ...]:
    """The module of this name of a task, which is looked up at run time, so no import shows.

    That of `trial.run` is `study.tasks.classification.trial.run`. A user's task has none.
    """
    return (f"study.tasks.{task}.{module}",) if task in _tasks(module) else ()


def computing(task: str) -> tuple[str, ...]:
    """The modules that results of a task come from: the runner of trials, and the task's own."""
    return "study.trial.run", *of_task(task, RUNNER)


def _tasks(module: str) -> list[str]:
    """The tasks of this package that have such a module."""
    files = PACKAGE.glob(f"tasks/*/{module.replace('.', '/')}.py")
    return sorted(path.relative_to(PACKAGE / "tasks").parts[0] for path in files)


def digest(value: object) -> str:
    """The digest of a JSON value, 16 hex characters; the order of its keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@cache
def code_behind(*entries: str, ignoring: tuple[str, ...] = (), package: Path = PACKAGE) -> str:
    """A digest of the code that modules run: their files and those of all that they import.

    Raises:
        ModuleNotFoundError: an entry, an ignored name or an import names no file of the package.
    """
    modules = modules_behind(*entries, ignoring=ignoring, package=package)
    return _hash(_file(module, package) for module in modules)


def modules_behind(
    *entries: str, ignoring: tuple[str, ...] = (), package: Path = PACKAGE
) -> list[str]:
    """Sorted names of modules, of the modules that they import, and so on.

    An import inside a function counts, one for type checking alone does not. An ignored module is
    left out with everything below it, a package `name.__init__` alone; imports of ignored ones are
    not followed.
    """
    # A name that was moved would otherwise be ignored in vain, without an error.
    for name in ignoring:
        _file(name, package)
    closure, queue = set[str](), list(entries)
    while queue:
        module = queue.pop()
        if module in closure or any(_covers(name, module) for name in ignoring):
            continue
        closure.add(module)
        queue += [name for name in _imports(module, package) if name != ROOT]
    return sorted(closure)


def _covers(name: str, module: str) -> bool:
    """True if a module is the one that is ignored, or lies below it."""
    package = name.removesuffix(".__init__")
    return module == package or (package == name and module.startswith(f"{name}."))


@cache
def _imports(module: str, package: Path) -> frozenset[str]:
    """The modules of this package that a module imports, its own parent packages among them."""
    file = _file(module, package)
    base = module if file.name == "__init__.py" else module.rpartition(".")[0]
    names = set[str]()
    # Parsed, not imported: importing would load torch, and run the code.
    for node in _nested_statements(ast.parse(file.read_bytes()).body):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), base)
            names |= {f"{source}.{alias.name}" for alias in node.names}
    # `from a import b` may name a module or a variable; `_loaded` finds out which.
    ours = {name for name in names if name.split(".")[0] == ROOT} | {module}
    return frozenset(part for name in ours for part in _loaded(name, package)) - {module}


def _loaded(name: str, package: Path) -> Iterator[str]:
    """The modules that importing a dotted name runs; its last part may be no module."""
    parts = name.split(".")
    *parents, last = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
    # Importing a.b.c also runs the packages a and a.b.
    for parent in parents:
        _file(parent, package)
        yield parent
    if not parents or _candidates(last, package):
        yield last


def _nested_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements of a body, at any depth, without those for type checking alone."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _nested_statements(node.orelse)
            continue
        handlers = [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]
        for part in (node, *handlers):
            for field in ("body", "orelse", "finalbody"):
                yield from _nested_statements(getattr(part, field, []))


def _file(module: str, package: Path) -> Path:
    if files := _candidates(module, package):
        return files[0]
    raise ModuleNotFoundError(f"{module} is no module of {package}", name=module)


def _candidates(module: str, package: Path) -> list[Path]:
    path = package.joinpath(*module.split(".")[1:])
    return [file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()]


def _hash(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def git(*words: str) -> str | None:
    """The output of a git command in the package; None without git or outside a repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *words], capture_output=True, text=True, errors="replace"
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
