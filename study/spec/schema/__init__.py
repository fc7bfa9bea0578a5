"""The schema of a study file: its keys, types, ranges and defaults.

Changing the default of a field changes the meaning of stored results, so `identity.IDENTITY` must
be raised with it. A new field must have the default that keeps the old meaning.
"""

from study.spec.schema.file import (
    Named,
    OwnMetric,
    SequentialSeeds,
    StudyFile,
    Timing,
    salvaged,
)
from study.spec.schema.match import Match
from study.spec.schema.measured import Measured
from study.spec.schema.messages import known_keys, validated
from study.spec.schema.published import Protocol, Published, Status, Value, parted

__all__ = [
    "Match",
    "Measured",
    "Named",
    "OwnMetric",
    "Protocol",
    "Published",
    "SequentialSeeds",
    "Status",
    "StudyFile",
    "Timing",
    "Value",
    "known_keys",
    "parted",
    "salvaged",
    "validated",
]
