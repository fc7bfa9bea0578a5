"""Axes of ratios."""

import matplotlib.pyplot as plt

from study.report.figures.axes import multiples


def test_an_axis_of_ratios_has_no_powers_of_ten_between_its_multiples():
    figure, axes = plt.subplots()
    axes.plot([0.1, 0.2, 1.6], [1, 2, 3], "o")
    multiples(axes.xaxis, [0.1, 0.2, 1.6])
    figure.draw_without_rendering()
    labels = [label.get_text() for label in axes.get_xticklabels(which="both")]
    plt.close(figure)
    assert [text for text in labels if text and not text.startswith("×")] == []
    assert "×0.25" in labels
