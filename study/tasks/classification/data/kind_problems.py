"""Problems of CSVs and arrays, and of splits that are drawn, before any image is read."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from study.spec.image_size import printed
from study.tasks.classification.data.file_types import first_names
from study.tasks.classification.data.image_files import Summary, numbered
from study.tasks.classification.data.locations import TRAIN, VAL
from study.tasks.classification.schema import Data
from study.text import path_text


def of_csv(data: Data, split: Summary, names: Mapping[str, int]) -> Iterator[str]:
    """Problems of the rows of a CSV; the first row is named with its line."""
    if split.broken:
        # Each begins with its line, so that a path before it gives file:line.
        first, *others = split.broken
        lines = first_names([text.partition(":")[0] for text in others], 12)
        more = f"; the same or worse in lines {lines}" if others else ""
        yield f"{path_text(split.place)}:{first}{more}; correct the rows, or root"


def of_arrays(data: Data, split: Summary, names: Mapping[str, int]) -> Iterator[str]:
    """Problems of the size, the channels and the class numbers of arrays."""
    where, channels = path_text(split.place), split.shape[-1]
    yield from _distorted(data, split)
    both = (channels, data.in_chans)
    # Grey and RGB are converted into each other, other channels are not.
    if channels != data.in_chans and both not in ((1, 3), (3, 1)):
        yield f"{where} has images of {channels} channels; write in_chans: {channels}"
    if split.declared and data.num_classes not in (None, split.classes):
        yield f"{where} has {split.classes} columns of labels, and num_classes: {data.num_classes}"
        return
    numbers = [int(name) for name in split.counts]
    if numbers and data.num_classes and max(numbers) >= data.num_classes:
        yield f"{where} has the class {max(numbers)}, and num_classes {data.num_classes} ends below"


def of_tables(data: Data, split: Summary, names: Mapping[str, int]) -> Iterator[str]:
    """Problems of the rows of a table; the first row is named with its number, from 0 on."""
    if split.broken:
        first, *others = split.broken
        rows = first_names([text.partition(":")[0] for text in others], 12)
        more = f"; the same or worse in rows {rows}" if others else ""
        yield f"{path_text(split.place)}, row {first}{more}; leave such rows out"


def _distorted(data: Data, split: Summary) -> Iterator[str]:
    """Oblong arrays of other proportions than img_size, which holding them would distort.

    Of squares another img_size is taken as meant: they have no size of their own to give.
    """
    height, width = split.shape[:2]
    # Less than a pixel: a scaled size is rounded.
    if height != width and abs(data.sides[0] * width / height - data.sides[1]) >= 1:
        yield (
            f"{path_text(split.place)} has images {height} high and {width} wide, which img_size "
            f"{printed(data.img_size)} would distort; write img_size: [{height}, {width}] or a "
            "multiple of it, or crop the images"
        )


def gaps(data: Data, train: Summary) -> Iterator[str]:
    """Classes of arrays that no training image has, below the largest number."""
    largest = max(map(int, train.counts), default=-1)
    # Lazily: a label may be any 64-bit number.
    named = train.declared or map(str, range(largest))
    missing = (number for number in named if number not in train.counts)
    absent = list(islice(missing, 20))
    # A num_classes in the study says that a class without images is meant.
    if absent and data.num_classes is None:
        yield (
            f"{path_text(train.place)} trains on no image of class {first_names(absent)}; number "
            "the classes from 0 without gaps, or give num_classes"
        )


def only_evaluated(splits: Sequence[Summary]) -> Iterator[str]:
    """Classes of the validation images that no training image has."""
    # A single split, where nothing is trained, is compared with itself.
    first, last = splits[0], splits[-1]
    if only := numbered(last.counts.keys() - first.counts.keys()):
        line = f":{last.lines[only[0]]}" if only[0] in last.lines else ""
        yield (
            f"{path_text(last.place)}{line}: {first_names(only, 8)} is never trained on: no image "
            f"of {path_text(first.place)} has it; correct the labels"
        )


def unlike_columns(splits: Sequence[Summary]) -> Iterator[str]:
    """Labels of other classes in training than in evaluation, of arrays and tables."""
    first, last = splits[0], splits[-1]
    if first.declared != last.declared:
        yield (
            f"{path_text(last.place)}: {last.classes} classes in the validation labels, "
            f"{first.classes} in those of training, or of other names; give both the same classes"
        )


def of_drawn(splits: Sequence[Summary]) -> Iterator[str]:
    """Problems of a drawn split: splits that exist already, or nothing to evaluate."""
    where, tops = path_text(splits[0].place), {*splits[0].nested, *splits[0].empty}
    # A split looks like a class folder that holds folders, or no picture.
    if tops & {*TRAIN} and tops & {*VAL, "test"}:
        both = first_names(sorted(tops & {*TRAIN, *VAL, "test"}))
        yield f"{where} has the splits {both} already; leave out split"
    # The only image of a class is always trained on.
    elif len(splits) > 1 and splits[0].counts and not splits[1].counts:
        yield f"{where} has one image of each class, so none to evaluate; add images"
