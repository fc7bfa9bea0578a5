"""AP from stored matches is COCO's, for the images themselves and for any sample of them."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from study.analysis.measurements import _arrays
from study.errors import DamagedError, StoreError
from study.store import archives
from study.tasks.detection.data.images import DetectionImages
from study.tasks.detection.evaluation.coco import measured
from study.tasks.detection.evaluation.detections import opened
from study.tasks.detection.evaluation.matches import of_arrays, written
from study.tasks.detection.evaluation.resampling import METRICS, average_precision, image_samples
from tests.tasks.detection import scenes


def arrays(detections, split):
    with np.load(BytesIO(archives.checked(written(detections, split)))) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def split():
    return scenes.images(30, seed=4, crowds=0.3)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("metric", METRICS)
def test_ap_from_matches_is_that_of_coco(split, metric, seed):
    detections = scenes.detections(split, seed)
    values, stored = measured(detections, split), arrays(detections, split)
    for before in ("", "mask_"):
        matches = of_arrays(stored, masks=bool(before))
        ones = np.ones((1, len(split)))
        ours = average_precision(matches, ones, metric)
        assert ours == pytest.approx([values[before + metric]], abs=1e-12)


def test_a_sample_of_images_has_the_ap_of_their_copies(split):
    """An image that is drawn twice counts as two images with the same detections."""
    draws = np.random.default_rng(0)
    detections = scenes.detections(split)
    # Without equal scores, whose order among copies is another.
    scores = draws.permutation(len(detections)).astype(np.float32)
    detections = replace(detections, scores=scores)
    matches = of_arrays(arrays(detections, split), masks=False)
    for _ in range(5):
        drawn = draws.integers(0, len(split), len(split))
        weights = np.bincount(drawn, minlength=len(split))[None].astype(float)
        copies, again = repeated(split, detections, drawn)
        ours = average_precision(matches, weights)
        assert ours == pytest.approx([measured(again, copies)["ap"]], abs=1e-12)


def repeated(split, detections, drawn):
    """A split of copies of images, each with its detections."""
    annotations = split.annotations.of(drawn)
    ids = np.arange(len(drawn)) * 5 + 2
    images = np.repeat(ids, annotations.counts)
    rows = annotations.rows._replace(id=np.arange(annotations.rows.total), image=images)
    copies = DetectionImages(replace(annotations, image_ids=ids, rows=rows), None, split.pixels)
    collected = scenes.Collected(with_masks=True)
    for id, index in zip(ids, drawn, strict=True):
        collected.images[int(id)] = detections.of(int(split.ids[index]))
    return copies, scenes.joined([collected])


def test_the_stored_file_has_the_detections_too(split):
    detections = scenes.detections(split)
    assert measured(opened(written(detections, split)), split) == measured(detections, split)


def test_equal_arms_have_no_difference(split):
    stored = {0: arrays(scenes.detections(split), split)}
    compared = image_samples(stored, stored, "ap", 20)
    assert compared.images == len(split)
    assert not compared.samples.any()


def test_a_better_arm_is_better_in_most_samples(split):
    good = {s: arrays(scenes.detections(split, s), split) for s in (1, 2)}
    bad = {s: shaken(good[s]) for s in (1, 2)}
    compared = image_samples(good, bad, "mask_ap50", 100)
    assert (compared.differences > 0).all()
    assert (compared.samples > 0).mean() > 0.9


def shaken(stored):
    """The same detections with scores that rank the right ones last."""
    return stored | {"scores": np.where(stored["mask_hit"] > 0, 0.1, 0.9).astype(np.float32)}


def test_other_images_are_refused(split):
    other = scenes.images(30, seed=5)
    pair = ({0: arrays(scenes.detections(s), s)} for s in (split, other))
    with pytest.raises(StoreError, match="not of the same images and objects"):
        image_samples(*pair, "ap", 5)


def test_metrics_of_one_size_are_not_resampled(split):
    stored = {0: arrays(scenes.detections(split), split)}
    assert image_samples(stored, stored, "aps", 5) is None
    assert image_samples(stored, {1: stored[0]}, "ap", 5) is None


def test_detections_of_boxes_have_no_matches_of_masks(split):
    stored = arrays(scenes.detections(split, masks=False), split)
    with pytest.raises(DamagedError, match="it has no mask_hit, mask_ignored"):
        of_arrays(stored, masks=True)


def test_the_analysis_gives_the_arrays_back_as_they_are(split):
    """It knows some names, of classifiers; a file with one of them is checked as theirs."""
    content = written(scenes.detections(split), split)
    assert _arrays(content).keys() == arrays(scenes.detections(split), split).keys()
