"""The recipes that ship with this package."""

from functools import cache
from importlib import resources
from pathlib import Path


@cache
def recipes() -> dict[str, str]:
    """The YAML text of every shipped recipe, by name; read once per process."""
    files = resources.files("study") / "recipes"
    return {
        Path(file.name).stem: file.read_text("utf-8")
        for file in sorted(files.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".yaml")
    }
