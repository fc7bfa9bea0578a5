"""The contract of every registry: what each of its entries must do, checked for one entry."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from study import registries

STYLE = "says what it is"
"""The check of docstrings, which changes no result."""

Check = Callable[[Any], str]
"""A function of an entry that returns what is wrong with it, or ""."""


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check of one entry."""

    check: str
    """The name of the check."""
    ok: bool
    message: str
    """The fault; "" without one."""

    @property
    def is_style(self) -> bool:
        return self.check == STYLE


def checks(kind: str, name: str) -> Iterator[CheckResult]:
    """The results of the checks of an entry, up to one that says that it cannot be built."""
    if kind in MODULES:
        results = import_module("study.models.contract").checks(kind, name)
    else:
        entry = registries.registry(kind)[name]
        results = (_result(what, check, entry) for what, check in _checks(kind).items())
    for result in results:
        yield result
        # Every later check would repeat the same error.
        if result.check.startswith("builds") and not result.ok:
            return


def _checks(kind: str) -> dict[str, Check]:
    # Imported when needed, since that of classification imports torch.
    own: dict[str, Check] = import_module(CONTRACTS[kind]).CHECKS[kind] if kind in CONTRACTS else {}
    # A metric has a label, a task is an object, and an operator a text.
    return own if kind in ("metric", "operator", "task") else {STYLE: _says, **own}


def _result(what: str, check: Check, entry: object) -> CheckResult:
    try:
        message = check(entry)
    except Exception as error:  # of a user's code, so an error is its result
        message = f"{type(error).__name__}: {error}"
    return CheckResult(what, not message, message)


def _says(entry: object) -> str:
    """The entry has a docstring; its first line is printed by `study plugins`."""
    doc = getattr(entry, "__doc__", None) or ""
    # An instance without a docstring of its own has that of its type (functools.partial, say).
    own = "" if doc == type(entry).__doc__ else doc
    first = own.strip().partition("\n")[0]
    return "" if first.endswith(".") else "has no docstring whose first line ends in a full stop"


MODULES = ("stem", "embedding", "reduction", "position", registries.MODEL)
"""Kinds whose entries are built as modules, by cases of their slot."""

CONTRACTS = {
    **dict.fromkeys(
        ("metric", "loss", "optimizer", "schedule", "transform"),
        "study.tasks.classification.contract",
    ),
    "design": "study.spec.contract",
    "format": "study.report.contract",
}
"""The modules whose `CHECKS` have the checks of each kind. A data set, a task and a figure are
checked when a study is planned or reported."""
