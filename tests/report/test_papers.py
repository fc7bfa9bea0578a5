"""Tables are compiled into the classes of papers: nothing is too wide, and 8 pt stay 8 pt.

neurips.sty may not be passed on; its page is that of an article of 5.5 by 9 inches.
"""

import re
import shutil
import subprocess

import pytest

from study.report import report
from study.report.formats import FORMATS
from tests.report.scenes import emsa, factorial

CLASSES = {
    "ieee": r"\documentclass[conference]{IEEEtran}",
    "lncs": r"\documentclass{llncs}",
    "article": r"\documentclass[twocolumn]{article}",
    "neurips": "\\documentclass[10pt]{article}\n"
    r"\usepackage[letterpaper,textwidth=5.5in,textheight=9in]{geometry}",
}
PACKAGES = "booktabs,graphicx,longtable,siunitx"
FORMS = ("tex", "fragment.tex", "siunitx.tex")
# Printed by the table's first heading: the size of the font in the middle of the tabular.
SIZE = r"\toprule\typeout{SIZE: \csname f@size\endcsname}"


def compiled(folder, name, body, packages=PACKAGES):
    """The log of a paper of that class; the test is skipped without pdflatex or the class."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    head = f"{CLASSES[name]}\n\\usepackage{{{packages}}}\n"
    text = f"{head}\\begin{{document}}\nText.\n{body}\n\\end{{document}}\n"
    (folder / "x.tex").write_text(text, "utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "x.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    log = (folder / "x.log").read_text("utf-8", "replace")
    if re.search(r"File `\w+\.cls' not found", log):
        pytest.skip(f"the class of {name} is not installed")
    assert ran.returncode == 0, log[-2000:]
    return log


def placed(form, text):
    """A tabular in the environment that its first line asks for."""
    if form == "tex":
        return text
    star = "*" if "in a table*" in text else ""
    return f"\\begin{{table{star}}}\\centering\\caption{{x}}\n{text}\\end{{table{star}}}\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("scene", [emsa, factorial])
def test_every_table_has_room_and_the_narrow_one_has_8_points(lab, scene, name, tmp_path):
    tables = report.tables(*scene(lab))
    for key in ("table", "table_wide", "supplement"):
        for form in FORMS:
            body = placed(form, FORMATS[form](tables[key])).replace(r"\toprule", SIZE)
            log = compiled(tmp_path, name, body)
            assert "Overfull" not in log, (key, form, log[log.index("Overfull") :][:200])
            assert "Missing character" not in log
            assert re.findall(r"SIZE: (\S+)", log) == ["8"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["tex", "fragment.tex"])
def test_tables_need_booktabs_alone(lab, form, tmp_path):
    for key, table in report.tables(*factorial(lab)).items():
        log = compiled(tmp_path, "ieee", placed(form, FORMATS[form](table)), "booktabs")
        # One column has room for the main table as it is.
        assert key != "table" or "Overfull" not in log


@pytest.mark.slow
def test_letters_that_no_font_has_compile(lab, tmp_path):
    labels = ["卷积", "注意力 🚀", "Ünïcödé ą", "α-Entmax", "かな", "свёртка"]
    plan = lab({"model.x": labels}, top1={"baseline": [0.5, 0.6, 0.7]}, columns=("params", "top1"))
    text = FORMATS["tex"](report.tables(*plan)["table"])
    assert "Missing character" not in compiled(tmp_path, "ieee", text)
    assert "(rocket)" in text


@pytest.mark.slow
def test_siunitx_keeps_the_sign_of_a_difference(complete, tmp_path):
    text = FORMATS["siunitx.tex"](report.tables(*complete)["table"])
    assert "retain-explicit-plus" in text
    compiled(tmp_path, "ieee", placed("siunitx.tex", text))
