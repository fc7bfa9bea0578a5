"""Studies in memory: names of columns and of arms that would become one are kept apart."""

import pytest

from study.api.column_choice import ColumnChoice
from study.api.groups import groups
from study.api.table import in_memory
from study.errors import SpecError
from study.plan.measured.files import ResultTable
from study.plan.measured.formats import ResultRow
from study.spec.yaml import read


def result_table(columns, rows):
    named = [dict(zip(columns, row, strict=True)) for row in rows]
    cells = tuple(ResultRow(row, f"runs.csv:{n}") for n, row in enumerate(named, 2))
    return ResultTable("runs.csv", "1a", cells)


def study(arms, metrics, rows, **more):
    choice = ColumnChoice(arms, metrics, **more)
    text = in_memory(choice, result_table([*arms, *metrics], rows), "runs.csv").text
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
        (("m",), [("ours", "0"), ("baseline", "1"), ("Baseline", "2")]),
        (("m",), [("", "1"), ("(empty)", "2")]),
        (("m", "n"), [("a, b", "c", "1"), ("a", "b, c", "2"), ("a", "d", "3")]),
    ],
)
def test_arms_that_would_have_one_label_are_refused(arms, rows):
    with pytest.raises(SpecError, match="would both be called"):
        study(arms, ("acc",), rows, baseline=", ".join(rows[0][:-1]))


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


ROWS = (("ours", "1"), ("baseline", "2"), ("sam", "3"))


def test_an_arm_that_is_called_baseline_is_the_baseline_and_keeps_its_name():
    plain = study(("m",), ("acc",), ROWS)
    assert plain["baseline"] == {"setting": {"m": "baseline"}}
    assert list(plain["factors"]["setting.m"]) == ["baseline", "ours", "sam"]
    # Beside another baseline the name would be that of two arms.
    plain = study(("m",), ("acc",), ROWS, baseline="ours")
    assert list(plain["factors"]["setting.m"]) == ["ours", "Baseline", "sam"]


def test_a_baseline_is_named_as_it_is_in_the_file_or_in_print():
    for name in ("baseline", "Baseline"):
        assert (
            study(("m",), ("acc",), ROWS, baseline=name)["baseline"]["setting"]["m"] == "baseline"
        )
    rows = [(m, d, "1") for m in ("a, b", "c") for d in ("x", "y")]
    plain = study(("m", "d"), ("acc",), rows, baseline="a, b; y")
    assert plain["baseline"]["setting"] == {"m": "a, b", "d": "y"}


SETS = [(m, d, s, "1") for d in ("cifar10", "cifar100") for m in ("ours", "base") for s in "01"]


def test_two_data_sets_are_two_tables_of_one_baseline():
    table = result_table(("m", "data", "seed", "acc"), [*SETS[2:], *SETS[:2]])
    choices = list(groups(ColumnChoice(("m",), ("acc",)), table, "data"))
    assert [choice.where for choice in choices] == [{"data": "cifar10"}, {"data": "cifar100"}]
    assert {choice.baseline for choice in choices} == {"base"}


@pytest.mark.parametrize(
    ("column", "message"),
    [("date", 'did you mean "data"'), ("m", "is an arm"), ("seed", "is an arm, a metric, a seed")],
)
def test_a_column_that_makes_no_groups_is_refused(column, message):
    table = result_table(("m", "data", "seed", "acc"), SETS)
    with pytest.raises(SpecError, match=message):
        list(groups(ColumnChoice(("m",), ("acc",), "seed"), table, column))


def test_a_group_without_the_baseline_is_named():
    table = result_table(("m", "data", "seed", "acc"), SETS[:-2])
    with pytest.raises(SpecError, match="has no row of base where data is cifar100"):
        list(groups(ColumnChoice(("m",), ("acc",), baseline="base"), table, "data"))


def test_two_data_sets_in_one_table_name_the_options_that_keep_them_apart():
    table = result_table(("m", "data", "seed", "acc"), SETS)
    with pytest.raises(SpecError, match='--where "data=cifar10" takes one, --group data makes'):
        in_memory(ColumnChoice(("m",), ("acc",)), table, "runs.csv")
    crossed = in_memory(ColumnChoice(("m", "data"), ("acc",)), table, "runs.csv").notes
    assert 'every arm is compared with "ours, cifar10", arms of another data too' in str(
        crossed[-1]
    )
    unpaired = in_memory(ColumnChoice(("m",), ("acc",), ""), table, "runs.csv").notes
    assert "rows of one arm differ in data" in str(unpaired[-1])


@pytest.mark.parametrize(
    ("cells", "digits"),
    [
        (("90.75", "91.4"), 2),
        (("0.88361234", "0.90141234"), 3),
        (("0.012312", "0.012351"), 6),
        (("1234.5678", "1300.1"), 0),
        (("1.2e-05", "1.3e-05", "1.25e-05"), 7),
        (("1.5E+2", "150"), 1),
        (("12", "10"), 1),
    ],
)
def test_decimals_are_those_of_the_file_as_far_as_the_spread_leaves_any(cells, digits):
    rows = [(m, cell) for m in "ab" for cell in cells]
    single = study(("m",), ("acc",), [("a", "70.38645542594664"), ("b", "7e1")])
    assert single["metrics"]["acc"]["digits"] == 4
    assert study(("m",), ("acc",), rows)["metrics"]["acc"]["digits"] == digits
