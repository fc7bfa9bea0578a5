"""The command of a user's that starts a worker: its words and its placeholders."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from study.errors import StudyError
from study.launch import templates

JOB = Path("/a folder/it's/jobs/20260102-030405-678901-abcdef")
LINE = [sys.executable, "-m", "study", "worker", str(JOB), "--index", "3"]


def test_a_worker_is_one_argument_that_a_shell_reads_back():
    *words, line = templates.words("ssh -p 22 gpu1 {worker}", JOB, 3)
    assert words == ["ssh", "-p", "22", "gpu1"]
    assert shlex.split(line) == LINE


def test_a_worker_may_stand_inside_a_word():
    words = templates.words("sh -c 'cd /x && {worker} &'", JOB, 3)
    assert words[:2] == ["sh", "-c"]
    assert shlex.split(words[2]) == ["cd", "/x", "&&", *LINE, "&"]


def test_a_real_shell_reads_the_words_back():
    words = templates.words("sh -c 'printf \"%s\\n\" {worker}'", JOB, 3)
    assert subprocess.check_output(words, text=True).splitlines() == LINE


def test_other_placeholders_are_the_job_the_number_and_a_name():
    words = templates.words("run {job} {index} --name={name} {{x}}", JOB, 3)
    assert [*words[:3], words[4]] == ["run", str(JOB), "3", "{x}"]
    name = words[3].removeprefix("--name=")
    assert name.startswith("study-20260102-030405-678901-abcdef-3-")
    assert len(name) <= 63  # of a label of DNS
    assert templates.words("run {job} {name}", JOB, 3)[2] != name


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("ssh gpu1 {wroker}", 'unknown placeholder "wroker"; did you mean "worker"?'),
        ("ssh gpu1", "it starts no worker"),
        ("{worker}", "its first word is a program"),
        ("ssh 'gpu1 {worker}", "cannot be split into words: no closing quotation"),
        ("ssh {worker", "write {{ and }}"),
        ("ssh {worker:3}", "a placeholder is a name"),
        ("ssh {}", "a placeholder is a name"),
        (" ", "it is empty"),
    ],
)
def test_a_command_that_starts_no_worker_is_refused(template, why):
    with pytest.raises(StudyError) as refused:
        templates.check(template)
    assert why in str(refused.value)
