"""The registries that a plugin may add to, and what each plugin has added.

A registry is imported only for a plugin that names its package, so that a plugin without networks
needs no torch. Registries are global to the process, and so is the record of what was added.
"""

import ast
import logging
import re
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from study.errors import StudyError
from study.spec.plugins import Plugin, digest

REGISTRIES = {
    "stem": ("study.models.parts.stems", "STEMS"),
    "embedding": ("study.models.parts.embeddings", "EMBEDDINGS"),
    "reduction": ("study.models.parts.reductions", "REDUCTIONS"),
    "position": ("study.models.parts.positions", "POSITIONS"),
    "replacement": ("study.models.surgery", "REPLACEMENTS"),
    "data": ("study.tasks.classification.data.sources", "SOURCES"),
    "transform": ("study.tasks.classification.data.transforms", "TRANSFORMS"),
    "loss": ("study.tasks.classification.train.losses", "LOSSES"),
    "optimizer": ("study.tasks.classification.train.optimizers", "OPTIMIZERS"),
    "schedule": ("study.tasks.classification.train.schedules", "SCHEDULES"),
    "metric": ("study.tasks.classification.quality", "QUALITIES"),
    "operator": ("study.metrics.fvcore_counter", "FREE"),
    "task": ("study.tasks", "TASKS"),
    "design": ("study.spec.designs", "DESIGNS"),
    "figure": ("study.report.figures", "FIGURES"),
    "format": ("study.report.formats", "FORMATS"),
}
"""The module and the name of each registry, by kind of entry."""

MODEL = "model"
"""The kind of timm's registry of models, which has functions of its own."""

LIGHT = {"task", "design"}
"""Kinds whose modules are quick to import."""

INSTALLED = {"site-packages", "dist-packages"}
"""Names of the folders that hold installed packages."""

PYTHON = {Path(sysconfig.get_path(key)).resolve() for key in ("stdlib", "platstdlib")}
STUDY = Path(__file__).resolve().parents[1]

log = logging.getLogger("study")


class PluginError(StudyError):
    """A plugin cannot be imported, or adds something that cannot be used."""


@dataclass(frozen=True)
class Registration:
    """The names that a plugin added or replaced, by kind."""

    plugin: Plugin
    names: Mapping[str, tuple[str, ...]]


REGISTRATIONS: dict[str, Registration] = {}
"""Registered plugins by name, in the order in which they were imported."""


def register(plugin: Plugin) -> Registration:
    """Import a plugin, once per process.

    Raises:
        PluginError: it cannot be imported, has changed since its digest was computed, or adds an
            entry that is none of its kind.
    """
    if registration := REGISTRATIONS.get(plugin.name):
        if registration.plugin != plugin:
            raise PluginError(f"{plugin.name} was imported already, from other code: start again")
        return registration
    # The file may have been edited since its digest entered the names of trials.
    if digest(plugin.path) != plugin.digest:
        raise PluginError(f"{plugin.path} has changed since the start: start again")
    kinds, modules = _kinds(plugin), set(sys.modules)
    before = entries(kinds)
    imported_before = plugin.name in sys.modules
    _run(plugin)
    added = {
        kind: tuple(_added(plugin, kind, before[kind], now, by_module=imported_before))
        for kind, now in entries(kinds).items()
    }
    if not any(added.values()):
        log.warning("%s adds nothing to %s", plugin.name, ", ".join(kinds))
    _warn_of_undigested(plugin, sys.modules.keys() - modules)
    own = {kind: several for kind, several in added.items() if several}
    REGISTRATIONS[plugin.name] = Registration(plugin, own)
    return REGISTRATIONS[plugin.name]


