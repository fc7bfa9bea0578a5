"""Whether what is installed fits together."""

import platform
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from study import __version__, imports
from study.doctor.findings import Case, Finding, fail, note, ok
from study.errors import StudyError
from study.marks import Mark, Tree, named
from study.origin import origin
from study.shipped import recipe_of, recipes

INSTALL = "python -m pip install -e . -c constraints.txt"
EXTRAS = {"datasets": "hfds/NAME", "webdataset": "wds/NAME"}


def python(case: Case) -> Iterator[Finding]:
    yield ok(f"python {platform.python_version()} at {sys.prefix}, {platform.platform()}")


def library(name: str, case: Case) -> Iterator[Finding]:
    """Installed, importable, and made for the torch that is there."""
    try:
        installed = version(name)
    except PackageNotFoundError:
        yield fail(f"{name} is not installed", INSTALL)
        return
    wanted = [re.fullmatch(r"torch==([\w.]+)", need) for need in requires(name) or ()]
    torch = version("torch").partition("+")[0]
    for need in filter(None, wanted):
        if need[1].partition("+")[0] != torch:
            yield fail(f"{name} {installed} was built for torch {need[1]}, not {torch}", INSTALL)
            return
    try:
        import_module(name)
    except Exception as error:  # of whatever it was built against
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        yield fail(f"{name} {installed} cannot be imported: {said}", INSTALL)
        return
    yield ok(f"{name} {installed}")


def code(case: Case) -> Iterator[Finding]:
    """Whose numbers these would be."""
    known = origin()
    if known["commit"] is None:
        yield note(f"study {__version__}, of no git commit: results name a digest of it instead")
    elif known["dirty"]:
        said = f"study {__version__}, commit {known['commit'][:10]} and changes to it"
        yield note(said, "commit them, so that results say whose they are")
    else:
        yield ok(f"study {__version__}, commit {known['commit'][:10]}")


def shipped_recipes(case: Case) -> Iterator[Finding]:
    from study import train

    for name in recipes():
        recipe, problems = recipe_of(named(Tree(name, Mark("doctor", name))))
        if recipe is None or problems:
            yield fail(f"recipe {name}: {problems[0].message}", "correct its file")
            return
        try:
            train.check(recipe)
        except StudyError as error:
            yield fail(f"recipe {name}: {error}", INSTALL)
            return
    yield ok(f"recipes {', '.join(recipes())}")


def parts(case: Case) -> Iterator[Finding]:
    """What installed packages declare as parts of the user's own."""
    from study.models import foreign

    found = imports.installed()
    for source in found:
        added = [name for names in foreign.register(source).names.values() for name in names]
        yield ok(f"parts of {source.name}: {', '.join(added)}")
    if not found:
        yield ok(f"no installed package adds parts (entry points {imports.GROUP})")


def extras(case: Case) -> Iterator[Finding]:
    absent = [name for name in EXTRAS if find_spec(name) is None]
    if absent:
        data = " and ".join(EXTRAS[name] for name in absent)
        step = 'python -m pip install -e ".[hub]"'
        yield note(f"{' and '.join(absent)} not installed: only data {data} would need it", step)
    for name in EXTRAS.keys() - absent:
        yield ok(f"{name} {version(name)}")
