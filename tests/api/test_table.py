"""Studies in memory: names of columns and of arms that would become one are kept apart."""

import pytest

from study.api.table import ColumnChoice, in_memory
from study.errors import SpecError
from study.plan.measured.files import ResultTable
from study.plan.measured.formats import ResultRow
from study.spec.yaml import read


def study(arms, metrics, rows, **more):
    named = [dict(zip([*arms, *metrics], row, strict=True)) for row in rows]
    cells = tuple(ResultRow(row, f"runs.csv:{n}") for n, row in enumerate(named, 2))
    choice = ColumnChoice(arms, metrics, **more)
    text = in_memory(choice, ResultTable("runs.csv", "1a", cells), "runs.csv").text
    return read(text, "x.yaml")[0].plain()


def test_metrics_whose_names_are_spelled_alike_are_two():
    rows = [("a", "1", "2"), ("b", "3", "4")]
    plain = study(("m",), ("val/acc", "val_acc"), rows)
    assert plain["measured"]["columns"] == {"val_acc_2": "val/acc"}
    labels = {name: keys.get("label") for name, keys in plain["metrics"].items()}
    assert labels == {"val_acc_2": "val/acc", "val_acc": None}


@pytest.mark.parametrize(
    ("arms", "rows"),
    [
        (("m",), [("baseline", "1"), ("Baseline", "2")]),
        (("m",), [("", "1"), ("(empty)", "2")]),
        (("m", "n"), [("a, b", "c", "1"), ("a", "b, c", "2"), ("a", "d", "3")]),
    ],
)
def test_arms_that_would_have_one_label_are_refused(arms, rows):
    with pytest.raises(SpecError, match="would both be called"):
        study(arms, ("acc",), rows)


@pytest.mark.parametrize(
    "texts", [("0.1", "0.10"), ("0.1", "1e-1"), ("1", "1.0"), ("True", "true")]
)
def test_arms_that_are_one_value_are_refused(texts):
    rows = [("a", text, "1") for text in texts]
    with pytest.raises(
        SpecError, match=f'"{texts[0]}" and "{texts[1]}" in column lr are one value'
    ):
        study(("m", "lr"), ("acc",), rows)
    assert len(study(("lr",), ("acc",), [("1", "1"), ("true", "2"), ("", "3")])["factors"]) == 1


def test_arms_that_no_table_can_show_are_named_with_their_row():
    with pytest.raises(SpecError, match=r"runs.csv:3: 'a.nx' in column m cannot be the label"):
        study(("m",), ("acc",), [("a", "1"), ("a\nx", "1")])


def test_a_baseline_that_two_arms_could_be_is_refused():
    rows = [(*pair, "1") for pair in (("a", "b, c"), ("a, b", "c"), ("a", "c"), ("a, b", "b, c"))]
    with pytest.raises(SpecError, match="would both be called"):
        study(("m", "n"), ("acc",), rows, baseline="a, b, c")
