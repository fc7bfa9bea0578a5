"""Packages that tests need are installed with `[test]`, so that CI skips none of them."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
NOT_INSTALLED = {"webdataset"}
"""Packages whose tests run only where a developer has them."""


def packages(extra: str) -> set[str]:
    """The names of an extra's packages, those of the extras that it includes among them."""
    names = set()
    for requirement in EXTRAS[extra]:
        own, inner = re.match(r"([\w-]+)(?:\[([\w,]+)\])?", requirement).groups()
        included = inner.split(",") if inner and own == "study-harness" else []
        names |= set.union({own}, *map(packages, included)) - {"study-harness"}
    return names


def test_no_test_is_skipped_for_want_of_a_package():
    text = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    needed = set(re.findall(r'importorskip\("(\w+)', text)) - NOT_INSTALLED
    assert {"datasets"} <= needed <= packages("test")


def test_constraints_name_a_version_of_every_package_for_tests():
    pinned = re.findall(r"(?m)^([\w.-]+)==", (ROOT / "constraints.txt").read_text("utf-8"))
    assert packages("test") <= {*pinned}
