"""The JSON schema for editors."""

import json

import jsonschema
import pytest
from ruamel.yaml import YAML

from study.spec.vocabulary import json_schema
from tests.spec.study_files import ABLATIONS, VOCABULARY


def schema() -> dict[str, object]:
    return json_schema(VOCABULARY)


def test_the_schema_that_ships_is_current():
    assert json.loads((ABLATIONS / "study.schema.json").read_text()) == schema()


@pytest.mark.parametrize("file", sorted(ABLATIONS.glob("*.yaml")), ids=lambda f: f.stem)
def test_every_study_that_ships_fits_its_schema(file):
    jsonschema.validate(YAML(typ="safe").load(file.read_text()), schema())
    assert "$schema=study.schema.json" in file.read_text().splitlines()[0]
