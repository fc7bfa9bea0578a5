"""Plugins: import a user's file or package that registers parts and models, and track its digest.

The slots and timm's registry are global to the process, and so is the record of what was added.
"""

import sys
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from timm.models import _registry, split_model_name_tag

from study.errors import BuildError
from study.models import SLOTS
from study.models.arguments import Arguments
from study.spec.plugins import Plugin, digest
from study.tasks import TASKS, mistake

REGISTRIES: dict[str, Any] = {**SLOTS, "task": TASKS}
"""The dictionaries that a plugin may add to, by kind of entry."""

MODEL = "model"
"""The name of timm's registry beside those of the slots."""

INSTALLED = {"site-packages", "dist-packages"}
"""Names of the folders that hold installed packages."""

PYTHON = {Path(sysconfig.get_path(key)).resolve() for key in ("stdlib", "platstdlib")}
STUDY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Registration:
    """Names that a plugin added, by slot; those of timm models under `MODEL`."""

    source: Plugin
    names: Mapping[str, tuple[str, ...]]


REGISTRATIONS: dict[str, Registration] = {}
"""Registered plugins by the name of their source."""


def register(source: Plugin) -> Registration:
    """Import a plugin once per process; on an error every registry is restored.

    Raises:
        BuildError: the plugin cannot be imported, has changed since its digest was computed,
            imports code outside every digest, adds nothing, replaces or removes an entry, or adds a
            name that a study file cannot contain.
    """
    if added := REGISTRATIONS.get(source.name):
        if added.source != source:
            raise BuildError(f"{source.name} was imported already, from other code: start again")
        return added
    if source.name in sys.modules:
        message = f"{source.name} was imported already, so what it adds is unknown"
        raise BuildError(f"{message}: name it before the plugin that imports it")
    # The file may have been edited since its digest entered the names of trials.
    if digest(source.path) != source.digest:
        raise BuildError(f"{source.path} has changed since the start: start again")
    restore, before, modules = restorer(), entries(), set(sys.modules)
    try:
        _run(source)
        _refuse_undigested(source, sys.modules.keys() - modules)
        REGISTRATIONS[source.name] = Registration(source, _difference(source, before, entries()))
    # Ctrl-C, too, must not leave a plugin half registered.
    except BaseException:
        restore()
        _forget(source, sys.modules.keys() - modules)
        raise
    return REGISTRATIONS[source.name]


def used_plugins(name: str, arguments: Arguments) -> dict[str, str]:
    """Digests of all plugins by name, if the model uses an entry of any of them; else empty.

    All of them count, because one plugin may import another.
    """
    chosen = {**arguments, MODEL: split_model_name_tag(name)[0]}
    additions = [addition for added in REGISTRATIONS.values() for addition in added.names.items()]
    if not any(chosen.get(slot) in names for slot, names in additions):
        return {}
    return {added.source.name: added.source.digest for added in REGISTRATIONS.values()}


def entries() -> dict[str, dict[str, object]]:
    """The present entries of every slot, and the entry points of timm's models."""
    return {
        **{slot: dict(entries) for slot, entries in REGISTRIES.items()},
        # Private, since timm has no public function that returns the entry points.
        MODEL: dict(_registry._model_entrypoints),
    }


def _difference(
    source: Plugin,
    before: Mapping[str, Mapping[str, object]],
    after: Mapping[str, Mapping[str, object]],
) -> dict[str, tuple[str, ...]]:
    """Names that were added, by slot; raises BuildError for any other change of a registry."""
    for slot, had in before.items():
        for name, part in had.items():
            # By identity: a part that was defined again under the same name is another part.
            if after[slot].get(name) is not part:
                verb = "replaces" if name in after[slot] else "removes"
                message = f'{source.name} {verb} {slot} "{name}", which is not allowed'
                raise BuildError(f"{message}: add it under a new name")
    added = {slot: tuple(k for k in after[slot] if k not in before[slot]) for slot in before}
    for slot, names in added.items():
        for name in names:
            if not isinstance(name, str) or not name.isidentifier():
                raise BuildError(f"{source.name} adds {slot} {name!r}, which is no identifier")
    for name in added["task"]:
        if why := mistake(TASKS[name]):
            raise BuildError(f"{source.path}: the task {name} {why}")
    if not any(added.values()):
        kinds = ", ".join(REGISTRIES)
        raise BuildError(f"{source.name} adds nothing: no timm model and no entry of {kinds}")
    return {slot: names for slot, names in added.items() if names}


