"""Scripts and tables of other packages (plotly, itables) as text inside the page."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from study.report.page.trials import TrialColumn


@cache
def plotly() -> str:
    """The text of plotly.js, escaped so that it cannot end its script element."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("</script", "<\\/script")


@cache
def search_scripts() -> str:
    """The elements that load DataTables, from itables."""
    import itables
    from itables.javascript import generate_init_offline_itables_html

    bundle = Path(itables.__file__).parent / "html" / "dt_bundle.js"
    text = str(generate_init_offline_itables_html(bundle))
    return text[: text.rindex("<div")]  # the last element is a hint about notebooks


def searchable_table(columns: Sequence[TrialColumn], name: str) -> str:
    """The columns as a table with search, sorting and pages; `name` is its id."""
    from itables import to_html_datatable

    frame = pd.DataFrame({column.head: list(column.values) for column in columns})
    text = to_html_datatable(
        frame,
        # DataTables is in the page: the page's policy refuses what comes from the network.
        connected=False,
        table_id=name,
        showIndex=False,
        # Labels are data and stay text.
        allow_html=False,
        display_logo_when_loading=False,
        maxBytes=0,  # itables would cut a long table
        classes="display compact",
        lengthMenu=[10, 50, 200],
        layout={"topStart": "search", "topEnd": "pageLength"},
    )
    # itables adds a comment that only Quarto reads.
    return re.sub(r"<!--.*?-->\n?", "", text)
