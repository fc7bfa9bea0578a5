"""The grammar of claims: a sentence read into a Claim, or the mistake in it.

A label may be any text, keywords included. So a form is matched with the labels that exist first,
and only if no form fits with any text, to find the word that is wrong.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import product
from math import inf, isinf
from typing import Literal, NamedTuple

from study.errors import SpecError, likely_name, unknown
from study.spec.metric import Metric


class Form(NamedTuple):
    """The meaning of a form of sentence: a bound on a quantity of one arm or of two."""

    quantity: Literal["advantage", "difference", "ratio", "level", "rank"]
    """`advantage` is the difference in the direction that is better."""
    bound: Literal["more", "less", "at_least", "at_most", "more_up_to", "less_up_to", "within", ""]


FORMS: dict[str, Form] = {
    "{arm} is better than {other} on {metric}": Form("advantage", "more"),
    "{arm} is better than {other} on {metric} by {amount}": Form("advantage", "more"),
    "{arm} is better than {other} on {metric} by at least {amount}": Form("advantage", "more"),
    "{arm} is better than {other} on {metric} by at most {amount}": Form("advantage", "more_up_to"),
    "{arm} is worse than {other} on {metric}": Form("advantage", "less"),
    "{arm} is worse than {other} on {metric} by {amount}": Form("advantage", "less"),
    "{arm} is worse than {other} on {metric} by at least {amount}": Form("advantage", "less"),
    "{arm} is worse than {other} on {metric} by at most {amount}": Form("advantage", "less_up_to"),
    "{arm} is within {amount} of {other} on {metric}": Form("advantage", "within"),
    "{arm} has less {metric} than {other}": Form("difference", "less"),
    "{arm} has more {metric} than {other}": Form("difference", "more"),
    "{arm} has at most {factor} the {metric} of {other}": Form("ratio", "at_most"),
    "{arm} has at least {factor} the {metric} of {other}": Form("ratio", "at_least"),
    "{arm} has at most {amount} {metric}": Form("level", "at_most"),
    "{arm} has at least {amount} {metric}": Form("level", "at_least"),
    "{arm} ranks {place} on {metric}": Form("rank", ""),
}
"""The sentences of the grammar, as words and slots: {arm} and {other} are labels, {metric} a name
of the catalogue, {amount} a number in units of the table, {factor} a number with an x, {place}
first, 2nd, last."""


@dataclass(frozen=True)
class Claim:
    """A sentence about arms and a metric."""

    text: str
    form: str
    """The claim's key in FORMS."""
    arm: str
    other: str
    """The arm that it is compared with, or empty."""
    metric: str
    number: float
    """An amount in units of the table, a factor, or a place (infinity: last); 0 if not stated."""


NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
PLACE = r"(?i:first|last|[1-9][0-9]*(?:st|nd|rd|th))"
PLACES = {"first": 1.0, "last": inf}
EXAMPLE = {"arm": "A", "other": "B", "amount": "0.24", "factor": "1.1x", "place": "first"}


def parse(text: str, labels: Collection[str], metrics: Mapping[str, Metric]) -> Claim:
    """The claim in a sentence about arms with these labels; longer labels are matched first.

    Raises:
        SpecError: it is not a sentence of the grammar, or names an unknown arm or metric.
    """
    # "(?!)" never matches: without labels an empty alternative would match everything.
    label = "|".join(map(re.escape, sorted(labels, key=len, reverse=True))) or "(?!)"
    existing = _slots(label, NUMBER, PLACE)
    any_text = _slots(rf"{label}|.+?", r"[-+−]?[0-9.,]+|\S+", r"\S+")
    faults = []
    for slots, form in product((existing, any_text), FORMS):
        if match := _pattern(form, slots).fullmatch(text):
            parts = match.groupdict()
            fault = _fault(form, parts, labels, metrics)
            if fault is None:
                return _claim(text, form, parts)
            faults.append(fault)
    # Existing labels are tried first, so the first fault is that of the likeliest reading.
    raise SpecError(faults[0] if faults else _not_a_claim(text, label, metrics))


