"""Messages: coloured and wrapped at words on a terminal, plain in a pipe."""

import re

import pytest

from tests.cli.terminals import shown

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_an_error_is_coloured_on_a_terminal(tmp_path):
    assert "\x1b[1;31merror:" in shown(["run", "nosuch.yaml"], tmp_path)


def test_no_color_is_respected(tmp_path):
    text = shown(["run", "nosuch.yaml"], tmp_path, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3\dm", text)
    assert "error: unknown study file" in ESCAPE.sub("", text)


def test_a_pipe_has_no_colour(study):
    done = study("run", "nosuch.yaml", env={"FORCE_COLOR": "1"})
    assert done.stderr.startswith("error: unknown study file")
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("columns", [40, 80])
def test_sentences_are_wrapped_at_words(tmp_path, columns):
    text = ESCAPE.sub("", shown(["rnu"], tmp_path, columns))
    assert max(map(len, text.splitlines())) <= columns
    assert 'unknown command "rnu"; did you mean "run"?' in " ".join(text.split())


def test_a_command_to_copy_has_a_line_of_its_own(tmp_path):
    name = "a/study/file/with/a/long/path.yaml"
    text = ESCAPE.sub("", shown([name], tmp_path, 40))
    assert f"\n  study run {name}\n" in text


def test_an_excerpt_is_not_wrapped(tmp_path):
    (tmp_path / "x.yaml").write_text("question: " + "a very long question " * 9 + "\nbaselin: 1\n")
    text = ESCAPE.sub("", shown(["plan", "x.yaml"], tmp_path, 40))
    assert 'did you mean "baseline"?' in text
    assert "2  | baselin: 1" in text
