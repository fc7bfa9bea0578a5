"""Every format says what the table says, whatever the labels are made of."""

import csv
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from study.analysis.analysis import Analysis
from study.report.formats import numbers
from study.report.report import FORMATS, table, terminal, wide_table
from study.report.spreadsheet import without_formula
from study.report.table import Cell, Row, Table, TableBlock
from tests.report.conftest import laboratory


class Cells(HTMLParser):
    """The rows of the tables of a page, as a browser would show them; and its tags."""

    def __init__(self):
        super().__init__()
        self.rows, self.tags, self.inside = [], set(), False

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


def table_of(laboratory):
    """The table with the most columns."""
    return wide_table(Analysis(*laboratory))


@pytest.fixture(scope="module")
def tall(tmp_path_factory):
    """The table of eighty arms, made once: no test changes it."""
    labels = [f"level {number}" for number in range(80)]
    values = {label: [0.5 + n / 1000, 0.5, 0.51] for n, label in enumerate(labels[1:])}
    lab = laboratory(tmp_path_factory.mktemp("tall"))
    return table_of(lab({"model.depth": labels}, top1={"baseline": [0.5, 0.5, 0.5]} | values))


@pytest.fixture
def finished_in(request):
    """finished_in(state) -> the table of a study in that state."""

    def finished(state):
        fixture = request.getfixturevalue(state)
        return fixture if state == "tall" else table_of(fixture)

    return finished


def printed(finished):
    """Label and cells of every row."""
    return [[r.label, *(c.text for c in r.cells)] for b in finished.blocks for r in b.rows]


@pytest.fixture(params=["complete", "nasty", "complete narrow", "nasty narrow"])
def finished(request):
    state, _, narrow = request.param.partition(" ")
    analysis = Analysis(*request.getfixturevalue(state))
    return table(analysis) if narrow else wide_table(analysis)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_a_format_is_text_that_ends_its_last_line(finished, form):
    assert form(finished).endswith("\n")
    assert form(finished) == form(finished)


def test_markdown_reads_back_as_the_table(finished):
    page = Cells()
    page.feed(
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(FORMATS["md"](finished))
    )
    blocks = {block.head for block in finished.blocks}
    rows = [row for row in page.rows[1:] if row[0] not in blocks]
    assert [[row[0].removeprefix("● "), *row[1:]] for row in rows] == printed(finished)
    assert page.rows[0][1:] == list(finished.heads)


def test_markdown_of_nasty_text_holds_no_tag_of_its_own(nasty):
    page = Cells()
    page.feed(
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .render(FORMATS["md"](table_of(nasty)))
    )
    assert not page.tags & {"script", "a", "img", "code", "s", "h1"}


def test_the_best_is_bold_in_markdown_and_latex(complete):
    finished = table_of(complete)
    assert "**91.39 ± 0.58**" in FORMATS["md"](finished)
    assert r"\textbf{91.39 $\pm$ 0.58}" in FORMATS["tex"](finished)


def test_csv_reads_back_as_the_table(finished):
    rows = list(csv.reader(io.StringIO(FORMATS["csv"](finished))))
    assert rows[0] == ["factor", "arm", "baseline", *finished.heads]
    texts = [[without_formula(text) for text in row] for row in printed(finished)]
    assert [[row[1], *row[3:]] for row in rows[1:]] == texts


def test_latex_rules_stand_at_the_ends_and_between_blocks(lab):
    text = FORMATS["tex"](table_of(lab({"model.a": ["A", "B"], "model.b": ["C", "D"]})))
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
    assert text.index(r"\midrule", text.index("B &")) < text.index("itshape B}")


def test_latex_of_nasty_text_has_nothing_left_to_expand(nasty):
    text = FORMATS["tex"](table_of(nasty))
    assert r"\textless{}script\textgreater{}" in text
    assert r"100 \% \& more\_" in text
    assert r"\$x\_1\$ \#1 \textasciitilde{} \textasciicircum{}\{2\}" in text
    assert r"\label{tab:a-b-----wide}" in text


