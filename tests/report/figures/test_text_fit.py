"""Labels that are cut and wrapped."""

import pytest

from study.report.figures import text_fit
from study.report.figures.style_sheets import styled
from tests.report.figures.drawn import LONG


@pytest.mark.parametrize("text", ["", "a", "Average Pooling", "x" * 300, "a b " * 90, *LONG])
@pytest.mark.parametrize("room", [12, 40, 90])
def test_a_wrapped_label_fits(text, room):
    with styled():
        for line in text_fit.wrapped(text, room).split("\n"):
            assert text_fit.width(line, 7.5) <= max(room, text_fit.width("x…", 7.5))


def test_labels_that_begin_alike_stay_unlike():
    with styled():
        first, other = (text_fit.wrapped(f"{'the same beginning ' * 9}+ {end}", 90) for end in "ab")
    assert first != other


TIMM = [
    "vit_base_patch16_clip_224.openai_ft_in12k_in1k",
    "vit_base_patch32_clip_224.laion2b_ft_in12k_in1k",
    "vit_base_patch16_clip_384.laion2b_ft_in12k_in1k",
]
THIRTY = [
    f"An extraordinarily long level name number {n}, of which there are 30" for n in range(30)
]


@pytest.mark.parametrize("texts", [TIMM, THIRTY, LONG, ["x" * 80 + c + "x" * 80 for c in "ab"]])
@pytest.mark.parametrize(("room", "lines"), [(62, 1), (62, 2), (76, 2), (110, 1)])
def test_labels_of_one_figure_differ_and_fit(texts, room, lines):
    with styled():
        fitted = text_fit.all_wrapped(texts, room, size=7, lines=lines)
        assert len({*fitted}) == len(texts)
        for text in fitted:
            assert len(text.split("\n")) <= lines
            assert all(text_fit.width(line, 7) <= room for line in text.split("\n"))


def test_of_labels_that_would_look_the_same_what_differs_is_read():
    with styled():
        for text, whole in zip(text_fit.all_wrapped(THIRTY, 76), THIRTY, strict=True):
            assert whole.split("number ")[1].split(",")[0] + "…" in text.replace("\n", "")
            assert text.startswith("An")
        for text, whole in zip(text_fit.all_wrapped(TIMM, 90, size=7), TIMM, strict=True):
            _, _, patch, _, size, *_ = whole.replace(".", "_").split("_")
            assert patch in text
            assert size in text


def test_labels_that_differ_as_they_are_stay_as_they_are():
    with styled():
        texts = ["Average Pooling", "Max Pooling", "Average Pooling"]
        assert text_fit.all_wrapped(texts, 100) == texts
