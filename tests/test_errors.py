"""Suggestions for names that do not exist."""

from study.errors import unknown


def test_no_similar_name_is_promised_where_none_is():
    many = [f"model{number}" for number in range(100)]
    assert unknown("model", "zzz", many) == 'unknown model "zzz" (100 known)'
    assert "among them model1" in unknown("model", "modell1", many)
    assert unknown("profile", "big", []) == 'unknown profile "big" (there is none)'
