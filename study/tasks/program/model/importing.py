"""The user's modules, imported from a copy of their files and visible only while they are used.

Arms may have modules of the same name from different files, and so may two plans of one process.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

OURS = {"study", "torch", *sys.stdlib_module_names}
"""Modules that stay as they are: a second copy of them in a process would fail."""


@dataclass
class Modules:
    """The modules in a folder; between two uses none of them is in `sys.modules`."""

    folder: Path
    _loaded: dict[str, ModuleType] = field(default_factory=dict)

    @contextmanager
    def used(self) -> Iterator[None]:
        """They can be imported meanwhile, and hide others of their names."""
        place, before = str(self.folder), sys.dont_write_bytecode
        hidden = self._taken()
        sys.modules.update(self._loaded)
        sys.path.insert(0, place)
        importlib.invalidate_caches()  # the folder may be younger than Python's list of its files
        sys.dont_write_bytecode = True
        try:
            with redirect_stdout(sys.stderr):  # which may be the JSON of a command
                yield
        finally:
            sys.dont_write_bytecode = before
            sys.path.remove(place)
            self._loaded.update(self._taken())
            sys.modules.update(hidden)

    def _taken(self) -> dict[str, ModuleType]:
        """The present modules with names of this folder, out of `sys.modules`."""
        names = {path.name.removesuffix(".py") for path in self.folder.iterdir()} - OURS
        mine = [name for name in sys.modules if name.partition(".")[0] in names]
        return {name: sys.modules.pop(name) for name in mine}
