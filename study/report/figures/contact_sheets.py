"""Figure of images with the truth and the predictions of every arm side by side.

Lines are light on a dark outline, so that they are seen on any ground and in grey; right
predictions are solid, wrong ones dashed, and every region has its label.
"""

from collections.abc import Iterator, Sequence
from textwrap import shorten

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from study.report.contents import Report
from study.report.figure_style import FigureStyle
from study.report.figures.report_figure import ReportFigure, listing, numbered
from study.report.figures.row_layout import chunks
from study.report.figures.style import BLACK, SMALL, TINY, Dashes
from study.report.figures.text_fit import wrapped
from study.tasks.contact_sheets import ContactSheet, Region, SheetRow

COLUMNS = {"text": 4, "column": 2}  # of a figure: the truth, and at most three arms or one
ROOM = 0.5  # inches above the images
LIGHT = "#ffe14d"  # yellow: the lightest hue that is told from white by every eye
SOLID: Dashes = (0, ())
DASHED: Dashes = (0, (2.5, 1.8))
TINT = 0.35  # opacity of a mask


def contact_sheets(report: Report) -> Iterator[ReportFigure]:
    """The pictures that the task has, the truth beside at most three arms in each figure."""
    most = COLUMNS[report.style.width]
    for sheet in report.plan.task.contact_sheets(report.plan.arms, report.analysis.store):
        # The first column is the truth, which every figure repeats.
        for number, arms in enumerate(chunks([*range(1, len(sheet.columns))], most - 1)):
            part = _columns(sheet, [0, *arms])
            figure, data = _figure(part, report.style), _data(part)
            yield ReportFigure(numbered(sheet.name, number), figure, data, _alt(part))


def _columns(sheet: ContactSheet, chosen: Sequence[int]) -> ContactSheet:
    rows = tuple(
        SheetRow(row.name, row.pixels, tuple(row.regions[place] for place in chosen))
        for row in sheet.rows
    )
    return ContactSheet(
        sheet.name, sheet.title, tuple(sheet.columns[place] for place in chosen), rows
    )


def _data(sheet: ContactSheet) -> pd.DataFrame:
    """One row per region."""
    rows = [
        (row.name, column, region.label, region.right, *region.box)
        for row in sheet.rows
        for column, regions in zip(sheet.columns, row.regions, strict=True)
        for region in regions
    ]
    names = ["image", "column", "label", "right", "x1", "y1", "x2", "y2"]
    return pd.DataFrame(rows, columns=names)


# ---- the figure ----


def _figure(sheet: ContactSheet, style: FigureStyle) -> Figure:
    wide = style.inches / COLUMNS[style.width]  # inches of an image, however many columns
    heights = [wide * row.pixels.shape[0] / row.pixels.shape[1] for row in sheet.rows]
    size = (wide * len(sheet.columns), sum(heights) + 0.05 * len(heights) + ROOM)
    figure = Figure(figsize=size)
    panels = figure.subplots(len(heights), len(sheet.columns), squeeze=False, height_ratios=heights)
    for row, line in zip(sheet.rows, panels, strict=True):
        for regions, axes in zip(row.regions, line, strict=True):
            _panel(axes, row, regions)
        name = wrapped(row.name, 72 * wide, size=TINY, lines=1)
        line[0].text(
            *(-0.02, 0.5, name),
            transform=line[0].transAxes,
            rotation="vertical",
            fontsize=TINY,
            va="center",
            ha="right",
            parse_math=False,
        )
    for column, axes in zip(sheet.columns, panels[0], strict=True):
        text = wrapped(column, 72 * wide - 6, size=SMALL)
        axes.set_title(text, fontsize=SMALL, parse_math=False)
    figure.suptitle(wrapped(sheet.title, 72 * size[0] - 12, size=SMALL, lines=3), fontsize=SMALL)
    return figure


def _panel(axes: Axes, row: SheetRow, regions: Sequence[Region]) -> None:
    axes.imshow(_tinted(row, regions), interpolation="nearest")
    axes.set_axis_off()
    height, width = row.pixels.shape[:2]
    # The first, the most confident, is drawn last: its label stays readable where boxes coincide.
    for region in reversed(regions):
        x1, y1, x2, y2 = region.box
        dashes = SOLID if region.right else DASHED
        outline = [patheffects.Stroke(linewidth=2.2, foreground=BLACK), patheffects.Normal()]
        if region.mask is not None and region.mask.any():
            _edge(axes, region.mask, dashes)
        axes.add_patch(
            Rectangle(
                (x1 - 0.5, y1 - 0.5),  # matplotlib's pixel 0 reaches from -0.5 to 0.5
                x2 - x1,
                y2 - y1,
                fill=False,
                edgecolor=LIGHT,
                linewidth=0.9,
                linestyle=dashes,
                path_effects=outline,
            )
        )
        # Above the box, or inside it at the upper edge of the image.
        above = y1 > 0.08 * height
        axes.text(
            min(max(x1, 0), width * 0.75),
            y1 - 0.03 * height if above else y1 + 0.01 * height,
            shorten(region.label, 24, placeholder="…"),
            fontsize=TINY - 1,
            color="white",
            va="bottom" if above else "top",
            parse_math=False,
            bbox={"facecolor": BLACK, "edgecolor": "none", "pad": 0.4, "alpha": 0.75},
        )
    # Boxes may lie at the edge: the view stays that of the image.
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)


def _tinted(row: SheetRow, regions: Sequence[Region]) -> NDArray[np.uint8]:
    """The image with its masks tinted; one picture, as layers would make the files larger."""
    pixels = row.pixels.astype(np.float32)
    tint = np.array(to_rgb(LIGHT), np.float32) * 255
    for region in regions:
        if region.mask is not None:
            pixels[region.mask] = (1 - TINT) * row.pixels[region.mask] + TINT * tint
    return pixels.round().astype(np.uint8)


def _edge(axes: Axes, mask: NDArray[np.bool_], dashes: Dashes) -> None:
    """Draw the edge of a mask over a darker one."""
    height, width = mask.shape
    # One pixel of margin, so that a mask at the edge of the image is closed.
    margin = np.pad(mask, 1).astype(np.uint8)
    x, y = np.arange(-1, width + 1), np.arange(-1, height + 1)
    for colour, thickness, style in ((BLACK, 1.4, SOLID), (LIGHT, 0.6, dashes)):
        axes.contour(x, y, margin, [0.5], colors=[colour], linewidths=thickness, linestyles=[style])


def _alt(sheet: ContactSheet) -> str:
    """Counts by column, and the labels of the first image."""
    sentences = [sheet.title + "."]
    for place, column in enumerate(sheet.columns):
        regions = [region for row in sheet.rows for region in row.regions[place]]
        wrong = sum(not region.right for region in regions)
        labels = listing(region.label for region in regions)
        dashed = f", {wrong} of them dashed" * bool(wrong)
        sentences.append(f"{column}: {len(regions)} regions{dashed} ({labels}).")
    return " ".join(sentences)
