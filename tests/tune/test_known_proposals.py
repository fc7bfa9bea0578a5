"""Proposals that the store has are those that optuna would make again, and no others are used."""

import json

import pytest

from study.store.store import Store
from study.tune.known_proposals import KnownProposals
from study.tune.proposals import Proposals
from tests.registries import restorer
from tests.tune.bowls import BOWL
from tests.tune.bowls import grown as tuned
from tests.tune.bowls import planned as tuning
from tests.tune.searches import grown, planned
from tests.tune.test_proposals import FIRST, RULES
from tests.tune.test_replay import facts as tuned_facts
from tests.tune.test_search import facts

REFUSED = {"b": 0.5}


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()


def chain(source, count=16, fails=()):
    """Batches of four, of which one proposal in five is refused before it."""
    rows = []
    while len(rows) < count:
        for _ in range(4):
            if len(rows) % 5 == 4:
                source.ask()
                source.refuse(REFUSED)
            rows.append(source.ask())
        rates = [row.get("a.lr", 1e-3) for row in rows[-4:]]
        start = len(rows) - 4
        source.tell([None if start + i in fails else [value] for i, value in enumerate(rates)])
    return rows


def known(tmp_path, rules=RULES, owner="arm"):
    return KnownProposals(
        rules, higher=[False], first=FIRST, store=Store(tmp_path / "results"), owner=owner
    )


@pytest.fixture
def counted(monkeypatch):
    """The proposals that optuna is asked for."""
    calls, ask = [], Proposals.ask

    def counting(self, **how):
        calls.append(None)
        return ask(self, **how)

    monkeypatch.setattr(Proposals, "ask", counting)
    return calls


def test_they_are_those_of_optuna_with_and_without_a_store(tmp_path, counted):
    plain = chain(Proposals(RULES, higher=[False], first=FIRST))
    first = known(tmp_path)
    assert chain(first) == plain
    first.keep()
    counted.clear()
    assert chain(known(tmp_path)) == plain
    assert not counted


def test_more_are_asked_for_after_all_that_was_told(tmp_path):
    some = known(tmp_path)
    chain(some, 8)
    some.keep()
    more = known(tmp_path)
    assert chain(more, 16) == chain(Proposals(RULES, higher=[False], first=FIRST), 16)
    more.keep()
    assert chain(known(tmp_path), 16) == chain(Proposals(RULES, higher=[False], first=FIRST), 16)


def test_those_of_another_history_are_not_used(tmp_path):
    # One is told that a trial failed, as after results were removed and trained anew.
    some = known(tmp_path)
    chain(some)
    some.keep()
    others = chain(known(tmp_path), fails={9, 10, 11})
    assert others == chain(Proposals(RULES, higher=[False], first=FIRST), fails={9, 10, 11})


def test_another_arm_has_proposals_of_its_own(tmp_path, counted):
    some = known(tmp_path)
    chain(some)
    some.keep()
    counted.clear()
    chain(known(tmp_path, owner="other"))
    assert counted


@pytest.mark.parametrize("change", ["outside", "missing", "no record"])
def test_a_damaged_record_changes_no_proposal(tmp_path, change):
    some = known(tmp_path)
    plain = chain(some)
    some.keep()
    (file,) = (tmp_path / "results" / "arms").glob("*.json")
    record = json.loads(file.read_text())
    for params in record["params"].values():
        if params and change == "outside":
            params["a.lr"] = 7.0
        elif change == "missing":
            params.pop("a.mix", None)
    file.write_text("{" if change == "no record" else json.dumps(record))
    assert chain(known(tmp_path)) == plain


def test_a_finished_search_is_planned_without_optuna(tmp_path, counted):
    before = facts(grown(tmp_path))
    counted.clear()
    assert facts(planned(tmp_path)) == before
    assert not counted
    for file in (tmp_path / "results" / "arms").glob("*.json"):
        file.unlink()
    assert facts(planned(tmp_path)) == before
    assert counted


def test_a_finished_tuning_is_planned_without_optuna(tmp_path, counted):
    before = tuned_facts(tuned(tmp_path, BOWL))
    counted.clear()
    assert tuned_facts(tuning(tmp_path)) == before
    assert not counted
