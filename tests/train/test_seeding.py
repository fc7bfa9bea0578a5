"""Seeds folded from keys."""

from study.tasks.training.seeding import fold


def test_the_number_of_keys_makes_another_seed():
    assert len({fold(1), fold(1, 0), fold(0, 1), fold(1, 0, 0)}) == 4
