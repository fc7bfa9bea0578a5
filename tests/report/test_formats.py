"""Every format says what the table says, whatever the labels are made of."""

import csv
import io
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from study.report import FORMATS, frame, table, terminal


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


def made(laboratory):
    plan, store = laboratory
    return table(plan, frame(plan, store))


def printed(finished):
    """Label and cells of every row."""
    return [[r.label, *(c.text for c in r.cells)] for b in finished.blocks for r in b.rows]


@pytest.fixture(params=["complete", "nasty"])
def finished(request):
    return made(request.getfixturevalue(request.param))


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_a_format_is_text_that_ends_its_last_line(finished, form):
    assert form(finished).endswith("\n")
    assert form(finished) == form(finished)


def test_markdown_reads_back_as_the_table(finished):
    page = Cells()
    page.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(
        FORMATS["md"](finished)))  # fmt: skip
    blocks = {block.head for block in finished.blocks}
    rows = [row for row in page.rows[1:] if row[0] not in blocks]
    assert [[row[0].removeprefix("● "), *row[1:]] for row in rows] == printed(finished)
    assert page.rows[0][1:] == list(finished.heads)


def test_markdown_of_nasty_text_holds_no_tag_of_its_own(nasty):
    page = Cells()
    page.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(
        FORMATS["md"](made(nasty))))  # fmt: skip
    assert not page.tags & {"script", "a", "img", "code", "s", "h1"}


def test_the_best_is_bold_in_markdown_and_latex(complete):
    finished = made(complete)
    assert "**91.39 ± 0.58**" in FORMATS["md"](finished)
    assert r"\textbf{91.39 $\pm$ 0.58}" in FORMATS["tex"](finished)


def test_csv_reads_back_as_the_table(finished):
    rows = list(csv.reader(io.StringIO(FORMATS["csv"](finished))))
    assert rows[0] == ["factor", "arm", "baseline", *finished.heads]
    assert [[row[1], *row[3:]] for row in rows[1:]] == printed(finished)


def test_latex_rules_stand_at_the_ends_and_between_blocks(lab):
    text = FORMATS["tex"](made(lab({"model.a": ["A", "B"], "model.b": ["C", "D"]})))
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
    assert text.index(r"\midrule", text.index("B &")) < text.index("model.b")


def test_latex_of_nasty_text_has_nothing_left_to_expand(nasty):
    text = FORMATS["tex"](made(nasty))
    assert r"\textless{}script\textgreater{}" in text
    assert r"100 \% \& more\_" in text
    assert r"\$x\_1\$ \#1 \textasciitilde{} \textasciicircum{}\{2\}" in text
    assert r"\label{tab:a-b----}" in text


@pytest.mark.slow
@pytest.mark.parametrize("laboratory", ["complete", "nasty"])
def test_latex_compiles(request, laboratory, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    body = FORMATS["tex"](made(request.getfixturevalue(laboratory)))
    head = r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
    (tmp_path / "x.tex").write_text(f"{head}\n{body}\n\\end{{document}}\n", "utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "x.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert ran.returncode == 0, ran.stdout[-2000:]
    log = (tmp_path / "x.log").read_text("utf-8", "replace")
    assert "Overfull" not in log
    assert "Missing character" not in log


def test_the_terminal_shows_every_label_and_number_and_no_markup(finished):
    console = Console(width=400, file=io.StringIO(), color_system=None)
    console.print(terminal(finished, 400))
    shown = console.file.getvalue()
    for label, *texts in printed(finished):
        assert all(text in shown for text in (label, *texts))
    assert all(note in shown for note in finished.notes if len(note) < 380)


def test_a_narrow_terminal_loses_no_digit(complete):
    console = Console(width=60, file=io.StringIO(), color_system=None)
    console.print(terminal(made(complete), 60))
    assert "…" not in console.file.getvalue()
