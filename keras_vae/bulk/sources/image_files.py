"""Image files as a source: each file is a record, its path is the key and its folder is the label."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import tensorflow as tf

from keras_vae.bulk.record import Place, Record, RejectedRecord
from keras_vae.bulk.sources.source import Source
from keras_vae.data.folder_layout import arrange, names_of_labels
from keras_vae.data.unrecorded import warn_of_labels

FILES_PER_UNIT = 256


@dataclass(frozen=True)
class ImageFiles:
    """A unit of image files: the path, the name and the label of each file."""

    files: tuple[tuple[str, str, int | str | None], ...]

    @property
    def rows(self) -> int:
        return len(self.files)

    def only(self, names: Collection[str]) -> "ImageFiles":
        """Returns the unit with only the files of these names."""
        return ImageFiles(tuple(file for file in self.files if file[1] in names))

    def records(self) -> Iterator[Record | RejectedRecord]:
        for path, name, label in self.files:
            place = Place(name, 0)
            try:
                with tf.io.gfile.GFile(path, "rb") as file:
                    content = file.read()
            except tf.errors.OpError as error:
                yield RejectedRecord(name, place, "unreadable file", error.message)
                continue
            yield Record(name, place, {"image_bytes": content, "condition": label})


def image_source(name: str, files: Sequence[tuple[str, str]], names_in_training: Sequence[str] | None = ()) -> Source:
    """Returns a source of image files, with labels as of `keras_vae.data.read_folder`.

    Args:
        name: name of the source, for messages and the summary.
        files: path and name of each file.
        names_in_training: names of the labels 0, 1, ... in training. If there are none, those of the folders are
            numbered in sorted order, with a warning. None if the model takes no labels.
    """
    entries, _ = arrange([PurePosixPath(file_name) for _, file_name in files])
    names = () if names_in_training is None else names_of_labels(entries, names_in_training)
    if not names_in_training:
        warn_of_labels(name, "the export", names, "if training had others, export the run again")
    training_names = names_in_training or names
    # A name that is not a label of the training data remains text; a signature with a condition rejects it by name.
    numbers = {name: number if name in training_names else name for number, name in enumerate(names)}
    labels = {str(entry.path): numbers[entry.label] for entry in entries if entry.label in numbers}
    labelled_files = [(path, file_name, labels.get(file_name)) for path, file_name in files]
    starts = range(0, len(labelled_files), FILES_PER_UNIT)
    units = (ImageFiles(tuple(labelled_files[start : start + FILES_PER_UNIT])) for start in starts)
    return Source(name, tuple(units), of_files=True)
