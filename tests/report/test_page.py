"""The page: what it says in every state, that it fetches nothing, and that a browser can use it."""

import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from study.report import report
from study.report.page import page, script_json

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
        pages[request.param] = study_report, page([study_report], plain=True)
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


def test_labels_make_no_tags(nasty):
    text = page([report.report(*nasty)])
    assert "<script>alert" not in text
    assert text.count("<script") == len(
        re.findall(r"<script(?: type=\"[a-z/]+\")?(?: id=\"charts\")?>", text)
    )


@pytest.mark.heavy
def test_the_same_report_is_the_same_bytes(complete):
    study_report = report.report(*complete)
    assert page([study_report]) == page([study_report])


def test_json_in_a_page_ends_no_script():
    text = script_json({"a": "</script><!-- & \u2028"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}


@pytest.mark.heavy
def test_several_studies_share_a_page(complete, lab):
    study_report = report.report(*complete)
    read = Page(page([study_report, study_report], plain=True))
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


# ---- in a browser ----


@pytest.fixture
def browser():
    selenium = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromedriver are not installed")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    offline = "--host-resolver-rules=MAP * ~NOTFOUND"
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", offline):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driven = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    yield driven
    driven.quit()


@pytest.mark.slow
@pytest.mark.parametrize("plain", [False, True])
def test_a_browser_shows_sorts_and_hovers_without_a_network(browser, complete, tmp_path, plain):
    study_report = report.report(*complete)
    (tmp_path / "page.html").write_text(page([study_report], plain=plain), "utf-8")
    browser.get(f"file://{tmp_path}/page.html")
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    headings = "[...document.querySelectorAll('.study-table tbody th[scope=row]')]"
    rows = f"return {headings}.map(row => row.textContent)"
    arms = browser.execute_script(rows)[: len(study_report.plan.arms)]
    assert len(arms) == len(study_report.plan.arms)
    head = browser.find_element("css selector", ".study-table thead th:last-of-type button")
    orders = []
    for _ in range(2):
        browser.execute_script("arguments[0].click()", head)
        orders.append(browser.execute_script(rows)[: len(arms)])
    assert orders[0][0] == orders[1][0] == arms[0]  # the baseline stays
    names = browser.find_element("css selector", ".study-table thead th button")
    browser.execute_script("arguments[0].click()", names)
    first = browser.execute_script(rows)[1 : len(arms)]
    browser.execute_script("arguments[0].click()", names)
    assert browser.execute_script(rows)[1 : len(arms)] == first[::-1]
    if not plain:
        assert browser.execute_script("return document.querySelectorAll('.main-svg').length") > 0
        shown = browser.execute_script(
            "const e = document.querySelector('.js-plotly-plot');"
            "Plotly.Fx.hover(e, [{curveNumber: 1, pointNumber: 0}]);"
            "return e.querySelector('.hoverlayer').textContent"
        )
        assert "Average Pooling" in shown
        assert browser.execute_script(
            "return !!document.querySelector('.dt-container, .dataTables_wrapper')"
        )
