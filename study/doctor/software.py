"""Checks of the software: Python, libraries, the code's commit, recipes, plugins and extras."""

import platform
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from study import __version__
from study.doctor.findings import Finding, Scope, fail, note, ok
from study.errors import StudyError
from study.spec import plugins
from study.spec.problems import Location
from study.spec.yaml import Tree, expanded
from study.store.provenance import origin
from study.tasks.classification.recipes import recipe_of
from study.tasks.classification.schema import recipes

INSTALL = "python -m pip install -e . -c constraints.txt"
EXTRAS = {"datasets": "hfds/NAME", "webdataset": "wds/NAME"}


def python(scope: Scope) -> Iterator[Finding]:
    """The interpreter and the platform."""
    yield ok(f"python {platform.python_version()} at {sys.prefix}, {platform.platform()}")


def library(name: str, scope: Scope) -> Iterator[Finding]:
    """A library is installed, can be imported, and was built for the installed torch."""
    try:
        installed = version(name)
    except PackageNotFoundError:
        yield fail(f"{name} is not installed", INSTALL)
        return
    # Wheels of torchvision pin the torch they are built for; another one fails at import or later.
    wanted = [re.fullmatch(r"torch==([\w.]+)", need) for need in requires(name) or ()]
    # The part behind the plus names the CUDA build and is not in requirements.
    torch = version("torch").partition("+")[0]
    for need in filter(None, wanted):
        if need[1].partition("+")[0] != torch:
            yield fail(f"{name} {installed} was built for torch {need[1]}, not {torch}", INSTALL)
            return
    try:
        import_module(name)
    except Exception as error:  # a binary mismatch can raise anything
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        yield fail(f"{name} {installed} cannot be imported: {message}", INSTALL)
        return
    yield ok(f"{name} {installed}")


def code(scope: Scope) -> Iterator[Finding]:
    """The version and commit that results would name."""
    code = origin()
    if code["commit"] is None:
        yield note(f"study {__version__}, outside git: results name a digest of the code instead")
    elif code["dirty"]:
        message = f"study {__version__}, commit {code['commit'][:10]} with uncommitted changes"
        yield note(message, "commit them, so that results name the code they come from")
    else:
        yield ok(f"study {__version__}, commit {code['commit'][:10]}")


def shipped_recipes(scope: Scope) -> Iterator[Finding]:
    """The recipes of this package are valid for the installed timm."""
    from study.tasks.classification import train

    for name in recipes():
        shipped, problems = recipe_of(expanded(Tree(name, Location("doctor", name))))
        if shipped is None or problems:
            yield fail(f"recipe {name}: {problems[0].message}", "correct its file")
            return
        try:
            train.check(shipped.recipe)
        except StudyError as error:
            yield fail(f"recipe {name}: {error}", INSTALL)
            return
    yield ok(f"recipes {', '.join(recipes())}")


def parts(scope: Scope) -> Iterator[Finding]:
    """Models and parts that installed packages add."""
    from study import registries

    sources = plugins.installed()
    for source in sources:
        added = [name for names in registries.register(source).names.values() for name in names]
        yield ok(f"parts of {source.name}: {', '.join(added)}")
    if not sources:
        yield ok(f"no installed package adds parts (entry points {plugins.GROUP})")


def extras(scope: Scope) -> Iterator[Finding]:
    """Optional packages that read further data sets."""
    absent = [name for name in EXTRAS if find_spec(name) is None]
    if absent:
        data = " and ".join(EXTRAS[name] for name in absent)
        step = 'python -m pip install -e ".[hub]"'
        yield note(f"{' and '.join(absent)} not installed: needed by data {data} alone", step)
    for name in EXTRAS.keys() - absent:
        yield ok(f"{name} {version(name)}")
