"""Style of all figures: widths, colours, lines and fonts.

The colours are those of Okabe and Ito, distinguishable with colour-blindness. Colour is never the
only sign: a marker, dashes or a hatch carries the same information in grey.
"""

from study.report.figure_style import WIDTHS

COLUMN, PAGE = WIDTHS["column"], WIDTHS["text"]
SMALL, TINY = 7, 7  # points; the smallest type at print

BLUE, VERMILLION, GREY, BLACK = "#0072B2", "#D55E00", "#666666", "#000000"
GREEN, SKY, PURPLE, ORANGE = "#009E73", "#56B4E9", "#CC79A7", "#E69F00"
PALE = "#e6e6e6"

Dashes = tuple[int, tuple[float, ...]]
ARMS: tuple[tuple[str, Dashes, str], ...] = (
    (BLACK, (0, ()), "o"),
    (BLUE, (0, (5, 1.5)), "s"),
    (VERMILLION, (0, (1.5, 1)), "^"),
    (GREEN, (0, (6, 1.5, 1, 1.5)), "D"),
    (PURPLE, (0, (3, 1, 1, 1, 1, 1)), "v"),
    (ORANGE, (0, (9, 2)), "P"),
    (SKY, (0, (2.5, 2.5)), "X"),
    (GREY, (0, (1, 2.5)), "*"),
)
"""Colour, dashes and marker of the arms in one panel; the first entry is the baseline's."""

FILLS: tuple[tuple[str, str], ...] = (
    (BLUE, ""),
    ("#f0b58a", "////"),
    ("#8fd0b8", "...."),
    ("#ffffff", "xxxx"),
)
"""Colour and hatch of the pieces of a stacked bar whose order means nothing."""

SHADES = ("#3b3b3b", "#6e6e6e", "#9a9a9a", "#c4c4c4", "#e6e6e6", "#ffffff")
"""Colours of the pieces of a stacked bar with an order, from the first to the last."""

SCRIPTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Arial Unicode MS",
)
"""Fonts for scripts that matplotlib's own font lacks, in order of preference."""

STYLE: dict[str, object] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.linewidth": 0.4,
    "grid.color": "#dddddd",
    "xtick.major.size": 0,
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
}
"""Settings of matplotlib that a user's style sheet may change."""

FIXED: dict[str, object] = {
    "figure.constrained_layout.use": True,
    "figure.autolayout": False,
    "savefig.bbox": None,  # "tight" would change the width
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "figure.titlesize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": SMALL,
    # An offset such as "+9.1e1" at the end of the axis is easily overlooked.
    "axes.formatter.useoffset": False,
    # Labels are plain text: LaTeX would read their "_" and "$" as its own.
    "text.usetex": False,
    "pdf.fonttype": 42,  # TrueType: several venues refuse type 3
    # Without a fixed salt the ids in an SVG differ from run to run.
    "svg.hashsalt": "study",
}
"""Settings that hold under every style sheet: figures are laid out for these sizes of type."""
