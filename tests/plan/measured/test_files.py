"""Formats of files of results, and folders of runs."""

import json

import pytest

from study.errors import SpecError
from study.plan.measured.files import result_table

RECORDS = [
    {"method": "ours", "seed": 0, "config": {"lr": 0.1}, "acc": 76.5, "amp": True, "none": None},
    {"method": "sgd", "seed": 0, "config": {"lr": 1e-3}, "acc": float("nan"), "amp": False},
]
CELLS = {"method": "ours", "seed": "0", "config.lr": "0.1", "acc": "76.5", "amp": "true"}


def cells(folder, name="runs.csv"):
    return [dict(row.cells) for row in result_table(name, folder).rows]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("runs.jsonl", "\n".join(map(json.dumps, RECORDS))),
        ("runs.ndjson", "\n".join(map(json.dumps, RECORDS)) + "\n\n"),
        ("runs.json", json.dumps(RECORDS)),
    ],
)
def test_json_has_nested_columns_and_empty_cells(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    first, second = cells(tmp_path, name)
    assert first == CELLS | {"none": ""}
    assert second["acc"] == "NaN"
    assert second["config.lr"] == "0.001"


def test_parquet_is_read(tmp_path):
    import pandas as pd

    flat = [{k: v for k, v in row.items() if k != "config"} for row in RECORDS]
    pd.DataFrame(flat).drop(columns="none").to_parquet(tmp_path / "runs.parquet")
    first, _ = cells(tmp_path, "runs.parquet")
    assert first == {key: text for key, text in CELLS.items() if key != "config.lr"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_has_any_usual_delimiter(tmp_path, delimiter):
    text = "a,b\n1,2\n\n".replace(",", delimiter)
    (tmp_path / "runs.csv").write_text(text, "utf-8-sig")
    assert cells(tmp_path) == [{"a": "1", "b": "2"}]


HEADERS = {
    "line ends of old Macs": "m,acc\ra,1\r",
    "line ends of Windows": "m,acc\r\na,1\r\n",
    "empty lines above": "\n,,\nm,acc\na,1\n",
    "comments above": "# by x, y, z\n# and w\n\nm,acc\na,1\n",
    "a comma at the end of every line": ",,m,acc,\n0,,a,1,\n",
}


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_the_header_of_csv_is_found(tmp_path, text):
    (tmp_path / "runs.csv").write_bytes(text.encode())
    (row,) = cells(tmp_path)
    assert (row["m"], row["acc"]) == ("a", "1")


def test_rows_below_comments_and_texts_of_several_lines_have_their_own_line(tmp_path):
    (tmp_path / "runs.csv").write_text('# a, b, c\n\n"m\nn",acc\na,1\n')
    (row,) = result_table("runs.csv", tmp_path).rows
    assert (row.place, row.cells["acc"]) == ("runs.csv:5", "1")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ('"m, long";"seed, x";acc', ["m, long", "seed, x", "acc"]),
        ('"m" ;acc', ["m ", "acc"]),
        ("#m,acc", ["#m", "acc"]),
    ],
)
def test_delimiters_in_quotes_and_a_hash_are_part_of_names(tmp_path, header, names):
    delimiter = ";" if ";" in header else ","
    (tmp_path / "runs.csv").write_text(f"{header}\n{delimiter.join('1' * len(names))}\n")
    assert [name.strip() for name in cells(tmp_path)[0]] == [name.strip() for name in names]


def test_other_characters_than_line_ends_end_no_line_of_json(tmp_path):
    (tmp_path / "runs.jsonl").write_text('{"a": "x\u2028y"}\r\n{"a": "z"}\r\n', "utf-8")
    assert [row["a"] for row in cells(tmp_path, "runs.jsonl")] == ["x\u2028y", "z"]


def timm_runs(folder):
    for model in ("rest_lite", "pvt_tiny"):
        run = folder / "output" / model
        run.mkdir(parents=True)
        rows = "".join(f"{epoch},{10 - epoch}\n" for epoch in range(3))
        (run / "summary.csv").write_text("epoch,eval_top1\n" + rows)
        (run / "args.yaml").write_text(f"model: {model}\nlr: 0.10\nseed: 42\naa: null\n")


@pytest.mark.parametrize("name", ["output", "output/*/summary.csv", "output/*/*.csv"])
def test_the_last_row_of_timms_logs_counts_with_the_arguments_beside_it(tmp_path, name):
    timm_runs(tmp_path)
    table = result_table(name, tmp_path)
    first, second = (row.cells for row in table.rows)
    assert (first["model"], second["model"]) == ("pvt_tiny", "rest_lite")
    assert (first["eval_top1"], first["seed"], first["folder"]) == ("8", "42", "pvt_tiny")
    assert table.notes == (
        f"{name}: 2 files are logs of a run: the last value of a column counts, never the best",
    )


