"""Importing a plugin by its path; its errors become messages with file and line."""

import sys
import traceback
import warnings
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from study.errors import StudyError
from study.spec.plugins import Plugin


class PluginError(StudyError):
    """A plugin cannot be imported, or adds something that cannot be used."""


def imported(plugin: Plugin) -> None:
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
