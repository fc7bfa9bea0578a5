"""The list of studies: at once, whether or not their arms are counted."""


def test_a_study_that_is_not_planned_is_listed_without_counting(inside, tmp_path, tiny):
    for shelf in ("arms", "timings"):
        (tmp_path / "results" / shelf).unlink()
    done = inside("list", tmp_path)
    assert done.returncode == 0
    assert "Does it run?" in done.stdout
    assert "not planned" in done.stdout
    assert "study plan FILE counts its arms" in done.stderr
    assert not list((tmp_path / "results").glob("arms/*"))


def test_a_planned_study_has_its_progress(inside, tiny):
    assert inside("plan", tiny, "--on", "inline").returncode == 0
    assert "0/4 trials" in inside("list", tiny.parent).stdout


def test_a_list_without_a_word_says_which_folder_it_looks_for(inside):
    done = inside("list")
    assert done.returncode == 2
    assert "without a word study list looks for the folder ablations" in done.stderr
    assert "without a word" not in inside("list", "stdies").stderr
