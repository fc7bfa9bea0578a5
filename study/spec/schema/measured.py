"""The schema of `measured`: a file of results in place of training."""

from typing import Annotated

from pydantic import Field

from study.spec.schema.types import Strict, Text

SEED = "seed"
"""The column of seeds if nothing else is said."""
Cell = str | int | float | bool | None


class MeasuredColumn(Strict):
    """A column of a file of results, and the unit that it is in."""

    column: Text = Field(description="of the file")
    scale: Annotated[float, Field(gt=0)] = Field(
        1.0, description="printed value per number of the file, as 100 for fractions in per cent"
    )


class Measured(Strict):
    """The keys of `measured`: where the results of the trials are."""

    file: Text = Field(description="a file of rows, or a folder or pattern of files, one per run")
    seed: str | None = Field(
        SEED, description="column of seeds; null compares the arms without pairs"
    )
    columns: dict[str, str | MeasuredColumn] = Field(
        {}, description="metric or factor: its column, or {column, scale}"
    )
    where: dict[str, Cell] = Field({}, description="column: the value of the rows that count")

    def column(self, name: str) -> MeasuredColumn | None:
        """The column that the study file gives a metric or a factor."""
        given = self.columns.get(name)
        return MeasuredColumn(column=given) if isinstance(given, str) else given
