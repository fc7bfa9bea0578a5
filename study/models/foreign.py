"""Parts and models of the user's own: import what adds them, and know which of them a model uses.

The slots and timm's registry are one for the process, and so is what was added to them.
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
from study.imports import Source, digest
from study.models import SLOTS

MODEL = "model"
"""What timm's registry is called beside the slots."""

INSTALLED = {"site-packages", "dist-packages"}
"""What a folder of installed packages is called."""

PYTHON = {Path(sysconfig.get_path(key)).resolve() for key in ("stdlib", "platstdlib")}
STUDY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Added:
    """What a source added: names by slot, those of timm models under `MODEL`."""

    source: Source
    names: Mapping[str, tuple[str, ...]]


ADDED: dict[str, Added] = {}
"""By name of the source."""


def register(source: Source) -> Added:
    """Import `source`, once per process; on an error every registry is left as it was.

    Raises:
        BuildError: it cannot be imported, has changed since it was looked at, imports code that no
            digest knows, adds nothing, replaces or removes what was there, or gives a name that a
            study file cannot.
    """
    if known := ADDED.get(source.name):
        if known.source != source:
            raise BuildError(f"{source.name} was imported already, from other code: start anew")
        return known
    if source.name in sys.modules:
        message = f"{source.name} was imported already, so what it adds cannot be told"
        raise BuildError(f"{message}: name it before whatever imports it")
    if digest(source.path) != source.digest:
        raise BuildError(f"{source.path} has changed since it was looked at: start anew")
    restore, before, modules = restorer(), entries(), set(sys.modules)
    try:
        _run(source)
        _refuse_strangers(source, sys.modules.keys() - modules)
        ADDED[source.name] = Added(source, _difference(source, before, entries()))
    except BaseException:
        restore()
        _forget(source, sys.modules.keys() - modules)
        raise
    return ADDED[source.name]


def used(name: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Digests by name of all sources, as they were registered, where the model takes from any.

    One source may import another, so the code of a part may be in several.
    """
    asked = {**arguments, MODEL: split_model_name_tag(name)[0]}
    offers = [offer for added in ADDED.values() for offer in added.names.items()]
    if not any(asked.get(slot) in names for slot, names in offers):
        return {}
    return {added.source.name: added.source.digest for added in ADDED.values()}


def entries() -> dict[str, dict[str, Any]]:
    """Every slot with its parts as they are now, and the constructors of timm's models."""
    return {
        **{slot: dict(SLOTS[slot]) for slot in SLOTS},
        MODEL: dict(_registry._model_entrypoints),
    }


def _difference(
    source: Source, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[str, ...]]:
    """The names that were added, by slot. Raises BuildError for any other change."""
    for slot, had in before.items():
        for name, part in had.items():
            if after[slot].get(name) is not part:
                verb = "replaces" if name in after[slot] else "removes"
                message = f'{source.name} {verb} {slot} "{name}", which it may not: add a new name'
                raise BuildError(message)
    added = {slot: tuple(k for k in after[slot] if k not in before[slot]) for slot in before}
    for slot, names in added.items():
        for name in names:
            if not isinstance(name, str) or not name.isidentifier():
                raise BuildError(f"{source.name} adds {slot} {name!r}, which is no word")
    if not any(added.values()):
        slots = ", ".join(SLOTS)
        raise BuildError(f"{source.name} adds nothing: no part ({slots}) and no timm model")
    return {slot: names for slot, names in added.items() if names}


def _refuse_strangers(source: Source, modules: Iterable[str]) -> None:
    """Raises BuildError for code that is not installed and that no source's digest knows."""
    known = [source.path, *(added.source.path for added in ADDED.values())]
    files = {file for file in map(_file, modules) if file and not _installed(file)}
    strangers = {file for file in files if not any(map(file.resolve().is_relative_to, known))}
    if strangers:
        message = f"{source.name} imports {min(strangers)}: make one package of both"
        raise BuildError(f"{message}, so that its digest knows all its code")


def _file(module: str) -> Path | None:
    """None for what has none: built in, a folder that is no package, made while running."""
    file = getattr(sys.modules[module], "__file__", None)
    if not isinstance(file, str) or not Path(file).is_absolute():  # torch.ops says "_ops.py"
        return None
    return Path(file)


def _installed(file: Path) -> bool:
    """Of Python, of an installed package, or of this one: what has a version instead."""
    return bool(INSTALLED & {*file.parts} or {*PYTHON, STUDY} & {*file.resolve().parents})


# ---- importing ----


def _run(source: Source) -> None:
    """Raises BuildError that ends as the traceback would."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Overwriting .* in registry")  # refused by ourselves
            _import(source)
    except (Exception, SystemExit) as error:
        last = traceback.format_exception_only(error)[-1].strip()
        raise BuildError(f"{_place(error, source)}: {last}") from error


def _import(source: Source) -> None:
    """A path has no folder on Python's path, and keeps it so; of a package, what is inside has."""
    top = source.name.partition(".")[0]
    if top not in sys.modules and source.path.name.removesuffix(".py") == top:
        spec = spec_from_file_location(top, source.start)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[top] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[top])
    import_module(source.name)


def _place(error: BaseException, source: Source) -> str:
    """`file:line` of the user's code that raised, or that cannot be read."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(source.path)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else str(source.path)


# ---- undoing ----


def restorer() -> Callable[[], None]:
    """What brings every registry back to what it is now."""
    timms = [kept for name, kept in vars(_registry).items() if name.startswith(("_m", "_d"))]
    registries = [ADDED, *SLOTS.values(), *(kept for kept in timms if isinstance(kept, dict | set))]
    kept: list[tuple[Any, Any]] = [(registry, _copy(registry)) for registry in registries]

    def restore() -> None:
        for registry, was in kept:
            registry.clear()
            registry.update(was)

    return restore


def _copy(registry: Any) -> Any:
    """One level deeper, where timm keeps the names of a module's models."""
    if isinstance(registry, set):
        return set(registry)
    return {k: copy(v) if isinstance(v, dict | set | list) else v for k, v in registry.items()}


def _forget(source: Source, modules: Iterable[str]) -> None:
    """All that came with it but what is installed, so that it can be imported once mended."""
    for name in modules:
        file = _file(name)
        if file and (file.resolve().is_relative_to(source.path) or not _installed(file)):
            del sys.modules[name]
            package, _, word = name.rpartition(".")
            if package in sys.modules:  # which would go on giving it
                vars(sys.modules[package]).pop(word, None)
