"""What is printed: harmless to a terminal, legible in any encoding, lost without a traceback."""

import io
import json
import os
import subprocess
import sys

import pytest
from rich.table import Table
from rich.text import Text

from study.cli.consoles import SafeConsole
from study.cli.streams import EscapedText, UnreadError, UnwrittenError
from tests.conftest import environment

ESCAPES = "\x1b[31m \u202e \x9b \udc9b"
SHOWN = r"\x1b[31m \u202e \x9b \udc9b"


def test_text_that_is_printed_cannot_act_on_a_terminal():
    stream = io.StringIO()
    EscapedText(stream, strict=True).write(ESCAPES + "\r\n\r")
    assert stream.getvalue() == SHOWN + "\\r\n\\r"


def test_progress_of_downloads_goes_back_to_the_start_of_its_line():
    stream = io.StringIO()
    EscapedText(stream, strict=False).write("\r50 %")
    assert stream.getvalue() == "\r50 %"


def test_text_in_tables_cannot_act_on_a_terminal_and_rich_can():
    stream = io.StringIO()
    table = Table(ESCAPES, "b", box=None)
    table.add_row(Text(ESCAPES, "red"), "[not bold]:x:[/]")
    SafeConsole(
        file=stream, force_terminal=True, color_system="standard", emoji=False, width=99
    ).print(table, Text(ESCAPES))
    printed = stream.getvalue()
    assert printed.count(SHOWN) == 3
    assert "\x1b[31m" + SHOWN in printed
    assert ":x:" in printed
    assert not {"\u202e", "\x9b", "\udc9b"} & set(printed)


class Full(io.StringIO):
    def __init__(self, error: type[OSError], number: int):
        super().__init__()
        self.error = error(number, "no more")

    def write(self, text):
        raise self.error

    def fileno(self):
        return os.open(os.devnull, os.O_WRONLY)


def test_a_reader_who_has_gone_is_told_apart_from_a_disk_that_is_full():
    with pytest.raises(UnreadError):
        EscapedText(Full(BrokenPipeError, 32), strict=True).write("a")
    with pytest.raises(UnwrittenError, match="cannot write to stdout: no more"):
        EscapedText(Full(OSError, 28), strict=True).write("a")
    with pytest.raises(UnwrittenError, match="closed"):
        EscapedText(None, strict=True).write("a")


def test_messages_that_nobody_reads_end_no_work():
    for stream in (Full(BrokenPipeError, 32), Full(OSError, 28), None):
        EscapedText(stream, strict=False).write("a")
        EscapedText(stream, strict=False).flush()


def test_nothing_a_file_says_acts_on_a_terminal(inside, tiny):
    text = (
        tiny.read_text()
        .replace("question: Does", 'question: "Does \\e[31m \\a')
        .replace("run?", 'run?"')
    )
    tiny.write_text(text)
    for words in (["plan", tiny], ["list", tiny.parent], ["status", tiny], ["report", tiny]):
        done = inside(*words)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout + done.stderr
    assert r"\x1b[31m" in inside("list", tiny.parent).stdout
    tiny.write_text(text.replace("average", '"av\\e[32m"'))
    assert r"av\x1b[32m" in inside("plan", tiny).stderr


def test_a_word_of_the_command_line_does_not_act_on_a_terminal(inside):
    done = inside("r\x1b[31mun\u202e")
    assert done.returncode == 2
    assert not {"\x1b", "\u202e"} & set(done.stderr)


def test_json_stays_json_whatever_it_holds(inside, tiny):
    tiny.write_text(tiny.read_text().replace("Does it run?", '"a\\x7f\\e\\u202e"'))
    done = inside("plan", tiny, "--json")
    assert "\x7f" not in done.stdout
    assert json.loads(done.stdout)["question"] == "a\x7f\x1b\u202e"


# ---- as processes ----


def shell(line: str, folder, **changes: str) -> subprocess.CompletedProcess:
    line = line.replace("study ", f"{sys.executable} -m study ", 1)
    return subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"],
        cwd=folder,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("words", [pytest.param("--help", marks=pytest.mark.slow), "schema"])
@pytest.mark.parametrize(
    ("where", "status", "message"),
    [
        (">/dev/full", 4, "cannot write to stdout: No space left"),
        (">&-", 4, "cannot write to stdout: it is closed"),
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        ("| true", 0, ""),
    ],
)
def test_stdout_that_takes_nothing_is_a_clear_end(tmp_path, words, where, status, message):
    done = shell(f"study {words} {where}", tmp_path)
    assert (done.returncode, "Traceback" in done.stderr, "Exception" in done.stderr) == (
        status,
        False,
        False,
    )
    assert message in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_of_one_line_is_enough(tmp_path, unbuffered):
    done = shell("study schema | head -1", tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def test_closed_streams_give_no_file_their_numbers(tmp_path):
    done = shell("study schema -o out.json >&- 2>&- <&-", tmp_path)
    assert done.returncode == 0
    assert json.loads((tmp_path / "out.json").read_text())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_lacks_is_written_in_another_way(inside, study, tiny, encoding):
    inside("plan", tiny, "--on", "inline")  # counts the arms
    done = study("plan", tiny, env={"PYTHONIOENCODING": encoding}, encoding="latin-1")
    assert done.returncode == 0, done.stderr
    assert "* DW" in done.stdout
    assert "-0.2 %" in done.stdout  # the minus sign is not lost