def _refuse_undigested(source: Plugin, modules: Iterable[str]) -> None:
    """Raises BuildError for imported code that is neither installed nor part of a plugin."""
    digested = [source.path, *(added.source.path for added in REGISTRATIONS.values())]
    files = {file for file in map(_file, modules) if file and not _installed(file)}
    strangers = {file for file in files if not any(map(file.resolve().is_relative_to, digested))}
    if strangers:
        message = f"{source.name} imports {min(strangers)}: make one package of both"
        raise BuildError(f"{message}, so that its digest covers all its code")


def _file(module: str) -> Path | None:
    """The file of a module; None for built-in, namespace and generated modules."""
    file = getattr(sys.modules[module], "__file__", None)
    if not isinstance(file, str) or not Path(file).is_absolute():  # torch.ops gives "_ops.py"
        return None
    return Path(file)


def _installed(file: Path) -> bool:
    """True for files of Python, installed packages and this package, which have versions."""
    return bool(INSTALLED & {*file.parts} or {*PYTHON, STUDY} & {*file.resolve().parents})


# ---- importing ----


def _run(source: Plugin) -> None:
    """Import a plugin; its error becomes a BuildError with file, line and message."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "Overwriting .* in registry"
            )  # _difference refuses it
            _import(source)
    # SystemExit, since a script may call sys.exit() when it is imported.
    except (Exception, SystemExit) as error:
        last = traceback.format_exception_only(error)[-1].strip()
        raise BuildError(f"{_place(error, source)}: {last}") from error


def _import(source: Plugin) -> None:
    """Import a plugin by its path, without adding its folder to sys.path."""
    # On sys.path, other files of the folder could shadow installed modules.
    top = source.name.partition(".")[0]
    if top not in sys.modules and source.path.name.removesuffix(".py") == top:
        spec = spec_from_file_location(top, source.start)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[top] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[top])
    import_module(source.name)


def _place(error: BaseException, source: Plugin) -> str:
    """`file:line` in the plugin that raised the error, or has the syntax error."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(source.path)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else str(source.path)


# ---- undoing ----


def restorer() -> Callable[[], None]:
    """A function that restores every registry to its present entries."""
    # timm keeps its models in module variables such as _model_entrypoints and _deprecated_models.
    private = [value for name, value in vars(_registry).items() if name.startswith(("_m", "_d"))]
    registries = [
        REGISTRATIONS,
        *REGISTRIES.values(),
        *(v for v in private if isinstance(v, dict | set)),
    ]
    copies: list[tuple[Any, Any]] = [(registry, _copy(registry)) for registry in registries]

    def restore() -> None:
        # In place, since other modules hold references to these dictionaries.
        for registry, entries_before in copies:
            registry.clear()
            registry.update(entries_before)

    return restore


def _copy(registry: Any) -> Any:
    """A copy of a registry and of the dictionaries, sets and lists directly inside it."""
    if isinstance(registry, set):
        return set(registry)
    # One level deep: timm adds names to sets inside its dictionaries.
    return {k: copy(v) if isinstance(v, dict | set | list) else v for k, v in registry.items()}


def _forget(source: Plugin, modules: Iterable[str]) -> None:
    """Remove the plugin's modules from sys.modules, so that it can be imported once corrected."""
    for name in modules:
        file = _file(name)
        if file and (file.resolve().is_relative_to(source.path) or not _installed(file)):
            del sys.modules[name]
            package, _, word = name.rpartition(".")
            if package in sys.modules:  # else `from package import word` still finds it
                vars(sys.modules[package]).pop(word, None)
