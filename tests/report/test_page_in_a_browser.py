"""The page in a browser: on a telephone, on a wide screen and on paper."""

import re

import pytest

from study.report import report
from study.report.page import page
from tests.report import scenes
from tests.report.browser import evaluated, needs_browser, printed
from tests.report.conftest import laboratory

pytestmark = [pytest.mark.slow, needs_browser]

LABELS = "[...document.querySelector('.study-table').querySelectorAll('tbody th[scope=row]')]"
ROWS = f"{LABELS}.map((label) => label.textContent)"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A report of several figures and tables, and its page."""
    study_report = report.report(*scenes.emsa(laboratory(tmp_path_factory.mktemp("emsa"))))
    return study_report, page([study_report])


@pytest.fixture
def text(shown):
    return shown[1]


@pytest.mark.parametrize("width", [390, 768, 1200])
def test_nothing_but_tables_is_wider_than_the_screen(text, tmp_path, width):
    script = "return [innerWidth, document.documentElement.scrollWidth]"
    assert evaluated(text, script, tmp_path, width=width) == ([width, width], [])


@pytest.mark.parametrize("width", [390, 1200])
def test_labels_and_differences_are_in_view_wherever_a_table_is_scrolled(text, tmp_path, width):
    script = """
      const box = document.querySelector(".study-table .scroll");
      const row = box.querySelector("tbody tr:not(.baseline) td").parentElement;
      const delta = row.querySelector(".delta");
      const seen = [];
      for (const left of [0, 60, box.scrollWidth]) {
        box.scrollLeft = left;
        const [here, there] = [row.cells[0], delta].map((cell) => cell.getBoundingClientRect());
        const inside = here.left >= 0 && there.right <= innerWidth;
        seen.push(inside && here.right <= there.left && delta.scrollWidth <= delta.clientWidth);
      }
      return seen;
    """
    assert evaluated(text, script, tmp_path, width=width) == ([True] * 3, [])


def test_a_table_with_more_columns_has_a_shadow_until_its_end(text, tmp_path):
    script = """
      const box = document.querySelector(".study-table .scroll");
      const shown = () => {
        box.dispatchEvent(new Event("scroll"));
        return getComputedStyle(box, "::after").visibility;
      };
      const first = shown();
      box.scrollLeft = box.scrollWidth;
      return [first, shown()];
    """
    assert evaluated(text, script, tmp_path, width=390) == (["visible", "hidden"], [])


def test_a_caption_is_as_wide_as_the_screen_beside_a_wide_table(text, tmp_path):
    script = """
      const box = document.querySelector(".study-table .scroll");
      const caption = document.querySelector(".study-table figcaption").getBoundingClientRect();
      return [box.scrollWidth > box.clientWidth, caption.left >= 0 && caption.right <= innerWidth];
    """
    assert evaluated(text, script, tmp_path, width=390) == ([True, True], [])


@pytest.mark.parametrize("width", [390, 1200])
def test_a_legend_takes_no_room_from_its_chart(text, tmp_path, width):
    script = """
      return [...document.querySelectorAll(".chart")].every((chart) => {
        const plot = chart.querySelector(".area, .rows").getBoundingClientRect();
        const legend = chart.querySelector(".legend").getBoundingClientRect();
        const low = legend.height < plot.height / 2;
        return plot.height > 100 && plot.width > 140 && legend.top >= plot.bottom && low;
      });
    """
    assert evaluated(text, script, tmp_path, width=width) == (True, [])


def test_rows_are_sorted_within_a_factor_and_the_baseline_stays_first(text, tmp_path):
    script = f"""
      const heads = document.querySelector(".study-table table").tHead.rows[0].cells;
      const press = (cell) => {{ cell.querySelector("[role=button]").click(); return {ROWS}; }};
      return [press(heads[0]), press(heads[0]), press(heads[heads.length - 1])];
    """
    (up, down, by_value), failures = evaluated(text, script, tmp_path, width=1200)
    assert failures == []
    assert up[0] == down[0] == by_value[0]
    assert up[0].startswith("●")
    count = next((i for i, label in enumerate(up) if i and label.startswith("●")), len(up))
    assert up[1:count] == down[1:count][::-1]


def test_trials_can_be_searched_and_marks_tell_their_numbers(text, tmp_path):
    script = """
      const list = document.querySelector(".trials");
      const rows = [...list.querySelector("tbody").rows];
      const input = list.querySelector("input");
      input.value = "Average Pooling";
      input.dispatchEvent(new Event("input", { bubbles: true }));
      const shown = rows.filter((row) => !row.hidden).length;
      const mark = document.querySelector("circle.mean[data-tip]");
      mark.dispatchEvent(new Event("pointerover", { bubbles: true }));
      return [rows.length > shown && shown > 0, document.querySelector(".tip").textContent];
    """
    (fewer, tip), failures = evaluated(text, script, tmp_path, width=1200)
    assert fewer
    assert re.search(r": [+−]\d", tip)
    assert failures == []


def test_paper_begins_with_the_answer_and_its_table(shown, tmp_path):
    study_report, text = shown
    sheets = [" ".join(sheet.split()) for sheet in printed(text, tmp_path)]
    assert study_report.plan.study.question in sheets[0]
    assert study_report.answer[:40] in sheets[0]
    assert study_report.plan.arms[1].label in sheets[0].partition("Results")[2]
    # What is folded on a screen is on paper, but for the trials.
    assert any("@software" in sheet for sheet in sheets)
    assert not any("one by one" in sheet for sheet in sheets)


def test_paper_is_light_and_has_figures_side_by_side(text, tmp_path):
    # The rules for paper, at the width of a sheet without its margins.
    text = text.replace("@media print", "@media all")
    script = """
      const figures = [...document.querySelector(".figures").children];
      const [first, second] = figures.map((figure) => figure.getBoundingClientRect());
      document.documentElement.dataset.scheme = "dark";
      const colour = getComputedStyle(document.body).backgroundColor;
      return [first.top === second.top, second.right <= innerWidth, colour];
    """
    value, failures = evaluated(text, script, tmp_path, width=680)
    assert value == [True, True, "rgb(255, 255, 255)"]
    assert failures == []
