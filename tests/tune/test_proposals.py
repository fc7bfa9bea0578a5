"""Proposals: which values, and always the same ones."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from study.spec.tuning import SAMPLERS, Categories, Range, TuningRules
from study.tune.proposals import Proposals
from tests.conftest import environment

RULES = TuningRules(
    space={
        "a.lr": Range(1e-4, 1e-2, log=True),
        "a.mix": Range(0, 5),
        "a.share": Range(0.1, 0.9, step=0.2),
        "a.decay": Categories((0.0, 0.05, True, [1, 2], None)),
    },
    trials=24,
    objective="loss",
    held_out={},
)
FIRST = {"a.lr": 1e-3, "a.mix": 2, "a.share": 0.3, "a.decay": 0.05}


def chain(rules=RULES, first=FIRST, fails=()):
    source, rows = Proposals(rules, higher=[False], first=first), []
    while len(rows) < rules.trials:
        start = len(rows)
        rows += [source.ask() for _ in range(min(rules.batch, rules.trials - start))]
        source.tell(
            [
                None if number in fails else [rows[number].get("a.lr", 1e-3)]
                for number in range(start, len(rows))
            ]
        )
    return rows


def test_the_first_has_the_values_of_the_file_and_all_others_lie_in_the_space():
    first, *others = chain()
    assert first == {}
    for values in others:
        assert values.keys() == RULES.space.keys()
        assert all(space.has(values[path]) for path, space in RULES.space.items())
        assert isinstance(values["a.mix"], int)
        assert values["a.share"] in (0.1, 0.3, 0.5, 0.7, 0.9)
        assert float(f"{values['a.lr']:.4g}") == values["a.lr"]
    assert {json.dumps(values["a.decay"]) for values in others} >= {"true", "null", "[1, 2]"}


SCRIPT = """\
import json
from tests.tune.test_proposals import chain
print(json.dumps(chain()))
"""


@pytest.mark.heavy
def test_another_process_with_another_order_of_sets_proposes_the_same():
    ends = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment(PYTHONHASHSEED=seed),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert ends[0] == ends[1]
    assert json.loads(ends[0]) == json.loads(json.dumps(chain()))


def test_a_result_changes_the_proposals_of_later_batches_alone():
    some, others = chain(), chain(fails={9, 10, 11})
    assert some[:12] == others[:12]
    assert some[12:] != others[12:]


def test_the_space_is_searched_where_results_are_better():
    rates = [values["a.lr"] for values in chain(replace(RULES, trials=60))[1:]]
    assert sum(rates[-20:]) < sum(rates[:20])


def test_values_of_the_file_outside_the_space_are_tried_and_not_shown_to_the_sampler():
    rows = chain(first=None)
    assert rows[0] == {}
    assert len(rows) == RULES.trials


@pytest.mark.parametrize("sampler", sorted(SAMPLERS.keys() - {"cmaes"}))
def test_every_sampler_proposes_the_same_again(sampler):
    rules = replace(RULES, sampler=sampler, trials=12, space={"a.lr": Range(0.1, 1.0)})
    first = {"a.lr": 0.5}
    rows = chain(rules, first)
    assert rows == chain(rules, first)
    assert len({json.dumps(values) for values in rows}) > 6
    assert chain(replace(rules, seed=1), first) != rows