def used_plugins(names: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The digests, by name, of the plugins that added any of these entries, by kind.

    A plugin counts as well if one of them imports it.
    """
    # A plugin that only adds what nobody uses changes no result.
    users = {
        registration.plugin.name
        for registration in REGISTRATIONS.values()
        for kind, added in registration.names.items()
        if not {*added}.isdisjoint(names.get(kind, ()))
    }
    # Repeated, since a plugin that is imported may import others.
    while more := {name for user in users for name in _imported(user)} - users:
        users |= more
    return {
        name: registration.plugin.digest
        for name, registration in REGISTRATIONS.items()
        if name in users
    }


def names(kind: str) -> set[str]:
    """The names of a kind that plugins added or replaced."""
    return {name for added in REGISTRATIONS.values() for name in added.names.get(kind, ())}


def entries(kinds: Iterable[str] = (*REGISTRIES, MODEL)) -> dict[str, dict[str, object]]:
    """The present entries of registries by kind; those of timm are its entry points."""
    return {kind: dict(_models() if kind == MODEL else registry(kind)) for kind in kinds}


def registry(kind: str) -> dict[str, object]:
    module, name = REGISTRIES[kind]
    entries: dict[str, object] = getattr(import_module(module), name)
    return entries


def _models() -> dict[str, object]:
    # Private, since timm has no public function that returns the entry points.
    from timm.models import _registry

    points: dict[str, object] = _registry._model_entrypoints
    return points


def _kinds(plugin: Plugin) -> list[str]:
    """The kinds that a plugin may add to: by the modules that its code names."""
    text = "\n".join(file.read_text("utf-8", "replace") for file in _files(plugin))
    # study.tasks is always included; as a named module it would include all of every task.
    named = {*re.findall(r"\bstudy(?:\.\w+)+", text)} - {"study.tasks"}

    def is_near(module: str) -> bool:
        """True for a module that is imported already, or in or around one that is named."""
        around = (f"{name}.".startswith(f"{module}.") for name in named)
        inside = module.startswith(tuple(f"{name}." for name in named))
        return module in sys.modules or any(around) or inside

    kinds = [kind for kind, (module, _) in REGISTRIES.items() if kind in LIGHT or is_near(module)]
    return [*kinds, MODEL] if "timm" in text or "timm.models" in sys.modules else kinds


def _added(
    plugin: Plugin,
    kind: str,
    before: Mapping[str, object],
    now: Mapping[str, object],
    *,
    by_module: bool,
) -> Iterator[str]:
    """The names that the plugin added or replaced; by the module of an entry if it was imported
    before, by another plugin or by the user's program."""
    for name, entry in now.items():
        top = str(getattr(entry, "__module__", "")).partition(".")[0]
        same = name in before and before[name] is entry
        if same and not (by_module and top == plugin.name.partition(".")[0]):
            continue
        if name in before and not same:
            log.warning('%s replaces %s "%s"', plugin.name, kind, name)
        if why := mistake(kind, entry):
            raise PluginError(f"{plugin.path}: the {kind} {name} {why}")
        yield name
    for name in before.keys() - now.keys():
        log.warning('%s removes %s "%s"', plugin.name, kind, name)


def mistake(kind: str, entry: object) -> str:
    """The reason why an object is no entry of a registry of this kind, or "".

    No type checker sees a plugin.
    """
    # Tasks and metrics are objects, of which their module says what they need.
    own = kind in REGISTRIES and getattr(import_module(REGISTRIES[kind][0]), "mistake", None)
    if own:
        return str(own(entry))
    return "" if callable(entry) else "cannot be called"


# ---- the code of a plugin ----


def _files(plugin: Plugin) -> list[Path]:
    return sorted(plugin.path.rglob("*.py")) if plugin.path.is_dir() else [plugin.path]


def _imported(name: str) -> Iterator[str]:
    """The registered plugins that the code of a plugin imports."""
    tops = {other.partition(".")[0]: other for other in REGISTRATIONS if other != name}
    for file in _files(REGISTRATIONS[name].plugin):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            # No module in `from . import name`.
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from (tops[m.partition(".")[0]] for m in modules if m.partition(".")[0] in tops)


def _warn_of_undigested(plugin: Plugin, modules: Iterable[str]) -> None:
    """Warn of imported code that is neither installed nor part of a plugin."""
    digested = [plugin.path, *(added.plugin.path for added in REGISTRATIONS.values())]
    # The program itself, which multiprocessing lists under a second name.
    modules = {*modules} - {"__main__", "__mp_main__"}
    files = {file for file in map(_file, modules) if file and not _installed(file)}
    strangers = {file for file in files if not any(map(file.resolve().is_relative_to, digested))}
    if strangers:
        log.warning(
            "%s imports %s, which is in no digest: an edit of it renames no trial; "
            "make one package of both",
            plugin.name,
            min(strangers),
        )


def _file(module: str) -> Path | None:
    """The file of a module; None for built-in, namespace and generated modules."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if not isinstance(file, str) or not Path(file).is_absolute():  # torch.ops gives "_ops.py"
        return None
    return Path(file)


def _installed(file: Path) -> bool:
    """True for files of Python, installed packages and this package, which have versions."""
    return bool(INSTALLED & {*file.parts} or {*PYTHON, STUDY} & {*file.resolve().parents})


# ---- importing ----


def _run(plugin: Plugin) -> None:
    """Import a plugin; its error becomes a PluginError with file, line and message."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Overwriting .* in registry")  # told by `_added`
            _import(plugin)
    # SystemExit, since a script may call sys.exit() when it is imported.
    except (Exception, SystemExit) as error:
        last = traceback.format_exception_only(error)[-1].strip()
        raise PluginError(f"{_place(error, plugin)}: {last}") from error


def _import(plugin: Plugin) -> None:
    """Import a plugin by its path, without adding its folder to sys.path."""
    # On sys.path, other files of the folder could shadow installed modules.
    top = plugin.name.partition(".")[0]
    if top not in sys.modules and plugin.path.name.removesuffix(".py") == top:
        spec = spec_from_file_location(top, plugin.start)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[top] = module_from_spec(spec)
        try:
            spec.loader.exec_module(sys.modules[top])
        except BaseException:
            del sys.modules[top]  # as Python's own import does
            raise
    import_module(plugin.name)


def _place(error: BaseException, plugin: Plugin) -> str:
    """`file:line` in the plugin that raised the error, or has the syntax error."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(plugin.path)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else str(plugin.path)
