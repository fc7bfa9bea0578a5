"""A declarative ablation and benchmarking study harness for vision backbones.

    import study

    s = study.load("ablations/stem.yaml")
    s.run(workers=2)
    s.analyse().table()

See docs/python.md.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.api import Study, load
    from study.api.analysis import Analysis
    from study.api.frames import effects
    from study.plan.plan import Plan
    from study.trial.telling import tell

__version__ = "0.1.0"
__all__ = ["Analysis", "Plan", "Study", "effects", "load", "tell"]

_PLACES = {
    "Analysis": "study.api.analysis",
    "Plan": "study.plan.plan",
    "Study": "study.api",
    "effects": "study.api.frames",
    "load": "study.api",
    "tell": "study.trial.telling",
}


def __getattr__(name: str) -> Any:
    # Imported when it is first used, so that `import study` takes no time.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
