"""A script, and what its text says of it: its flags, its files, what it reports."""

import ast
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from study.cli.drafts.flags import Flag, flags
from study.cli.drafts.reports import ReportedMetric, reports
from study.errors import StudyError
from study.plan.measured.formats import FORMATS

USUAL = ("train.py", "main.py", "run.py")
INTERPRETERS = {".py": "python", ".sh": "bash", ".r": "Rscript", ".jl": "julia", ".pl": "perl"}


@dataclass(frozen=True)
class Script:
    """A script with what its text says of it."""

    path: Path
    code: tuple[str, ...]
    """The script, and the modules beside it that it imports."""
    inputs: tuple[str, ...]
    flags: tuple[Flag, ...]
    reports: tuple[ReportedMetric, ...]
    reads_seed: bool


def script_at(path: Path) -> Script | None:
    """The script at a path, or the one of a folder; None without one.

    Raises:
        StudyError: the folder has several, of which none has a usual name; or it cannot be read.
    """
    if path.is_file():
        return _script(path) if _is_script(path) else None
    scripts = [file for file in sorted(path.glob("[!._]*.py")) if _is_main(file)]
    # In the order of the names: a folder may have train.py and main.py.
    usual = [file for name in USUAL for file in scripts if file.name == name]
    if len(scripts) > 1 and not usual:
        names = ", ".join(file.name for file in scripts)
        raise StudyError(f"{path} has several scripts: name one of {names}")
    return _script((usual or scripts)[0]) if scripts else None


def _is_script(file: Path) -> bool:
    suffix = file.suffix.lower()
    if suffix in INTERPRETERS:
        return True
    # On drives of Windows every file may be executed, a CSV too.
    if suffix in FORMATS or not os.access(file, os.X_OK):
        return False
    with file.open("rb") as opened:
        return opened.read(2) == b"#!"


def _is_main(file: Path) -> bool:
    text = file.read_text("utf-8", "replace")
    return "add_argument(" in text or "__main__" in text or file.name in USUAL


def _script(path: Path) -> Script:
    # Of other languages only the text is searched; their flags are not known.
    if path.suffix != ".py":
        text = path.read_text("utf-8", "replace")
        return Script(path, (path.name,), (), (), (), "STUDY_SEED" in text)
    trees = dict[str, ast.AST]()
    texts = [_parsed(path.parent, path.name, trees)]
    texts += [(path.parent / name).read_text("utf-8", "replace") for name in trees]
    # Flags may be added by a module that the script imports.
    own = tuple(flag for tree in trees.values() for flag in flags(tree))
    code = (*trees, *_packages(path.parent, trees))
    # A path is any string that names something beside the script.
    strings = [
        node.value
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    metrics = reports(trees.items(), [str(f.value) for f in own if str(f.value).endswith(".json")])
    return Script(
        path,
        code,
        tuple(_inputs(path.parent, strings, code)),
        own,
        tuple(metrics),
        any("STUDY_SEED" in text for text in texts),
    )


def _parsed(root: Path, name: str, trees: dict[str, ast.AST]) -> str:
    """Parse a module and those beside it that it imports into `trees`; its text."""
    text = (root / name).read_text("utf-8", "replace")
    try:
        trees[name] = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise StudyError(f"{root / name}:{line}: it is no Python: {error}") from None
    for module in _imported(trees[name]):
        file = f"{module}.py"
        # Modules that import each other would never end.
        if file not in trees and (root / file).is_file():
            _parsed(root, file, trees)
    return text


def _imported(tree: ast.AST) -> list[str]:
    """The first parts of the names of the modules that a tree imports."""
    nodes = list(ast.walk(tree))
    names = [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    return list(dict.fromkeys(name.partition(".")[0] for name in names))


def _packages(root: Path, trees: dict[str, ast.AST]) -> list[str]:
    """The folders beside a script that it imports."""
    names = dict.fromkeys(name for tree in trees.values() for name in _imported(tree) if name)
    return [f"{name}/" for name in names if any((root / name).glob("*.py"))]


def _inputs(root: Path, strings: Sequence[str], code: Sequence[str]) -> Iterator[str]:
    """The files and folders beside a script that its text names."""
    taken = {name.rstrip("/") for name in code}
    for text in dict.fromkeys(strings):
        path = Path(text)
        # No absolute paths and none that leave the folder: workers get links to these.
        plain = re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*/?", text) and ".." not in path.parts
        top = path.parts[0] if plain and path.parts else "."
        if top not in (".", *taken) and path.suffix != ".py" and (root / path).exists():
            taken.add(top)
            yield top
