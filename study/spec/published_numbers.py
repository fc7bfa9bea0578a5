"""Published numbers of a study file, each with its status, source and protocol."""

from decimal import Decimal

from study.spec.schema import Protocol, Published, StudyFile, Value, parted
from study.spec.study import PublishedNumber
from study.spec.yaml import Tree


def published_numbers(row: Published, file: StudyFile, tree: Tree) -> dict[str, PublishedNumber]:
    """The published numbers of a row; each inherits status, source and protocol where it has none.

    A number inherits from its row, and a row from the study.
    """
    numbers = {}
    for metric, entry in (row.model_extra or {}).items():
        value = entry if isinstance(entry, Value) else Value(value=entry)
        place = tree.at([metric, "value"])
        # As it is written: the number alone has lost the last decimal of 4.0.
        text = place.value if isinstance(place.value, str) else place.location.written
        number, spread = parted(text)
        numbers[metric] = PublishedNumber(
            value=float(number) if spread else float(value.value),
            digits=_decimals(number),
            spread=float(spread or value.spread or 0.0),
            status=value.status or row.status,
            source=value.source or row.source or file.source,
            protocol=_over(_over(file.protocol, row.protocol), value.protocol),
        )
    return numbers


def _decimals(written: str) -> int:
    """The number of decimals in a number's text; `4.0` has 1."""
    try:
        exponent = Decimal(written.replace("_", "")).as_tuple().exponent
    except ArithmeticError:  # such as 0x1F
        return 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _over(protocol: Protocol, over: Protocol) -> Protocol:
    return protocol.model_copy(update=over.model_dump(exclude_none=True))
