"""Image files: each is a record, its path the key, its folder the label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import tensorflow as tf

from keras_vae.bulk.record import Place, Record, Rejected
from keras_vae.bulk.sources.source import Source
from keras_vae.data.folder_layout import arrange, label_names

FILES = 256  # of a unit


@dataclass(frozen=True)
class ImageFiles:
    """Some files: path, name and number of the label of each."""

    files: tuple[tuple[str, str, int | None], ...]

    @property
    def rows(self) -> int:
        return len(self.files)

    def records(self) -> Iterator[Record | Rejected]:
        for path, name, label in self.files:
            place = Place(name, 0)
            try:
                with tf.io.gfile.GFile(path, "rb") as file:
                    content = file.read()
            except tf.errors.OpError as error:
                yield Rejected(name, place, "unreadable file", error.message)
                continue
            yield Record(name, place, {"image_bytes": content, "condition": label})


def image_source(name: str, files: Sequence[tuple[str, str]]) -> Source:
    """Image files as a source; labels are numbered as in training, see `keras_vae.data.read_folder`.

    Args:
        name: for people.
        files: path and name of each.
    """
    entries, _ = arrange([PurePosixPath(short) for _, short in files])
    names = label_names(entries)
    labels = {str(entry.path): names.index(entry.label) for entry in entries if names}
    found = [(path, short, labels.get(short)) for path, short in files]
    units = (ImageFiles(tuple(found[i : i + FILES])) for i in range(0, len(found), FILES))
    return Source(name, tuple(units), of_files=True)
