"""Random images with objects of all sizes and crowds, and detections of some of them."""

import json

import numpy as np
from faster_coco_eval.core import mask as rle

from study.tasks.detection.data.images import DetectionImages
from study.tasks.detection.data.reading import parsed
from study.tasks.detection.evaluation.detections import Collected, Detected, coded, joined

HEIGHT, WIDTH = 160, 200


def rectangle(box):
    x1, y1, x2, y2 = (round(float(value)) for value in box)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y1:y2, x1:x2] = True
    # Without a corner, so that the mask is not its box.
    mask[y1 : (y1 + y2) // 2, x1 : (x1 + x2) // 2] = False
    return mask


def box(draws):
    side = np.exp(draws.uniform(np.log(8), np.log(140), 2))
    corner = draws.random(2) * ([WIDTH, HEIGHT] - side)
    return np.round([*corner, *(corner + side)])


def images(count=12, seed=0, crowds=0.15):
    """Images with up to 8 objects each of 3 categories, of which some are crowds."""
    draws = np.random.default_rng(seed)
    objects = []
    for image in range(count):
        for _ in range(draws.integers(0, 9)):
            x1, y1, x2, y2 = corners = box(draws)
            mask = np.asfortranarray(rectangle(corners).astype(np.uint8))
            objects.append(
                {
                    "id": len(objects),
                    "image_id": image * 7,
                    "category_id": int(draws.choice([1, 3, 9])),
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": float(mask.sum()),
                    "iscrowd": int(draws.random() < crowds),
                    "segmentation": {
                        "size": [HEIGHT, WIDTH],
                        "counts": rle.encode(mask)["counts"].decode(),
                    },
                }
            )
    files = [
        {"id": image * 7, "file_name": f"{image}.png", "height": HEIGHT, "width": WIDTH}
        for image in range(count)
    ]
    categories = [{"id": id, "name": f"c{id}"} for id in (1, 3, 9)]
    tree = {"images": files, "annotations": objects, "categories": categories}
    annotations, problems = parsed(json.dumps(tree))
    assert problems == []
    blank = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    return DetectionImages(annotations, None, [blank] * count)


def guesses(split, index, draws, noise=0.06):
    """Objects of an image with shaken boxes, some missed, some of another class, and others."""
    objects = split.objects(index, masks=False)
    boxes, labels = [], []
    for corners, label in zip(objects.boxes, objects.labels, strict=True):
        for _ in range(draws.integers(0, 3)):
            side = np.tile(corners[2:] - corners[:2], 2)
            boxes.append(corners + draws.normal(0, noise, 4) * side)
            labels.append(label if draws.random() < 0.9 else draws.integers(1, 4))
    for _ in range(draws.integers(0, 4)):
        boxes.append(box(draws))
        labels.append(draws.integers(1, 4))
    height, width = split.size(index)
    edges = [width, height, width, height]
    boxes = np.clip(np.array(boxes, np.float32).reshape(-1, 4), 0, edges).astype(np.float32)
    # Two digits, so that some are equal.
    scores = np.round(draws.random(len(boxes)), 2).astype(np.float32)
    return boxes, scores, np.array(labels, np.int64).reshape(-1)


def collected(split, indices, seed=1, masks=True):
    collected = Collected(with_masks=masks)
    for index in indices:
        boxes, scores, labels = guesses(split, index, np.random.default_rng([seed, index]))
        planes = np.array([rectangle(corners) for corners in boxes], bool)
        size = split.size(index)
        planes = planes.reshape(-1, HEIGHT, WIDTH)[:, : size[0], : size[1]]
        detected = Detected(boxes, scores, labels, coded(planes) if masks else None)
        collected.add(int(split.ids[index]), detected)
    return collected


def detections(split, seed=1, masks=True):
    return joined([collected(split, range(len(split)), seed, masks)])