def _slots(label: str, number: str, place: str) -> dict[str, str]:
    return {
        "{arm}": f"(?P<arm>{label})",
        "{other}": f"(?P<other>{label})",
        "{metric}": r"(?P<metric>\S+)",
        # The unit is reluctant: "by 5 on top1" must not take "on" for a unit.
        "{amount}": rf"(?P<number>{number})(?:\s*(?P<unit>[^\s\d.,]\S*))??",
        "{factor}": rf"(?P<number>{number})\s*[x×]",
        "{place}": f"(?P<number>{place})",
    }


def _pattern(form: str, slots: Mapping[str, str]) -> re.Pattern[str]:
    # Words of the grammar may have any case; labels and metrics may not.
    words = [slots.get(word, f"(?i:{word})") for word in form.split()]
    return re.compile(r"\s*?" + r"\s+?".join(words) + r"\s*?", re.DOTALL)


def _claim(text: str, form: str, parts: Mapping[str, str]) -> Claim:
    number = parts.get("number", "0").lower()
    # "2nd", "3rd" and so on lose the letters of any ordinal.
    value = PLACES.get(number) or float(number.rstrip("stndrh"))
    return Claim(text, form, parts["arm"], parts.get("other", ""), parts["metric"], value)


def _fault(
    form: str,
    parts: Mapping[str, str],
    labels: Collection[str],
    metrics: Mapping[str, Metric],
) -> str | None:
    """The mistake in a reading of a sentence, or None."""
    arms = [parts[key] for key in ("arm", "other") if key in parts]
    if strangers := [arm for arm in arms if arm not in labels]:
        return _unknown_arm(strangers[0], labels)
    name = parts["metric"]
    if name not in metrics:
        return unknown("metric", name, metrics)
    if len(set(arms)) < len(arms):
        return f'"{arms[0]}" is compared with itself'
    number = parts.get("number", "0")
    if "{place}" in form:
        is_place = re.fullmatch(PLACE, number)
        return None if is_place else f'"{number}" is not a place, such as first, 2nd or last'
    if not re.fullmatch(NUMBER, number) or isinf(float(number)):
        return f'"{number}" is not a number of 0 or more, such as 0.24'
    metric = metrics[name]
    unit = metric.difference_unit if len(arms) > 1 else metric.unit
    if (parts.get("unit") or unit) != unit:
        return f'{name} is in {unit or "no unit"} here, not in "{parts["unit"]}"'
    return None


def _unknown_arm(name: str, labels: Collection[str]) -> str:
    long = [label for label in labels if _abbreviates(name.lower(), label.lower())]
    if len(long) == 1 and not likely_name(name, labels):
        return f'unknown arm "{name}"; did you mean "{long[0]}"?'
    return unknown("arm", name, labels)


def _abbreviates(short: str, label: str) -> bool:
    """True if `label` has the letters of `short` in this order, and the same first letter."""
    rest = iter(label)
    return short[:1] == label[:1] and all(letter in rest for letter in short)


def _not_a_claim(text: str, label: str, metrics: Mapping[str, Metric]) -> str:
    """The message for a text that is no claim: its first unknown word, and the nearest form."""
    names = iter("AB")
    plain = re.sub(rf"(?<!\w)(?:{label})(?!\w)", lambda _: next(names), text, count=2)
    words = [word.lower() for word in plain.split()]
    vocabulary = {"a", "b", *" ".join(FORMS).split(), *metrics}
    foreign = (word for word in words if word not in vocabulary and not word[0].isdigit())
    word = next(foreign, "")
    note = f' (unknown word "{word}")' if word else ""
    qualities = [name for name, metric in metrics.items() if metric.kind == "quality"]
    metric = next((word for word in [*words, *qualities] if word in metrics), "")
    forms = [form.format(metric=metric, **EXAMPLE) for form in FORMS]
    near = likely_name(plain, forms) or f"A is worse than B on {metric} by 0.24"
    return f'not a claim: "{text}"{note}, such as: {near}'
