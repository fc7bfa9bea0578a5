"""All sentences of answers, on many small studies, against computations of their own."""

import math
import re

import numpy as np
import pytest
from scipy import stats as reference

from tests.report.conftest import laboratory
from tests.report.test_answer import ARMS, LOST, NAN, answer_text, study


def drawn(chance):
    """Outcomes of arms: ties, exact leads, clear and unclear differences, what is lost."""
    seeds = int(chance.choice([1, 2, 3, 5]))
    base = np.round(0.9 + chance.normal(0, 0.004, seeds), 4)
    outcomes = {"baseline": list(base)}
    for label in ARMS[: chance.integers(1, 7)]:
        kind = chance.choice(["same", "lead", "far", "near", "near", "near"])
        shift = {"same": 0.0, "lead": float(chance.choice([0.03, -0.01])), "far": 0.05}.get(kind)
        noise = chance.normal(0, 0.004, seeds) if kind in ("far", "near") else 0
        outcomes[label] = list(np.round(base + (shift or 0) + noise, 6))
    for values in outcomes.values():
        for seed in range(seeds):
            if chance.random() < 0.06:
                values[seed] = chance.choice([*LOST, NAN]) if chance.random() < 0.7 else NAN
    return {
        k: [v if isinstance(v, str) and v in LOST else float(v) for v in values]
        for k, values in outcomes.items()
    }


def classes(outcomes):
    """The arms by what can be said of them, from the numbers alone."""
    base, diverged = outcomes["baseline"], set()
    differences = {}
    for label, values in outcomes.items():
        if any(v != v for v in values if v not in LOST):
            diverged.add(label)
        pairs = zip(values, base, strict=True)
        differences[label] = np.array([a - b for a, b in pairs if a not in LOST and b not in LOST])
    others = [label for label in outcomes if label != "baseline"]
    sized = {a: differences[a] for a in others if len(differences[a]) and a not in diverged}
    p = dict.fromkeys(others, NAN)
    for label, d in sized.items():
        if len(d) > 1 and np.ptp(d) > 1e-9:
            p[label] = reference.ttest_1samp(d, 0).pvalue
    left, sure = sorted((a for a in others if p[a] == p[a]), key=p.get), set()
    for place, label in enumerate(left):
        if p[label] * (len(others) - place) >= 0.05:
            break
        sure.add(label)
    even = {a for a, d in sized.items() if len(d) > 1 and p[a] != p[a]}
    return {
        "diverged": diverged,
        "differences": sized,
        "sure": sure,
        "others": others,
        "better": {a for a in sure if sized[a].mean() > 0},
        "worse": {a for a in sure if sized[a].mean() < 0},
        "unsure": {a for a in left if a not in sure},
        "single": {a for a, d in sized.items() if len(d) == 1},
        "constant": {a for a in even if abs(sized[a][0]) > 1e-9},
        "equal": {a for a in even if abs(sized[a][0]) <= 1e-9},
    }


def named(part):
    """The arms that a part of a sentence names, and how many it speaks of."""
    labels = [label for label in ARMS if re.search(rf"\b{label}\b", part)]
    more = re.search(r"and (\d+) more", part)
    return set(labels), len(labels) + (int(more[1]) if more else 0)


def check_names(text, pattern, arms):
    """The part that `pattern` finds names these arms, or is not there when they are none."""
    match = re.search(pattern, text)
    assert (match is not None) == bool(arms), (pattern, arms, text)
    if match:
        labels, count = named(match[1])
        assert labels <= arms, text
        assert count == len(arms), text


def printed_as(text, value):
    """A printed number is the value, rounded to the decimals that it has."""
    decimals = len(text.partition(".")[2])
    return math.isclose(float(text.replace("−", "-")), value, abs_tol=0.501 * 10**-decimals)


def check_values(text, differences):
    for label, value in re.findall(r"\b([A-F][a-f]) \(([+−]?[\d.]+) pp", text):
        assert printed_as(value, 100 * differences[label].mean()), text