LOGS = {
    "training and validation in rows of one step": (
        '{"m": "a", "step": 1, "loss": 3}\n{"m": "a", "step": 2, "loss": 2}\n'
        '{"m": "a", "step": 2, "acc": 5}\n{"m": "a", "step": 3, "loss": 1}\n',
        {"m": "a", "step": "3", "loss": "1", "acc": "5"},
    ),
    "arguments first, a summary at the end": (
        '{"m": "a", "seed": 1}\n{"Epoch": 1, "acc": 4}\n{"Epoch": 2, "acc": 3}\n{"time": 9}\n',
        {"m": "a", "seed": "1", "Epoch": "2", "acc": "3", "time": "9"},
    ),
    "one epoch of many steps": (
        '{"epoch": 0, "step": 1, "acc": 1}\n{"epoch": 0, "step": 2, "acc": 2}\n',
        {"epoch": "0", "step": "2", "acc": "2"},
    ),
}


@pytest.mark.parametrize(("text", "end"), LOGS.values(), ids=LOGS)
def test_the_last_value_of_every_column_of_a_log_counts(tmp_path, text, end):
    (tmp_path / "run.jsonl").write_text(text)
    assert cells(tmp_path, "*.jsonl") == [{"file": "run", "folder": tmp_path.name} | end]


RUNS = {
    "several runs": "m,epoch,acc\na,57,1\nb,60,2\nc,63,3\n",
    "several seeds": "seed,epoch,acc\n0,57,1\n1,60,2\n2,63,3\n",
    "two values at one step": "phase,epoch,acc\ntrain,1,1\nval,1,2\ntrain,2,3\nval,2,4\n",
    "steps that begin again": "epoch,acc\n1,1\n2,2\n1,3\n2,4\n",
}


@pytest.mark.parametrize("text", RUNS.values(), ids=RUNS)
def test_a_file_whose_rows_are_no_single_run_keeps_them_all(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    assert len(cells(tmp_path, "*.csv")) == len(text.split()) - 1


def test_a_file_of_runs_that_counts_epochs_keeps_all_rows(tmp_path):
    (tmp_path / "runs.csv").write_text("method,epoch\na,1\nb,2\n")
    assert len(cells(tmp_path)) == 2


def test_runs_of_wandb_that_have_not_finished_are_left_out_and_named(tmp_path):
    text = '"Name","State","acc"\n"a","finished","1"\n"b","crashed","2"\n'
    (tmp_path / "runs.csv").write_text(text)
    table = result_table("runs.csv", tmp_path)
    assert [row.cells["Name"] for row in table.rows] == ["a"]
    assert table.notes == ("1 run has not finished and is left out: runs.csv:3 (crashed)",)


def test_the_digest_follows_the_content_of_every_file(tmp_path):
    timm_runs(tmp_path)
    before = result_table("output", tmp_path).digest
    (tmp_path / "output/pvt_tiny/summary.csv").write_text("epoch,eval_top1\n1,2\n")
    assert result_table("output", tmp_path).digest != before


@pytest.mark.parametrize("name", ["output", "output/pvt_tiny/summary.csv"])
def test_the_digest_follows_the_arguments_of_a_run(tmp_path, name):
    timm_runs(tmp_path)
    before = result_table(name, tmp_path).digest
    (tmp_path / "output/pvt_tiny/args.yaml").write_text("model: rest_lite\nseed: 42\n")
    assert result_table(name, tmp_path).digest != before


def test_brackets_in_the_name_of_a_folder_or_a_file_are_no_pattern(tmp_path):
    folder = tmp_path / "d[1]"
    folder.mkdir()
    (folder / "runs[1].csv").write_text("a\n1\n")
    assert cells(folder, "*.csv")[0]["a"] == "1"
    assert cells(folder, "runs[1].csv") == [{"a": "1"}]
    assert cells(tmp_path, str(folder / "runs[1].csv")) == [{"a": "1"}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("runs.csv", b"\xff\xfea", "byte 1 is not UTF-8"),
        ("runs.csv", b"a,b\n1\n", "runs.csv:2: 1 cell below a header of 2"),
        ("runs.csv", b"# by x\n", "runs.csv has no row below its header"),
        ("runs.csv", b"x" * 200_000 + b",b\n1,2\n", "runs.csv is no CSV"),
        ("runs.json", b'{"a": ' + b"1" * 5000 + b"}", "a number has more digits than can be read"),
        ("runs.json", b"[" * 100_000, "runs.json: no JSON: nested too deeply"),
        ("runs.jsonl", b'{"a":' * 100_000, "runs.jsonl:1: no JSON: nested too deeply"),
        ("runs.csv", b"Step,x - acc,x - acc__MIN\n1,2,3\n", "export the table of runs"),
        ("runs.jsonl", b'{"a": 1}\n{oh', "runs.jsonl:2: no JSON"),
        ("runs.jsonl", b"[1]", "an object of columns is meant"),
        ("runs.parquet", b"text", "is no parquet file"),
    ],
)
def test_a_file_that_is_not_of_its_format_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SpecError) as error:
        result_table(name, tmp_path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "message"), [("*.csv", "no file is called"), ("empty", "has no file of results")]
)
def test_a_pattern_without_a_file_is_refused(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpecError, match=message):
        result_table(name, tmp_path)
