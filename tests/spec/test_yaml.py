"""YAML with places: what is read, what is refused, and where it says so."""

import pytest

from study.spec.problems import report
from study.spec.variables import expand
from study.spec.yaml import read


def test_a_scalar_is_what_yaml_1_2_says():
    tree, problems = read("a: 1e-3\nb: no\nc: 12:30\nd: 2021-05-28\ne: 0o17\nf: ~", "x")
    assert not problems
    assert tree.plain() == {
        "a": 0.001,
        "b": "no",
        "c": "12:30",
        "d": "2021-05-28",
        "e": 15,
        "f": None,
    }


def test_keys_are_text_as_written():
    tree, _ = read("1.0: a\n8-4-2-1: b\ntrue: c", "x")
    assert list(tree.plain()) == ["1.0", "8-4-2-1", "true"]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: 1\na: 2", "duplicate key", "x:2:1"),
        ("a: &b [1]\nc: *b", "anchors", "x:1:4"),
        ("a: &b [*b]", "anchors", "x:1:4"),
        ("a: !!python/object:os.system ls", "tags", "x:1:4"),
        ("a: .nan", "finite", "x:1:4"),
        ("a: -.inf", "finite", "x:1:4"),
        ("? [1]\n: 2", "key must be text", "x:1:3"),
        ("a: [1,\n", "not YAML", "x:2:1"),
        ("a: b: c", "not YAML", "x:1:5"),
        ("\x00", "not YAML", "x:1:1"),
        ("a: 1\n--- \nb: 2", "one document", "x:2:1"),
        ("[" * 60 + "]" * 60, "nested", "x:1:42"),
    ],
)
def test_what_a_study_may_not_contain_is_refused_at_its_place(text, message, place):
    _, problems = read(text, "x")
    assert [p for p in problems if message in str(p)], problems
    assert place in [str(p.location) for p in problems]


def test_a_problem_shows_its_line_and_a_caret_under_it():
    _, problems = read("ok: 1\nbad: .nan", "study.yaml")
    _, place, _, source, carets = str(problems[0]).splitlines()
    assert place.endswith("--> study.yaml:2:6")
    assert source.index(".nan") == carets.index("^")
    assert carets.count("^") == len(".nan")


def test_a_report_tells_each_place_once_in_the_order_of_the_file():
    _, problems = read("a: .nan\nb: .inf", "x")
    text = report([*reversed(problems), *problems])
    assert text.index("x:1:4") < text.index("x:2:4")
    assert text.endswith("2 errors, nothing was run")


def test_a_whole_value_is_read_from_the_environment():
    tree, _ = read("a: $HERE\nb: x$HERE\nc: $GONE", "x")
    problems = expand(tree, {"HERE": "/data"})
    assert tree.plain() == {"a": "/data", "b": "x$HERE", "c": "$GONE"}
    assert [(p.message, str(p.location)) for p in problems] == [("$GONE is not set", "x:3:4")]


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\u2029"])
def test_lines_are_counted_as_an_editor_counts_them(odd):
    tree, problems = read(f"a: 1  # one{odd} two: 3\nb: .nan\nc: 2", "x")
    assert tree.plain() == {"a": 1, "b": None, "c": 2}
    assert [str(p.location) for p in problems] == ["x:2:4"]
    assert "b: .nan" in str(problems[0])


def test_lines_that_end_as_on_windows_are_counted_alike():
    _, problems = read("a: 1\r\nb: .nan\r\n", "x")
    assert [str(p.location) for p in problems] == ["x:2:4"]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: 1\nb: 'x\u2028y'", "U+2028 LINE SEPARATOR", "x:2:4"),
        ("'a\u2028b': 1", "U+2028 LINE SEPARATOR", "x:1:1"),
        ("a: 1\nb: \x07", "U+0007 CONTROL CHARACTER is not allowed in a file", "x:2:4"),
        ("a: 1\nb: \ud800", "U+D800 SURROGATE", "x:2:4"),
        ("a: 1\n\tb: 2", "write spaces", "x:2:1"),
        ("%YAML 1.1\n---\na: no", "study files are YAML 1.2", "x:1:1"),
        ("a: 017", "octal in YAML 1.1", "x:1:4"),
        ("a: &x {b: 1}\nc: {<<: *x}", "merge keys", "x:2:5"),
        ("a: {<<: {b: 1}}", "merge keys", "x:1:5"),
        ("'A': 1\n' A ': 2", 'duplicate key "A"', "x:2:1"),
        ("e\u0301: 1\n\u00e9: 2", "first on line 1", "x:2:1"),
        ("A\u00a0b: 1\nA b: 2", 'duplicate key "A b"', "x:2:1"),
        ("[" * 2000, "nested too deeply", "x:1:1"),
        ("a: 1\nseeds 3\nb: 2", "a colon is missing after the key", "x:2:1"),
        ("a: 1\nseeds:3\nb: 2", "a colon is missing after the key", "x:2:1"),
        ("a:\n  b: 1\n  code [b]\n  c: 2", "a colon is missing after the key", "x:3:3"),
        ("a: {b: 0,3}", 'a comma separates keys here, so "3" is a key', "x:1:10"),
    ],
)
def test_what_other_readers_take_in_another_way_is_refused(text, message, place):
    _, problems = read(text, "x")
    assert any(message in str(p) and str(p.location) == place for p in problems), list(
        map(str, problems)
    )


def test_the_present_version_of_yaml_may_be_named():
    assert read("%YAML 1.2\n---\na: 1\n...\n", "x")[0].plain() == {"a": 1}


def test_of_many_problems_the_first_are_shown_and_all_are_counted():
    _, problems = read("\n".join(f"a{n}: .nan" for n in range(500)), "x")
    text = report(problems)
    assert text.count("not a finite number") == 30
    assert text.endswith("500 errors (the first 30 are above), nothing was run")


def test_of_a_long_line_the_part_with_the_mistake_is_shown():
    _, problems = read(f"a: [{'1, ' * 900}.nan, {'1, ' * 900}]", "x")
    *_, source, carets = str(problems[0]).splitlines()
    assert source.index(".nan") == carets.index("^")
    assert len(source) < 180
