"""A sentence into a Claim, or what is wrong with it.

Labels are whatever somebody typed, keywords included; so a form is matched against the labels that
exist, and only where none fits against any text, to tell which word is wrong.
"""

import re
from collections.abc import Collection, Mapping
from itertools import product
from math import inf, isinf

from study.claims.forms import FORMS, Claim
from study.claims.measured import unit
from study.errors import SpecError, meant, unknown
from study.evidence import DIFFERENCE, LEVEL
from study.metrics import Metric

NUMBER = r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+"
PLACE = r"(?i:first|last|[1-9][0-9]*(?:st|nd|rd|th))"
PLACES = {"first": 1.0, "last": inf}
EXAMPLE = {"arm": "A", "other": "B", "amount": "0.24", "factor": "1.1x", "place": "first"}


def parse(text: str, labels: Collection[str], metrics: Mapping[str, Metric]) -> Claim:
    """The sentence `text` about arms called `labels`; of several readings, that of longer labels.

    Raises:
        SpecError: it is no sentence of the grammar, or speaks of what does not exist.
    """
    label = "|".join(map(re.escape, sorted(labels, key=len, reverse=True))) or "(?!)"
    known = _slots(label, NUMBER, PLACE)
    anything = _slots(rf"{label}|.+?", r"[-+−]?[0-9.,]+|\S+", r"\S+")
    faults = []
    for slots, form in product((known, anything), FORMS):
        if match := _pattern(form, slots).fullmatch(text):
            parts = match.groupdict()
            fault = _fault(form, parts, labels, metrics)
            if fault is None:
                return _claim(text, form, parts)
            faults.append(fault)
    raise SpecError(faults[0] if faults else _no_claim(text, label, metrics))


def _slots(label: str, number: str, place: str) -> dict[str, str]:
    return {
        "{arm}": f"(?P<arm>{label})",
        "{other}": f"(?P<other>{label})",
        "{metric}": r"(?P<metric>\S+)",
        "{amount}": rf"(?P<number>{number})(?:\s*(?P<unit>[^\s\d.,]\S*))??",
        "{factor}": rf"(?P<number>{number})\s*[x×]",
        "{place}": f"(?P<number>{place})",
    }


def _pattern(form: str, slots: Mapping[str, str]) -> re.Pattern[str]:
    words = [slots.get(word, f"(?i:{word})") for word in form.split()]
    return re.compile(r"\s*?" + r"\s+?".join(words) + r"\s*?", re.DOTALL)


def _claim(text: str, form: str, parts: Mapping[str, str]) -> Claim:
    number = parts.get("number", "0").lower()
    return Claim(
        text, form, parts["arm"], parts.get("other", ""), parts["metric"],
        PLACES.get(number) or float(number.rstrip("stndrh")),
    )  # fmt: skip


def _fault(
    form: str,
    parts: Mapping[str, str],
    labels: Collection[str],
    metrics: Mapping[str, Metric],
) -> str | None:
    """What a reading speaks of that does not exist."""
    arms = [parts[key] for key in ("arm", "other") if key in parts]
    if strangers := [arm for arm in arms if arm not in labels]:
        return _unknown_arm(strangers[0], labels)
    if parts["metric"] not in metrics:
        return unknown("metric", parts["metric"], metrics)
    if len(set(arms)) < len(arms):
        return f'"{arms[0]}" is compared with itself'
    number = parts.get("number", "0")
    if "{place}" in form:
        named = re.fullmatch(PLACE, number)
        return None if named else f'"{number}" is not a place, such as first, 2nd or last'
    if not re.fullmatch(NUMBER, number) or isinf(float(number)):
        return f'"{number}" is not a number of 0 or more, such as 0.24'
    used = unit(DIFFERENCE if len(arms) > 1 else LEVEL, metrics[parts["metric"]])
    if (parts.get("unit") or used) != used:
        return f'{parts["metric"]} is in {used or "no unit"} here, not in "{parts["unit"]}"'
    return None


def _unknown_arm(asked: str, labels: Collection[str]) -> str:
    long = [label for label in labels if _abbreviates(asked.lower(), label.lower())]
    if len(long) == 1 and not meant(asked, labels):
        return f'unknown arm "{asked}"; did you mean "{long[0]}"?'
    return unknown("arm", asked, labels)


def _abbreviates(short: str, label: str) -> bool:
    """Whether the letters of `short` stand in `label` in this order, from the first on."""
    rest = iter(label)
    return short[:1] == label[:1] and all(letter in rest for letter in short)


def _no_claim(text: str, label: str, metrics: Collection[str]) -> str:
    """The first word that no claim has, and the claim that is most like the text."""
    names = iter("AB")
    plain = re.sub(rf"(?<!\w)(?:{label})(?!\w)", lambda _: next(names), text, count=2)
    words = [word.lower() for word in plain.split()]
    known = {"a", "b", *" ".join(FORMS).split(), *metrics}
    strange = next((word for word in words if word not in known and not word[0].isdigit()), "")
    said = f' ("{strange}" is not understood)' if strange else ""
    metric = next((word for word in words if word in metrics), "top1")
    forms = [form.format(metric=metric, **EXAMPLE) for form in FORMS]
    near = meant(plain, forms) or "A is worse than B on top1 by 0.24"
    return f'not a claim: "{text}"{said}, such as: {near}'
