"""Tables as comma-separated values (CSV)."""

import csv
import io

from study.report.formats.labels import BASELINE
from study.report.spreadsheet import without_formula
from study.report.table import Table


def comma_separated(table: Table) -> str:
    """The cells as printed, one row per arm; measurements.csv has the numbers in base units."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["factor", "arm", "baseline", *table.heads])
    for block in table.blocks:
        for row in block.rows:
            baseline = BASELINE if row.baseline else ""
            texts = [block.name, row.label, baseline, *(cell.text for cell in row.cells)]
            # Labels are a user's text and might be formulas.
            rows.writerow(map(without_formula, texts))
    return file.getvalue()
