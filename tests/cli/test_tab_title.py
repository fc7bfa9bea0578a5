"""The title of a terminal's tab: progress while work goes on, and its own title afterwards."""

import pytest

from tests.cli.terminals import output

WORK = """
from study.cli.output import progress
with progress("timing") as tick:
    tick(3, 40)
"""


def test_a_tab_shows_progress_and_has_its_title_back(tmp_path):
    text = output(["-c", WORK], tmp_path)
    save, title, restore = "\x1b[22;2t", "\x1b]2;3/40 timing\x07", "\x1b[23;2t"
    assert text.index(save) < text.index(title) < text.index(restore)


def test_a_title_comes_back_after_an_error(tmp_path):
    assert "\x1b[23;2t" in output(["-c", f"{WORK}    raise ValueError"], tmp_path)


def test_a_name_cannot_end_the_escape(tmp_path):
    text = output(["-c", WORK.replace("timing", r"a\x07b\x1b[31m")], tmp_path)
    assert "\x1b]2;3/40 a b [31m\x07" in text


@pytest.mark.parametrize("terminal", ["dumb", "linux"])
def test_a_terminal_without_titles_gets_none(tmp_path, terminal):
    assert "]2;" not in output(["-c", WORK], tmp_path, TERM=terminal)


def test_a_pipe_gets_none(capsys):
    exec(WORK)
    assert capsys.readouterr().err == ""
