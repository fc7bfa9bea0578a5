"""A chart as a specification for plotly.js, and the style that all charts share.

Colours that depend on the light or dark theme are set by `page.js`, by the `role` of a trace or a
shape. Plotly interprets tags in texts, so labels are escaped.
"""

from dataclasses import dataclass
from html import escape

from study import format
from study.spec.metric import Metric

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours of Okabe and Ito, distinguishable with colour-blindness."""
# Six colours and eight symbols make 24 pairs before a pair is repeated.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "triangle-down")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
SIZE = {"height": 400, "legend": LEGEND}
MOST = 12  # curves and legend entries in one chart; the table has all arms

MARKERS = {"type": "scatter", "mode": "markers"}
LINES = {"type": "scatter", "mode": "lines"}
HOVER = {"hovertemplate": "%{hovertext}<extra></extra>"}  # without the name of the trace

Spec = dict[str, object]
"""A part of a chart in the vocabulary of plotly.js, to be written as JSON."""


@dataclass(frozen=True)
class Chart:
    """An interactive chart of the page."""

    name: str
    """Id of its element."""
    title: str
    alt: str
    """Alternative text."""
    spec: Spec
    """Data and layout for plotly.js."""


def axis(metric: Metric, *, difference: bool = False) -> Spec:
    """The axis of a metric; that of a difference marks zero with a line."""
    # Plotly reads tags in titles, and a label may have a "<".
    title = format.difference_head(metric) if difference else format.head(metric)
    return {"title": {"text": escape(title)}, "zeroline": difference}
