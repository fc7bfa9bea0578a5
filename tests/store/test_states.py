"""The states of a trial: one list, which the docs repeat."""

from pathlib import Path
from typing import get_args

import study.store
from study.store.records import State
from study.store.states import DONE, OPEN, STATES

DOCS = Path(study.store.__file__).parents[2] / "docs" / "results.md"


def test_every_state_is_explained_in_the_docs_in_the_same_words():
    text = DOCS.read_text("utf-8")
    assert [f"| `{name}` | {meaning} |" for name, meaning in STATES.items()] == [
        line for line in text.splitlines() if line.split("`")[1:2] in [[name] for name in STATES]
    ]


def test_a_state_is_open_or_done_or_failed():
    assert {*STATES} == {*OPEN, *DONE, "failed"}
    assert {*get_args(State)} == {*DONE, "failed"}
