"""The registries that a plugin may add to, and what each plugin has added.

A registry is imported only for a plugin that names its package, so that a plugin without networks
needs no torch. Registries are global to the process, and so is the record of what was added.
"""

import logging
import re
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from study.errors import BuildError, StudyError
from study.registries.importing import PluginError, imported
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
    imported(plugin)
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
    """The digests, by name, of the plugins that have any of these entries, by kind.

    A plugin counts as well if one of them names it, or an entry of it.
    """
    users = {owner for (kind, name), owner in _owners().items() if name in names.get(kind, ())}
    while more := {name for user in users for name in _named(user)} - users:
        users |= more
    return {
        name: registration.plugin.digest
        for name, registration in REGISTRATIONS.items()
        if name in users
    }


@contextmanager
def named_cause(model: str, code: Mapping[str, str]) -> Iterator[None]:
    """Name a model in the errors of its plugins, whose digests `code` has by name."""
    try:
        yield
    except StudyError:
        raise
    except Exception as error:
        # Without plugins the error is a bug of this package and keeps its traceback.
        if not code:
            raise
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BuildError(f"{model}: {cause} (study plugins --check explains)") from error


def plugins_of_model(name: str, arguments: Mapping[str, object]) -> dict[str, str]:
    """The digests, by name, of the plugins that a model is of, or has parts of."""
    parts = {slot: (value,) for slot, value in arguments.items() if isinstance(value, str)}
    # Of a name such as resnet18.a1_in1k timm registers the part before the tag.
    model = name if ":" in name else name.partition(".")[0]
    swaps = arguments.get("replace")
    replacements = [str(part) for part in swaps.values()] if isinstance(swaps, dict) else []
    return used_plugins({**parts, "replacement": replacements, MODEL: (model,)})


def _owners() -> dict[tuple[str, str], str]:
    """The plugin of each entry, by kind and name: the last one that added it."""
    return {
        (kind, name): registration.plugin.name
        for registration in REGISTRATIONS.values()
        for kind, added in registration.names.items()
        for name in added
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
        if why := unusable(kind, name) or mistake(kind, entry):
            raise PluginError(f"{plugin.path}: the {kind} {name} {why}")
        yield name
    for name in before.keys() - now.keys():
        log.warning('%s removes %s "%s"', plugin.name, kind, name)


def unusable(kind: str, name: object) -> str:
    """The reason why a study file cannot name an entry so, or ""."""
    if not isinstance(name, str):
        return "has a name that is no text"
    if kind == "metric" and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return "is written in claims: use small letters, digits and _"
    if kind == "optimizer" and name != name.lower():
        return "is looked up in small letters"
    return "is a task of this package" if (kind, name) == ("task", "classification") else ""


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


def _named(name: str) -> Iterator[str]:
    """The other plugins that the code of a plugin names, or of which it names an entry.

    By words, as a plugin may reach another by an import, by its name as text, or by a registry.
    """
    words = {*re.findall(r"\w+", _text(REGISTRATIONS[name].plugin))}
    tops = {other.partition(".")[0]: other for other in REGISTRATIONS}
    yield from (other for top, other in tops.items() if top in words and other != name)
    yield from (o for (_, entry), o in _owners().items() if entry in words and o != name)


def _text(plugin: Plugin) -> str:
    return "\n".join(file.read_text("utf-8", "replace") for file in _files(plugin))


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
