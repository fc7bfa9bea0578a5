"""A user's own parts: where the module that adds them is, and a digest of what it says.

Nothing is imported here, so that a command can know its sources before it starts torch.
"""

import hashlib
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from pkgutil import iter_modules

from study.errors import SpecError, unknown

GROUP = "study.parts"
"""The entry points of a package whose parts are there wherever it is installed."""


@dataclass(frozen=True)
class Source:
    """A module that adds parts or models when it is imported."""

    name: str
    """Of the module, dotted where it is in a package."""
    path: Path
    """The file, or the folder of the package that has it."""
    digest: str
    """Of `path`, when it was looked at. What is installed, or of another source, is not in it."""

    @property
    def text(self) -> str:
        """What names it from any folder."""
        if _name(self.path) == self.name:
            return str(self.path)
        inside = self.name.partition(".")[0] == self.path.name
        return str(self.path.with_name(self.name)) if inside else self.name

    @property
    def start(self) -> Path:
        """The file that Python runs when `path` is imported."""
        return self.path / "__init__.py" if self.path.is_dir() else self.path


def sources(texts: Iterable[str]) -> list[Source]:
    """The installed ones, then those that `texts` name, each once.

    Raises:
        SpecError: one cannot be found, or two different ones have the same name.
    """
    found: dict[str, Source] = {}
    for one in [*installed(), *map(source, texts)]:
        if (other := found.setdefault(one.name, one)) != one:
            raise SpecError(
                f'two sources of parts are called "{one.name}": {other.path} and {one.path}'
            )
    return list(found.values())


def source(text: str) -> Source:
    """What `text` names: a .py file, the folder of a package, or a module that Python would find.

    The current folder counts as importable. FOLDER/lab.parts is a module of FOLDER/lab.

    Raises:
        SpecError: there is no such thing, it is not written in Python, or its name is taken.
    """
    path = Path(text).expanduser()
    alone = len(path.parts) < 2 and not path.is_absolute()
    dotted = "." in path.name and not path.exists()
    if path.suffix == ".py" or not (alone or dotted):
        return _from_path(text, path.resolve())
    if not all(word.isidentifier() for word in path.name.split(".")):
        raise SpecError(f'"{text}" is neither the path of a .py file nor the name of a module')
    return _from_name(path.name, None if alone else path.parent.resolve())


def installed() -> list[Source]:
    """The sources that installed packages declare.

    Raises:
        SpecError: one cannot be found; names the package at fault.
    """
    return [_declared(point) for point in sorted(entry_points(group=GROUP), key=str)]


def digest(path: Path) -> str:
    """Of a file's content, or of every .py file of a folder with its relative name."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    contents = hashlib.sha256()
    for file in sorted(path.rglob("*.py")):
        name, content = file.relative_to(path).as_posix(), file.read_bytes()
        contents.update(f"{name}\0{len(content)}\0".encode() + content)
    return contents.hexdigest()


# ---- paths ----


def _from_path(text: str, path: Path) -> Source:
    if not path.exists():
        told = unknown("file of parts", path.name, {other.name for other in _modules(path.parent)})
        raise SpecError(f"{told}, looked for in {path.parent}")
    if path.is_dir() and not (path / "__init__.py").is_file():
        raise SpecError(f"{text} is a folder and no package: it has no __init__.py")
    if path.is_file() and path.suffix != ".py":
        raise SpecError(f"{text} is no Python file: its name does not end in .py")
    name = _name(path)
    if not name.isidentifier() or iskeyword(name):
        word = re.sub(r"\W", "_", name)
        better = word if word != name and word.isidentifier() else f"my_{word}"
        raise SpecError(f'"{name}" cannot be the name of a module; "{better}" can')
    if taken := _shadowed(path):
        raise SpecError(f'"{name}" is the name of {taken} already: rename {path.name}')
    return Source(name, path, digest(path))


def _name(path: Path) -> str:
    """Of the module that `path` is when it is imported by itself."""
    return path.name.removesuffix(".py")


def _modules(folder: Path) -> list[Path]:
    """The files and packages in a folder."""
    return [*folder.glob("*.py"), *(start.parent for start in folder.glob("*/__init__.py"))]


def _shadowed(path: Path) -> str | None:
    """What else Python would import under the name of `path`, from outside the current folder."""
    name = _name(path)
    if name in sys.stdlib_module_names:
        return "a module of Python"
    if name == "study":
        return "this package"
    spec = _spec(name)
    if spec is None or spec.origin is None:  # a folder that is no package has a spec, too
        return None
    place = Path(spec.origin).resolve()
    same = place in (path, path / "__init__.py") or Path.cwd() in place.parents[:2]
    return None if same else f"an installed module ({place})"


# ---- names ----


def _from_name(name: str, folder: Path | None = None) -> Source:
    """In `folder`; or in the current one and where Python looks.

    Follows a dotted name into its package, which `find_spec` alone would import on the way.
    """
    top, *rest = name.split(".")
    if top in {*sys.stdlib_module_names, "study"}:
        raise SpecError(f'"{name}" is no source of parts: a module of yours adds them')
    spec = PathFinder.find_spec(top, [str(folder or Path.cwd())])
    if here := _place(spec):
        _from_path(name, here)  # refuses a name that is taken
    else:
        spec = None if folder else _spec(top)
    path = _place(spec)
    for word in rest:
        folders = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(f"{spec.name}.{word}", folders) if spec and folders else None
        path = path or _place(spec)
    if spec is None or path is None:
        told = unknown("module of parts", name, _importable())
        raise SpecError(f"{told}, looked for in {folder or f'{Path.cwd()} and where Python looks'}")
    return Source(name, path, digest(path))


def _spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError):  # such as __main__, which has none
        return None


def _place(spec: ModuleSpec | None) -> Path | None:
    """The file, or the folder of the package; None for a module without Python source."""
    origin = Path(spec.origin or "") if spec else Path()
    if origin.suffix != ".py":
        return None
    return (origin.parent if origin.name == "__init__.py" else origin).resolve()


def _importable() -> set[str]:
    """Names that could have been meant: those in the current folder and the installed ones."""
    return {_name(path) for path in _modules(Path.cwd())} | _installed_names()


@cache
def _installed_names() -> set[str]:
    return {module.name for module in iter_modules()}


def _declared(point: EntryPoint) -> Source:
    package = point.dist.name if point.dist else "an unnamed package"
    told = f"entry point {point.name} = {point.value} (group {GROUP}) of {package}"
    if point.attr:
        raise SpecError(f'{told} names an object; a module is meant: "{point.module}"')
    try:
        return _from_name(point.module)
    except SpecError as error:
        raise SpecError(f"{told}: {error}") from error
