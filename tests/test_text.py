"""Text of unknown origin: labels and what a terminal shows of them."""

import pytest

from study.text import forbidden_character, normal, path_text, visible


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("sof\u00adt", "U+00AD SOFT HYPHEN at character 4"),
        ("a\u200bb", "U+200B ZERO WIDTH SPACE at character 2"),
        ("a\u200db", "U+200D ZERO WIDTH JOINER at character 2"),
        ("\u200cb", "U+200C ZERO WIDTH NON-JOINER at character 1"),
        ("a\u202eb", "U+202E RIGHT-TO-LEFT OVERRIDE at character 2"),
        ("a\u2066b", "U+2066 LEFT-TO-RIGHT ISOLATE at character 2"),
        ("a\u2028b", "U+2028 LINE SEPARATOR at character 2"),
        ("a\x1bb", "U+001B CONTROL CHARACTER at character 2"),
        ("a\tb", "U+0009 CONTROL CHARACTER at character 2"),
        ("a\ufe0f", "U+FE0F VARIATION SELECTOR-16 at character 2"),
        ("\u3164", "U+3164 HANGUL FILLER at character 1"),
        ("\ue000", "U+E000 PRIVATE USE at character 1"),
    ],
)
def test_what_cannot_be_seen_in_a_label_is_named(label, message):
    assert forbidden_character(label) == message


@pytest.mark.parametrize(
    "label",
    [
        "Depth-wise Conv2d",
        "می\u200cخواهم",  # Persian
        "क्\u200dष",  # Devanagari
        "නි\u200dර",  # Sinhala
        "👩\u200d🔬",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "池化 ×2",
        "Änderung ≈ 3 °C",
    ],
)
def test_a_label_may_be_of_any_script(label):
    assert forbidden_character(normal(label)) == ""


@pytest.mark.parametrize("other", [" A b ", "A  b", "A\u00a0b", "A\u202fb", "\u3000A b"])
def test_labels_of_one_look_are_one_label(other):
    assert normal(other) == "A b"


def test_composed_and_decomposed_letters_are_one_label():
    assert normal("e\u0301te\u0301") == "\u00e9t\u00e9"


def test_what_acts_on_a_terminal_is_shown_as_an_escape():
    acts = "\x1b[31mred\x07 \u202eback\x9b \udc80 a\r\n\tb"
    assert visible(acts) == "\\x1b[31mred\\x07 \\u202eback\\x9b \\udc80 a\\r\n\tb"
    assert visible("می\u200cخواهم ● −1 × ≈") == "می\u200cخواهم ● −1 × ≈"


def test_a_name_of_a_file_stays_on_its_line():
    assert path_text("a\nerror: b\x1b") == "a\\nerror: b\\x1b"