def compiled(folder, body):
    """What LaTeX says of it, and its exit status."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    packages = "booktabs,graphicx,longtable,siunitx"
    head = rf"\documentclass{{article}}\usepackage{{{packages}}}\begin{{document}}"
    (folder / "x.tex").write_text(f"{head}\n{body}\n\\end{{document}}\n", "utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "x.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    return ran.returncode, (folder / "x.log").read_text("utf-8", "replace")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["tex", "fragment.tex", "siunitx.tex"])
@pytest.mark.parametrize("state", ["complete", "nasty", "tall"])
def test_latex_compiles(finished_in, state, form, tmp_path):
    body = FORMATS[form](finished_in(state))
    status, log = compiled(tmp_path, body)
    assert status == 0, log[-2000:]
    assert "Missing character" not in log
    assert form != "tex" or state == "tall" or "Overfull" not in log


@pytest.mark.slow
def test_numbers_are_printed_by_latex_and_missing_ones_stop_it(complete, tmp_path):
    text = numbers({"table": table_of(complete)}, "a study")
    assert compiled(tmp_path, text + r"\studynumber{max-pooling/top1-delta/low}")[0] == 0
    assert compiled(tmp_path, text + r"\studynumber{a-study/baseline/params/value}")[0] == 0
    status, log = compiled(tmp_path, text + r"\studynumber{min-pooling/top1}")
    assert status != 0
    assert 'there is no number "min-pooling/top1"' in log


def test_a_number_keeps_its_key_when_rows_and_columns_are_added(lab):
    few = lab(top1={"baseline": [0.9, 0.8], "Max Pooling": [0.7, 0.6]}, seeds=2)
    many = lab(
        {"model.reduction": ["Depth-wise Conv2d", "New", "Max Pooling"]},
        seeds=2,
        columns=("macs", "top1"),
        top1={"baseline": [0.9, 0.8], "New": [0.9, 0.8], "Max Pooling": [0.7, 0.6]},
    )
    lines = [
        {*numbers({"table": table_of(laboratory)}, "x").splitlines()} for laboratory in (few, many)
    ]
    wanted = {line for line in lines[0] if "max-pooling/top1" in line}
    assert len(wanted) > 8
    assert wanted <= lines[1]


def test_rows_of_one_name_are_told_apart_by_their_factor(lab):
    text = numbers({"table": table_of(lab({"model.a": ["x", "y"], "model.b": ["x", "y"]}))}, "s")
    assert r"\studydefine{model.a.y/params}" in text
    assert r"\studydefine{model.b.y/params}" in text


def test_html_reads_back_as_the_table(finished):
    page = Cells()
    page.feed(FORMATS["html"](finished))
    blocks = {block.head for block in finished.blocks}
    rows = [row for row in page.rows[1:] if row[0] not in blocks]
    assert [[row[0].removeprefix("● "), *row[1:]] for row in rows] == printed(finished)
    assert not page.tags & {"script", "a", "img", "h1", "b"}


def test_html_sorts_by_base_units(complete):
    assert 'data-order="10490000.0"' in FORMATS["html"](table_of(complete))


def test_what_siunitx_gets_are_numbers(finished):
    numbers = re.compile(r"(\\bfseries )?[+-]?\d+(\.\d+)?|\{.*\}|")
    lines = FORMATS["siunitx.tex"](finished).splitlines()
    rows = [line.removesuffix(r" \\").split(" & ") for line in lines if line.endswith(r"\\")]
    rows = [row for row in rows if len(row) > 1 and "multicolumn" not in row[1]]
    assert rows
    for row in rows:
        assert numbers.fullmatch(row[1].strip()), row


def test_a_tall_table_is_several_of_one_number(tall):
    text = FORMATS["tex"](tall)
    count = text.count(r"\begin{table*}")
    assert count == text.count(r"\end{table*}") == text.count(r"\begin{tabular}") > 1
    assert text.count(r"\addtocounter{table}{-1}") == count - 1
    assert text.count(r"\label") == 1
    assert "longtable" not in text


@pytest.mark.parametrize("state", ["nothing", "one_seed", "diverged", "failed", "tall"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_state_of_a_study_has_every_form(finished_in, state, form):
    finished = finished_in(state)
    text = FORMATS[form](finished)
    assert text.endswith("\n")
    assert max(len(row.label) for block in finished.blocks for row in block.rows) < len(text)


def test_the_terminal_shows_every_label_and_number_and_no_markup(finished):
    console = Console(width=400, file=io.StringIO(), color_system=None)
    console.print(terminal(finished))
    shown = console.file.getvalue()
    for label, *texts in printed(finished):
        assert all(text in shown for text in (label, *texts))
    assert all(note in shown for note in finished.notes if len(note) < 380)


def lines_at(table, width, terminal_=True):
    console = Console(width=width, file=io.StringIO(), color_system=None, force_terminal=terminal_)
    console.print(terminal(table), crop=False)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 70, 80, 90, 100, 110, 120, 160])
@pytest.mark.parametrize("state", ["complete", "diverged", "nasty"])
def test_the_answer_stands_whole_in_a_terminal_of_any_width(finished_in, state, width):
    finished = finished_in(state)
    shown = lines_at(finished, width)
    assert max(map(cell_len, shown)) <= width
    delta = finished.keys.index("top1-delta")
    for row in (row for block in finished.blocks for row in block.rows):
        assert any(row.cells[delta].text in line for line in shown)


@pytest.mark.parametrize("width", [30, 40, 50, 60, 80, 100, 110])
@pytest.mark.parametrize("state", ["complete", "diverged", "one_seed"])
def test_a_narrow_terminal_breaks_no_number_and_leaves_none_out(finished_in, state, width):
    finished = finished_in(state)
    shown = lines_at(finished, width)
    words = [n for row in printed(finished) for cell in row[1:] for n in cell.split()]
    rule = next(number for number, line in enumerate(shown) if "──" in line)
    pieces = [word for line in shown[rule:] for word in line.split()]
    assert max(map(cell_len, shown)) <= width
    assert all(pieces.count(word) >= words.count(word) for word in set(words))
    assert "…" not in "".join(shown)


def test_a_wide_terminal_and_a_pipe_have_one_table(complete):
    finished = table_of(complete)
    for lines in (lines_at(finished, 200), lines_at(finished, 40, terminal_=False)):
        text = "\n".join(lines)
        assert text.count("──\n") == 1
        assert all(cell in text for row in printed(finished) for cell in row[1:])


def test_prose_is_broken_between_words(complete):
    cells = (Cell("undecided"), Cell("a measured difference of −1.39 [−4.55, 1.77] pp " * 3))
    rows = (Row("Average Pooling is worse than Depth-wise Conv2d on top1", False, cells),)
    claims = Table("claims", "", ("State", "Measured"), (TableBlock("", rows),), ())
    for width in (40, 60, 80):
        shown = lines_at(claims, width)
        assert max(map(cell_len, shown)) <= width
        assert {"undecided", "difference", "[−4.55,"} <= set(" ".join(shown).split())


def test_every_line_of_a_latex_head_is_equally_tall(complete):
    every = FORMATS["tex"](table(Analysis(*complete)))
    assert r"\shortstack[r]{\strut Top-1 \\ \strut (\%)}" in every
