"""Python values as a study file has them: dictionaries, lists and scalars."""

from collections.abc import Mapping
from pathlib import PurePath

from study.errors import StudyError
from study.spec.yaml import MAX_DEPTH


def plain(value: object, place: str) -> dict[str, object]:
    """A mapping as plain data; `place` names it in messages.

    Tuples become lists, paths texts, and numbers of numpy Python's.

    Raises:
        StudyError: it is no mapping, or holds something that a study file cannot.
    """
    if not isinstance(value, Mapping):
        raise StudyError(f"{place}: a mapping of the keys of a study file, not {value!r}")
    return {str(key): _plain(item, f"{place}.{key}", 1) for key, item in value.items()}


def _plain(value: object, place: str, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise StudyError(f"{place}: nested too deeply")
    if isinstance(value, Mapping):
        return {str(k): _plain(item, f"{place}.{k}", depth + 1) for k, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{n}]", depth + 1) for n, item in enumerate(value)]
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, PurePath):
        return str(value)
    # A scalar of numpy or torch; an array of several values has no item.
    if callable(item := getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:
        return _plain(item(), place, depth + 1)
    raise StudyError(f"{place}: {type(value).__name__} is nothing that a study file can hold")