def check_none(text, kinds):
    rest, others = kinds["unsure"], kinds["others"]
    bounds = [
        reference.t.interval(0.95, len(d) - 1, d.mean(), d.std(ddof=1) / len(d) ** 0.5)
        for d in (kinds["differences"][a] for a in rest)
    ]
    if not rest:
        assert "cannot be distinguished" not in text
        assert "can be told" not in text
        return
    shown = re.search(r"within ±([\d.]+) pp", text)
    assert printed_as(shown[1], 100 * np.abs(bounds).max()), text
    if kinds["sure"]:
        others_named = f"The {len(rest)} other arms" if len(rest) > 1 else "The other arm"
        assert f"{others_named} cannot be distinguished from Base: " in text
    elif len(rest) == 1:
        assert ("the other arm" if len(others) == 1 else f"{next(iter(rest))} cannot") in text
    elif len(rest) == len(others):
        assert f"none of {len(others)} arms can" in text
    else:
        assert f"{len(rest)} of {len(others)} arms cannot" in text
    apart = {a for a, (low, high) in zip(rest, bounds, strict=True) if low > 0 or high < 0}
    check_names(text, r"; (?:that|those) of ([^;.]*) excludes? zero before the correction", apart)
    assert not apart or f"corrected for {len(others)} comparisons" in text


def check_trained(text, kinds, seeds):
    if seeds == 1:
        sized = kinds["differences"]
        if sized:
            largest = max(abs(d.mean()) for d in sized.values())
            if not largest:
                assert "No arm differs" in text
                return
            (label,) = named(re.search(r"is that of (\w+),", text)[1])[0]
            assert math.isclose(abs(sized[label].mean()), largest, abs_tol=1e-9), text
            assert "With one seed no difference" in text
        return
    check_names(
        text,
        r"(?:^|\. )([^;.]*(?:\.\d[^;.]*)*) (?:is|are) better than Base",
        kinds["better"],
    )
    check_names(text, r"([^;:]*) (?:is|are) worse than Base", kinds["worse"])
    check_names(text, r"(?:^|\. |: )((?:(?!\. ).)*) differs? from Base", kinds["constant"])
    check_names(text, r"(?:^|\. |: )((?:(?!\. ).)*) equals? Base", kinds["equal"])
    check_names(text, r"(?:^|\. |: )((?:(?!\. ).)*) shares? one seed with", kinds["single"])
    check_none(text, kinds)
    if kinds["sure"] and len(kinds["others"]) > 1:
        assert f"corrected for {len(kinds['others'])} comparisons" in text


@pytest.mark.heavy
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in (1, 2))]
)
def test_every_sentence_of_an_answer_is_true(tmp_path, part):
    chance, seen = np.random.default_rng(part), set()
    for number in range(60):
        outcomes = drawn(chance)
        text = answer_text(study(laboratory(tmp_path / str(number)), **outcomes))
        kinds, seeds = classes(outcomes), len(outcomes["baseline"])
        every = [value for values in outcomes.values() for value in values]
        missing = sum(value in LOST for value in every)
        assert text.startswith(f"So far {len(every) - missing} of") == bool(
            0 < missing < len(every)
        )
        short = {
            a
            for a in kinds["others"]
            if any(
                x in LOST or y in LOST
                for x, y in zip(outcomes[a], outcomes["baseline"], strict=True)
            )
        }
        if missing < len(every):
            check_names(text, r"(?:fewer than \d seeds|Not compared yet): (.*?)\. ", short)
        few = r"((?:Compared in fewer than \d seeds|Not compared yet): .*?\. )?"
        body = re.sub(rf"^So far.*? finished\. {few}", "", text)
        check_values(body, kinds["differences"])
        if "baseline" in kinds["diverged"]:
            assert "The baseline diverged" in text
            assert "told" not in text
        elif missing < len(every):
            fallen = kinds["diverged"] - {"baseline"}
            check_names(body, r"(?:^|\. )((?:(?!\. ).)*) diverged, so", fallen)
            check_trained(body, kinds, seeds)
        seen |= {name for name, value in kinds.items() if value}
    assert seen >= {"better", "unsure", "constant", "equal", "diverged"}
