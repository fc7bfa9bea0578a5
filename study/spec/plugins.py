"""Plugins: the modules of a user that add models, parts and tasks, with a digest of their code.

Nothing is imported here, so that a command knows its plugins before it starts torch.
"""

import hashlib
import re
import sys
from collections.abc import Iterable, Sequence
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
"""The group of entry points by which an installed package declares its plugins."""


@dataclass(frozen=True)
class Plugin:
    """A module that adds parts, models or tasks when it is imported."""

    name: str
    """The module's name, dotted where it is in a package."""
    path: Path
    """The module's file, or the folder of its package."""
    digest: str
    """The digest of `path` when it was read; installed packages and other plugins are not in it."""

    @property
    def text(self) -> str:
        """The text for `--import` that names this module from any folder."""
        if _name(self.path) == self.name:
            return str(self.path)
        inside = self.name.partition(".")[0] == self.path.name
        return str(self.path.with_name(self.name)) if inside else self.name

    @property
    def source(self) -> list[str]:
        """The text and the digest, as records have them."""
        return [self.text, self.digest]

    @property
    def start(self) -> Path:
        """The file that Python runs when `path` is imported."""
        return self.path / "__init__.py" if self.path.is_dir() else self.path


def find_plugins(texts: Iterable[str]) -> list[Plugin]:
    """The installed plugins, then those that `texts` name, each once.

    Raises:
        SpecError: a plugin does not exist, or two different plugins have the same name.
    """
    by_name: dict[str, Plugin] = {}
    for plugin in [*installed(), *map(find_plugin, texts)]:
        if (other := by_name.setdefault(plugin.name, plugin)) != plugin:
            raise SpecError(
                f'two plugins have the name "{plugin.name}": {other.path}, {plugin.path}'
            )
    return list(by_name.values())


def find_plugin(text: str) -> Plugin:
    """The plugin that `text` names: a .py file, a package's folder, or an importable module.

    The current folder counts as importable. `FOLDER/lab.parts` is a module of `FOLDER/lab`.

    Raises:
        SpecError: it does not exist, is not written in Python, or has the name of another module.
    """
    path = Path(text).expanduser()
    is_bare_name = len(path.parts) < 2 and not path.is_absolute()
    is_dotted = "." in path.name and not path.exists()
    if path.suffix == ".py" or not (is_bare_name or is_dotted):
        return _from_path(text, path.resolve())
    if not all(word.isidentifier() for word in path.name.split(".")):
        raise SpecError(f'"{text}" is neither the path of a .py file nor the name of a module')
    return _from_name(path.name, None if is_bare_name else path.parent.resolve())


def planned(sources: Iterable[Sequence[str]]) -> list[Plugin]:
    """The plugins of a record, which has the text and the digest of each.

    Raises:
        SpecError: one has changed since the record was planned.
    """
    plugins = list[Plugin]()
    for text, digest_then in sources:
        plugin = find_plugin(text)
        if plugin.digest != digest_then:
            raise SpecError(f"{plugin.path} has changed since it was planned: plan anew")
        plugins.append(plugin)
    return plugins


def installed() -> list[Plugin]:
    """The plugins that installed packages declare.

    Raises:
        SpecError: a declared module does not exist; the message names the package.
    """
    return [_declared(point) for point in sorted(entry_points(group=GROUP), key=str)]


def digest(path: Path) -> str:
    """The digest of a file, or of all files of a folder with their relative names.

    Hidden files and compiled code are left out; other files may be data that the code reads.
    """
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    contents = hashlib.sha256()
    # Sorted, because file systems list in any order.
    for file in sorted(path.rglob("*")):
        words = file.relative_to(path).parts
        if not file.is_file() or any(word.startswith((".", "__pycache__")) for word in words):
            continue
        name, content = file.relative_to(path).as_posix(), file.read_bytes()
        # Name and length delimit each file, so that moved text cannot give the same digest.
        contents.update(f"{name}\0{len(content)}\0".encode() + content)
    return contents.hexdigest()


