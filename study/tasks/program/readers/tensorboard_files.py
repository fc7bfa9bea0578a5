"""Metrics in event files of TensorBoard."""

from collections.abc import Iterator

from study.spec.reading import Reading
from study.tasks.program.readers.places import TrialPlaces
from study.tasks.program.trial.series import StepValue

EVENTS = "*tfevents*"


def tensorboard_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """The scalars of a tag, in all event files below a folder."""
    # The library itself: its files are protocol buffers, compressed in records with checksums.
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    # One file after the other, as the library would read the newest run of a folder alone.
    for path in places.files(reading.source, EVENTS):
        events = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
        events.Reload()
        if reading.key in events.Tags().get("scalars", ()):
            for event in events.Scalars(reading.key):
                yield StepValue(event.value, event.step)
        elif reading.key in events.Tags().get(
            "tensors", ()
        ):  # tf.summary writes scalars as tensors
            for event in events.Tensors(reading.key):
                yield StepValue(event.tensor_proto.float_val[0], event.step)
