"""A task that stores arrays of its own, resamples its images and shows them."""

from io import BytesIO

import numpy as np
from pydantic import Field

from study.spec.metric import Catalogue, Metric
from study.spec.schema.types import Strict
from study.store import archives
from study.store.atomic import replace
from study.store.trial_folder import predictions_of
from study.tasks import TASKS
from study.tasks.contact_sheets import ContactSheet, Region, SheetRow
from study.tasks.image_samples import ImageSamples
from study.tasks.simple import SimpleTask
from study.trial.running import Finished, RunningTrial

IMAGES = 40


class Brightness(Strict):
    """The mean of the brightness that a trial sees in each image."""

    gain: float = Field(gt=0)


class SeenBaseline(Strict):
    """The arguments that all arms depart from."""

    args: Brightness


class WithImages(SimpleTask):
    """The brightness of images, which are random numbers of the seed."""

    baseline = SeenBaseline
    catalogue = Catalogue(
        {"seen": Metric("Brightness", "%", 100, 1, better="higher", kind="quality")}
    )

    def cost(self, values):
        return {}

    def run(self, trial: RunningTrial) -> Finished:
        gain = Brightness(**trial.record.config.parts["args"]).gain
        draws = np.random.default_rng(trial.record.seed)
        brightness = gain * draws.uniform(0.2, 0.4, IMAGES)
        file, name = BytesIO(), predictions_of(trial.lease)
        np.savez_compressed(file, brightness=brightness)
        replace(trial.folder / name, archives.sealed(file))
        return Finished({"seen": float(brightness.mean())}, predictions=name)

    def image_samples(self, first, second, metric):
        seeds = sorted(first.keys() & second.keys())
        if not seeds:
            return None
        apart = np.array([first[s]["brightness"] - second[s]["brightness"] for s in seeds])
        drawn = np.random.default_rng(0).integers(0, IMAGES, (500, IMAGES))
        return ImageSamples(seeds, IMAGES, apart.mean(1), apart[:, drawn].mean(2))

    def contact_sheets(self, arms, store):
        if not any(arm.done for arm in arms):
            return
        pixels = np.full((24, 32, 3), 120, np.uint8)
        mask = np.zeros((24, 32), bool)
        mask[4:12, 0:9] = True
        boxes = [Region("sky $x$", (0, 4, 9, 12), mask), Region("sea", (12, 0, 30, 9), None, False)]
        row = SheetRow("image 1", pixels, tuple(tuple(boxes) for _ in range(1 + len(arms))))
        yield ContactSheet("seen", "Skies", ("truth", *(arm.label for arm in arms)), (row,))


TASKS["with_images"] = WithImages()