# ---- paths ----


def _from_path(text: str, path: Path) -> Plugin:
    if not path.exists():
        modules = {module.name for module in _modules(path.parent)}
        raise SpecError(f"{unknown('plugin', path.name, modules)}, looked for in {path.parent}")
    if path.is_dir() and not (path / "__init__.py").is_file():
        raise SpecError(f"{text} is a folder but not a package: it has no __init__.py")
    if path.is_file() and path.suffix != ".py":
        raise SpecError(f"{text} is not a Python file: its name does not end in .py")
    name = _name(path)
    if not name.isidentifier() or iskeyword(name):
        word = re.sub(r"\W", "_", name)
        better = word if word != name and word.isidentifier() else f"my_{word}"
        raise SpecError(f'"{name}" cannot be the name of a module; "{better}" can')
    if shadowed := _shadowed(path):
        raise SpecError(f'"{name}" is already the name of {shadowed}: rename {path.name}')
    return Plugin(name, path, digest(path))


def _name(path: Path) -> str:
    """The name under which Python imports a file or folder."""
    return path.name.removesuffix(".py")


def _modules(folder: Path) -> list[Path]:
    """The files and packages in a folder."""
    return [*folder.glob("*.py"), *(start.parent for start in folder.glob("*/__init__.py"))]


def _shadowed(path: Path) -> str | None:
    """The other module that Python would import under the name of `path`, or None."""
    name = _name(path)
    if name in sys.stdlib_module_names:
        return "a module of Python"
    if name == "study":
        return "this package"
    spec = _spec(name)
    if spec is None or spec.origin is None:  # any folder has a spec, as a namespace package
        return None
    place = Path(spec.origin).resolve()
    # A module of the working folder is on Python's path itself and shadows nothing.
    same = place in (path, path / "__init__.py") or Path.cwd() in place.parents[:2]
    return None if same else f"an installed module ({place})"


# ---- names ----


def _from_name(name: str, folder: Path | None = None) -> Plugin:
    """The plugin of this module name in `folder`, or in the current folder and on Python's path.

    A dotted name is followed step by step, because `find_spec` would import the package.
    """
    top, *rest = name.split(".")
    if top in {*sys.stdlib_module_names, "study"}:
        raise SpecError(f'"{name}" is not a plugin: name a module of your own')
    spec = PathFinder.find_spec(top, [str(folder or Path.cwd())])
    if local := _place(spec):
        _from_path(name, local)  # refuses a name that another module has
    else:
        spec = None if folder else _spec(top)
    path = _place(spec)
    for word in rest:
        folders = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(f"{spec.name}.{word}", folders) if spec and folders else None
        path = path or _place(spec)
    if spec is None or path is None:
        places = folder or f"{Path.cwd()} and Python's path"
        raise SpecError(f"{unknown('plugin', name, _importable())}, looked for in {places}")
    return Plugin(name, path, digest(path))


def _spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError):  # such as __main__, which has none
        return None


def _place(spec: ModuleSpec | None) -> Path | None:
    """The module's file, or its package's folder; None for a module without Python source."""
    origin = Path(spec.origin or "") if spec else Path()
    if origin.suffix != ".py":
        return None
    return (origin.parent if origin.name == "__init__.py" else origin).resolve()


def _importable() -> set[str]:
    """The names of all modules that could be imported, for a suggestion in an error."""
    return {_name(path) for path in _modules(Path.cwd())} | _installed_names()


@cache
def _installed_names() -> set[str]:
    return {module.name for module in iter_modules()}


def _declared(point: EntryPoint) -> Plugin:
    package = point.dist.name if point.dist else "an unnamed package"
    entry = f"entry point {point.name} = {point.value} (group {GROUP}) of {package}"
    # The digest is that of a module's source; an object would leave the rest of it out.
    if point.attr:
        raise SpecError(f'{entry} names an object; it must name a module: "{point.module}"')
    try:
        return _from_name(point.module)
    except SpecError as error:
        raise SpecError(f"{entry}: {error}") from error
