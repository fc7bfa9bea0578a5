"""Budgets as texts: durations, device-hours and money, and what is none."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.errors import StudyError
from study.plan import budgets

WRITTEN = {
    "8h": ("h", 8 * 3600),
    "1h30m": ("h", 5400),
    "300s": ("h", 300),
    "2d": ("h", 48 * 3600),
    "0.5h": ("h", 1800),
    " 30m ": ("h", 1800),
    "40gpuh": ("gpuh", 40 * 3600),
    "1.5cpuh": ("cpuh", 5400),
}


@pytest.mark.parametrize(("text", "expected"), WRITTEN.items())
def test_a_text_names_hours(text, expected):
    limit = budgets.budget(text)
    assert (limit.unit, limit.seconds, limit.price) == (*expected, None)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_the_parts_of_a_duration_add_up(hours, minutes, seconds):
    limit = budgets.budget(f"{hours}h{minutes}m{seconds}s")
    assert limit.seconds == 3600 * hours + 60 * minutes + seconds


@given(st.integers(1, 10**6), st.sampled_from([0.04, 1.0, 2.5, 40.0]))
def test_money_buys_hours_at_a_price(amount, price):
    limit = budgets.budget(str(amount), f"{price}/gpuh")
    assert limit.unit == "gpuh"
    assert limit.seconds / 3600 * price == pytest.approx(amount)
    assert budgets.money(limit, limit.seconds) == f"{amount:.2f}"


@given(st.text())
def test_any_other_text_is_an_error_of_the_user(text):
    with suppress(StudyError):
        assert budgets.budget(text).seconds > 0


WRONG = {
    "no unit": ("100", None, "--price"),
    "a word": ("plenty", None, "is no budget; write 8h"),
    "parts in another order": ("30m1h", None, "is no budget"),
    "negative": ("-3h", None, "is no budget"),
    "nothing": ("0s", None, "is nothing"),
    "empty": ("", None, "is no budget"),
    "too long": ("999999999d", None, "is no limit"),
    "a price beside hours": ("8h", "2.5/gpuh", "leave out the price"),
    "a price without a unit": ("100", "2.5", "is no price"),
    "a price of nothing": ("100", "0/gpuh", "is no price"),
    "digits of another script": ("٣h", None, "is no budget"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_no_budget_is_refused_with_examples(wrong):
    text, price, message = wrong
    with pytest.raises(StudyError, match=message):
        budgets.budget(text, price)


def test_hours_of_gpus_need_gpus():
    limit = budgets.budget("4gpuh")
    budgets.check_device(limit, "cuda")
    for device in ("cpu", "auto"):
        with pytest.raises(StudyError, match="counts hours of GPUs"):
            budgets.check_device(limit, device)


def test_a_trial_holds_its_share_of_devices_or_its_threads():
    held = {"threads": 4, "devices": 2, "nodes": 3, "share": 1}
    assert budgets.units(budgets.budget("1gpuh"), **held) == 6
    assert budgets.units(budgets.budget("1cpuh"), **held) == 24
    assert budgets.units(budgets.budget("1h"), **held) == 1
    alone = {"threads": 4, "devices": 1, "nodes": 1, "share": 2}
    assert budgets.units(budgets.budget("1gpuh"), **alone) == 0.5
