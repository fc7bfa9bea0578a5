"""What other packages bring to the page, as text that stands in it."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from study.report.page.trials import Column


@cache
def plotly() -> str:
    """The library, which draws the charts; its text ends no script."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("</script", "<\\/script")


@cache
def searching() -> str:
    """DataTables, as itables has it: elements of a page."""
    import itables
    from itables.javascript import generate_init_offline_itables_html

    bundle = Path(itables.__file__).parent / "html" / "dt_bundle.js"
    text = str(generate_init_offline_itables_html(bundle))
    return text[: text.rindex("<div")]  # which speaks of notebooks


def searchable(columns: Sequence[Column], name: str) -> str:
    """A table that is searched, sorted and turned over; `name` is its id."""
    from itables import to_html_datatable

    frame = pd.DataFrame({column.head: list(column.values) for column in columns})
    text = to_html_datatable(
        frame, connected=False, table_id=name, showIndex=False, allow_html=False,
        display_logo_when_loading=False, maxBytes=0, classes="display compact",
        lengthMenu=[10, 50, 200], layout={"topStart": "search", "topEnd": "pageLength"},
    )  # fmt: skip
    return re.sub(r"<!--.*?-->\n?", "", text)
