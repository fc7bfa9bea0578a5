"""Study files with random changes are read or refused with a place."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from study.errors import SpecError
from study.plan.label_checks import problems
from study.spec.problems import report
from study.spec.reader import study_text, text_of
from tests.spec.study_files import GOOD, VOCABULARY


def mutated(text: str, cuts: list[tuple[int, int, str]]) -> str:
    for start, length, new in cuts:
        at = start % (len(text) + 1)
        text = text[:at] + new + text[at + length :]
    return text


PIECES = st.one_of(
    st.sampled_from([*"{}[]:,-&*!|>'\"%@`#\n\t ", "null", "1e9", "- ", ": ", "$X", "model"]),
    st.text(max_size=3),
)
CUTS = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 12), PIECES), min_size=1, max_size=4)


def _survives(folder: Path, cuts: list[tuple[int, int, str]]) -> None:
    path = folder / "m.yaml"
    path.write_text(mutated(GOOD, cuts), encoding="utf-8", errors="replace")
    try:
        file = study_text(text_of(path), path, vocabulary=VOCABULARY, environment={})
        assert file.study is not None or file.problems
        if file.problems:
            report(file.problems)
    except SpecError:
        pass


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=CUTS)
def test_no_mutation_of_a_file_gives_a_traceback(tmp_path_factory, cuts):
    _survives(tmp_path_factory.getbasetemp(), cuts)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=CUTS)
def test_no_mutation_of_thousands_gives_a_traceback(tmp_path_factory, cuts):
    _survives(tmp_path_factory.getbasetemp(), cuts)


ODD = ["\u2028", "\x85", "\ufeff", "\u200d", "e\u0301", "\xa0", "%YAML 1.1\n", "<<: "]
BYTES = st.one_of(st.binary(max_size=4), st.sampled_from([odd.encode() for odd in ODD]))
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["delete", "double", "swap", "insert"]),
        st.integers(0, 2000),
        st.integers(1, 40),
        BYTES,
    ),
    min_size=1,
    max_size=5,
)


def changed(text: bytes, changes: list[tuple[str, int, int, bytes]]) -> bytes:
    """`text` with parts of it deleted, doubled, swapped with the next, or preceded by more."""
    for kind, where, length, new in changes:
        at = where % (len(text) + 1)
        part, after = text[at : at + length], text[at + length : at + 2 * length]
        middle = {"delete": b"", "double": part * 2, "insert": new + part}.get(kind, part)
        rest = text[at + length :]
        text = text[:at] + (after + part + rest[length:] if kind == "swap" else middle + rest)
    return text


def _has_a_place(folder: Path, changes: list[tuple[str, int, int, bytes]]) -> None:
    path = folder / "b.yaml"
    path.write_bytes(changed(FULL.encode(), changes))
    try:
        file = study_text(text_of(path), path, vocabulary=VOCABULARY, environment={})
        study, wrong = file.study, file.problems
        if study is not None and not wrong:
            wrong = problems(study, file.places)
    except SpecError:  # of the file as a whole, or of a design
        return
    assert study is not None or wrong
    lines = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    for problem in wrong:
        own = problem.location.source == str(path)
        assert not own or problem.location.line < lines
        assert str(problem).startswith("error: ")
    assert not wrong or report(wrong).endswith("nothing was run")


FULL = (
    GOOD
    + """\
claims: [Avg is worse than DW on top1 by 0.24, high ranks last on top1]
contrasts: [Avg, [high, bare]]
expects: {model.reduction: {params: less}}
margins: {top1: 0.2}
protocol: {data: ImageNet-1k, epochs: 100}
timing: {batch_size: 16, seconds: 2}
design: [one_at_a_time, factorial]
"""
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_a_file_with_changed_bytes_is_read_or_told_with_a_place(tmp_path_factory, changes):
    _has_a_place(tmp_path_factory.getbasetemp(), changes)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_thousands_of_changed_files_are_read_or_told_with_a_place(tmp_path_factory, changes):
    _has_a_place(tmp_path_factory.getbasetemp(), changes)
