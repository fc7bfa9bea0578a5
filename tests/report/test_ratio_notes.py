"""What tables say of the intervals of ratios."""

import pytest

from study.report import report
from study.store.timing_records import How, RatioRecord, TimingSession
from tests.report.test_speed_rows import PLAIN, timed

ARMS = {
    "baseline": {"throughput": PLAIN, "memory": {"value": 9e6}},
    "Average Pooling": {"throughput": timed(1.1, 1.09, 1.11), "memory": {"value": 9e6}},
}


@pytest.fixture
def notes(lab):
    """notes(again, builds): the notes under the wide table of a session."""

    def of(again=None, arms=ARMS, **how):
        plan, store = lab(timed=arms, columns=("throughput", "memory"))
        session = store.record("timings", plan.key, TimingSession)
        more = {"throughput": RatioRecord(**again)} if again else {}
        update = {"how": How(rounds=40, **how), "again": more, "device": "cpu"}
        store.keep("timings", plan.key, session.model_copy(update=update))
        tables = report.tables(plan, store)
        return " ".join(tables["table_wide"].notes)

    return of


def test_the_intervals_speak_of_models_on_a_machine_in_a_session(notes):
    text = notes({"value": 1.002, "low": 0.99, "high": 1.01}, builds=12)
    assert "these models on this machine in this session, over 12 builds of all models" in text
    assert "● against a second instance of itself: Throughput ×1.002 [0.990, 1.010]." in text
    assert "excludes 1;" not in text


def test_a_baseline_that_differs_from_itself_is_named(notes):
    text = notes({"value": 1.02, "low": 1.01, "high": 1.03}, builds=12)
    assert "excludes 1; those of all ratios are wider by that ratio at either end." in text


def test_few_builds_are_named_with_or_without_intervals(notes):
    assert "Only 4 builds fitted into the time: wide intervals" in notes(builds=4)
    without = {name: {"throughput": PLAIN} for name in ARMS}
    assert "Only 2 builds fitted into the time: no intervals" in notes(arms=without, builds=2)


def test_a_session_of_an_earlier_version_speaks_of_its_instances(notes):
    assert "of the instances that were timed, over rounds alone" in notes()


def test_peak_memory_is_that_of_tensors(notes):
    assert "what tensors take, 10 to 45 % below what a plain process grows by" in notes(builds=12)
