"""The page: what it says in every state, that it fetches nothing, and that it stays small."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from study.report import report
from study.report.figures import FIGURES, all_figures
from study.report.figures.interval_text import interval_text
from study.report.page import page
from study.report.page.chart import Stretch
from study.report.page.charts import CHARTS
from study.report.page.labels import LabelledPoint, labels
from study.report.page.pictures import TITLES
from tests.report import scenes

MEGABYTE = 1_000_000

STATES = ["complete", "nasty", "nothing", "one_seed", "diverged", "failed"]


class Page(HTMLParser):
    """Headings, ids, sources and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings, self.ids, self.fetched, self.texts, self.alts = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.fetched += [attributes[key] for key in ("src", "srcset") if key in attributes]
        self.fetched += [attributes["href"]] if tag == "link" else []
        self.alts += [attributes.get("alt", "")] if tag == "img" else []

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def pages():
    """The report and the page of every state that a test has asked for."""
    return {}


@pytest.fixture(params=STATES)
def shown(request, pages):
    """A report and the text of its page, made once."""
    if request.param not in pages:
        study_report = report.report(*request.getfixturevalue(request.param))
        pages[request.param] = study_report, page([study_report])
    return pages[request.param]


def test_every_state_has_a_page_that_fetches_nothing(shown):
    _, text = shown
    read = Page(text)
    assert all(source.startswith("data:") for source in read.fetched)
    assert "default-src 'none'" in text
    assert len(read.ids) == len(set(read.ids))
    assert all(read.alts)


def test_headings_go_down_one_by_one(shown):
    headings = Page(shown[1]).headings
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(headings))


def test_the_question_the_answer_and_every_label_are_there(shown):
    study_report, text = shown
    text = " ".join("".join(Page(text).texts).split())
    assert study_report.answer in text
    assert study_report.plan.study.question in text
    for arm in study_report.plan.arms:
        assert " ".join(arm.label.split()) in text or len(study_report.plan.arms) > 50


def test_every_figure_has_a_heading(shown):
    assert FIGURES.keys() == CHARTS.keys() | TITLES.keys()
    for figure in re.findall(r'<figure class="(?:chart|printed).*?</figure>', shown[1], re.DOTALL):
        assert re.search(r"<figcaption>[^<]+</figcaption>", figure)


def test_labels_make_no_tags(nasty):
    text = page([report.report(*nasty)])
    assert "<script>alert" not in text
    assert text.count("<script") == text.count("<script>") == 1


@pytest.mark.heavy
def test_the_same_report_is_the_same_bytes(complete):
    study_report = report.report(*complete)
    assert page([study_report]) == page([study_report])


def test_the_caption_and_the_notes_are_outside_the_box_that_scrolls(shown):
    for box in re.findall(r'<div class="scroll".*?</div>', shown[1], re.DOTALL):
        assert "figcaption" not in box
        assert "<ul" not in box
    assert shown[1].count('<figure class="study-table">\n<figcaption>') == len(shown[0].tables)


def test_every_table_names_its_rows_and_columns(shown):
    for table in re.findall(r"<table>.*?</table>", shown[1], re.DOTALL):
        head, _, body = table.partition("</thead>")
        assert head.count('scope="col"') == head.count("<th ")
        assert body.count("<tr") == body.count('scope="row') > 0


@pytest.mark.heavy
def test_the_difference_and_its_quality_stand_before_the_costs(complete):
    text = page([report.report(*complete)])
    head = text.partition("<thead>")[2].partition("</thead>")[0]
    heads = re.findall(r"<th [^>]*>(.*?)</th>", head)
    assert heads[1].startswith("Δ Top-1 (pp)")
    assert heads[2].startswith("Top-1")
    assert len(heads) > 3


@pytest.mark.heavy
def test_a_page_is_less_than_a_megabyte(complete, lab):
    for state in (complete, scenes.many(lab)):
        assert len(page([report.report(*state)]).encode()) < MEGABYTE


@pytest.mark.slow
def test_long_curves_of_many_arms_are_thinned_and_the_page_says_so(lab):
    text = page([report.report(*scenes.learnt(scenes.many(lab), epochs=300, most=40))])
    assert len(text.encode()) < MEGABYTE
    assert re.search(r"\d+ of 300 epochs are drawn", text)


@pytest.mark.heavy
def test_charts_have_the_numbers_of_the_printed_figures(lab):
    study_report = report.report(*scenes.emsa(lab))
    text = page([study_report])
    assert {"forest", "trade_off"} <= {*re.findall(r'<figure class="chart (\w+)">', text)}
    forest = text.partition('<figure class="chart forest">')[2].partition("</figure>")[0]
    data = next(f for f in all_figures(study_report) if f.name == "effects").data
    for row in data[data["what"] == "mean"].itertuples():
        assert f"{row.value:+.2f} [".replace("-", "−") in forest
        assert f"{row.low:.2f}, {row.high:.2f}".replace("-", "−") in forest
    assert interval_text(study_report.analysis, "top1") in forest


def test_a_label_is_not_struck_through_by_the_bar_of_another_point():
    barred = LabelledPoint("barred", 55, 50, None, Stretch(0, 100))
    beside = LabelledPoint("a long label", 50, 20, None, None)
    (placed,) = labels([beside, barred], [0], 280)[:1]
    assert (placed.dx, placed.align) == (-9, "end")


@pytest.mark.heavy
def test_several_studies_share_a_page(complete, lab):
    study_report = report.report(*complete)
    read = Page(page([study_report, study_report]))
    assert read.headings[0] == 1
    assert "2 studies" in read.texts


def test_two_colours_of_text_are_legible_in_both_schemes():
    from study.report.page import HERE

    style = (HERE / "page.css").read_text()
    for block in re.findall(r":root[^{]*\{([^}]*)\}", style):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for name in ("ink", "soft", "link"):
            for behind in ("paper", "wash"):
                assert contrast(colours[name], colours[behind]) >= 4.5, (name, behind)


def contrast(first: str, other: str) -> float:
    """Of WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted([luminance(first), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)
