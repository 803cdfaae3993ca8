"""Decodes a folder of images or a table once, into files that training reads at the speed of the disk."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.checks import check_integer
from keras_vae.data.encoded_images import decode, decoders, with_channels
from keras_vae.data.folder import size_of_images, unused_notes
from keras_vae.data.folder_layout import Entry, layout, names_of_labels
from keras_vae.data.hugging_face import is_hugging_face
from keras_vae.data.image_files import size_of_file
from keras_vae.data.image_size import size_notes
from keras_vae.data.images import MAX_PIXELS, DecodedImage
from keras_vae.data.load import image_size_of, is_name, is_table, read, without_columns
from keras_vae.data.pixel_array import NO_PIXELS
from keras_vae.data.pixel_notes import check_range, is_dark, pixel_notes
from keras_vae.data.prepare_examples import prepare_examples
from keras_vae.data.prepare_folder import check_out, check_room, unfinished
from keras_vae.data.prepare_table import prepare_table
from keras_vae.data.prepared import INDEX, is_prepared
from keras_vae.data.skipped import KINDS, skip_notes
from keras_vae.data.split_dataset import PARTS
from keras_vae.data.tfrecords import is_records
from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.files import expanded, read_json, write_json, write_whole
from keras_vae.progress import progress

VERSION = 2
"""The version of what is stored about a file of pixels; those of interrupted calls of another version are not used."""

SHARD = 2**26
"""The number of bytes of pixels in a file."""


def prepare(
    source: str | Path,
    out: str | Path,
    *,
    image_size: int | tuple[int, int] | None = None,
    data_dir: str | Path | None = None,
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    ignore_columns: Sequence[str] | None = None,
    max_pixels: int = MAX_PIXELS,
    shard_bytes: int = SHARD,
    verbose: int = 1,
) -> Path:
    """Converts a folder of images or another source once, into `.npy` files of numbers in the folder `out`.

    `load` and `keras-vae train` read `out` like the source itself, with the same splits, labels, columns and values,
    but at the speed of the disk. Every `.npy` file can also be opened by `numpy.load`. Image files that cannot be read
    are left out; the notes of the data name them. If the work is interrupted, the same call continues it.

    Args:
        source: a folder of images, TFRecord files, a table or a folder of tables, which may be larger than memory, or
            the name of a data set of TensorFlow Datasets or Hugging Face; see `load`. Images outside a folder that
            cannot be decoded are replaced.
        out: the new folder. It may contain the part that an interrupted call has finished.
        image_size: `(H, W)` in pixels, or one number for a square. None keeps one size of at most 512 x 512 pixels;
            images of various sizes become 64 x 64, see `load`.
        data_dir: folder with the prepared sets of TensorFlow Datasets, see `load`.
        label_column: for a table or a Hugging Face data set, see `load`.
        use_columns: for a table or a Hugging Face data set, see `load`.
        ignore_columns: for a table, see `load`.
        max_pixels: maximum number of pixels of an image file.
        shard_bytes: number of bytes of numbers in each new file.
        verbose: 0 shows no progress.

    Returns:
        `out`.

    Raises:
        InvalidInputError: if `source` has no readable training images, if a value of a table cannot be used, or if
            `out` contains something else.
        OSError: if `out` cannot be written.

    Example:

    >>> from keras_vae.serving.png import png
    >>> Path("photos").mkdir()
    >>> for name in "abcdefghij":
    ...     _ = Path(f"photos/{name}.png").write_bytes(png(np.ones((8, 8, 1))))
    >>> kv.data.load(prepare("photos", "prepared", verbose=0)).train.x.shape
    (8, 8, 8, 1)
    """
    root, out = expanded(source), expanded(out)
    check_integer("shard_bytes", shard_bytes)
    if is_prepared(out):
        raise InvalidInputError(f"{out}: it is prepared already; remove it, or choose another folder.")
    check_out(out)
    if ignore_columns:
        use_columns = without_columns(source, use_columns, ignore_columns, label_column)
    if is_table(source) and root.exists() and not is_prepared(root):
        if image_size is not None:
            raise InvalidInputError(f"image_size: expected a folder of images, got the table {root}; leave it out.")
        prepare_table(
            root, out, label_column=label_column, use_columns=use_columns, shard_bytes=shard_bytes, verbose=verbose
        )
        return out
    if is_name(source) or is_hugging_face(source) or not root.exists() or is_records(root):
        _, parts = read(
            source, image_size=image_size, data_dir=data_dir, label_column=label_column, use_columns=use_columns,
            max_pixels=max_pixels, stream=True,
        )  # fmt: skip
        prepare_examples(parts, out, shard_bytes=shard_bytes, verbose=verbose)
        return out
    if not root.is_dir() or is_prepared(root):
        raise InvalidInputError(
            f"{root}: expected a folder of images or a table; arrays in .npy files need no preparation."
        )
    if (label_column, use_columns) != (None, None):
        option = "use_columns" if label_column is None else "label_column"
        raise InvalidInputError(f"{option}: expected a table, got the folder {root}; leave {option} out.")
    entries, unused_files, other_files = layout(root)
    entries = [entry for entry in entries if not _is_below(root / entry.path, out)]
    size = image_size_of(image_size) or size_of_images(root, entries, max_pixels)
    if size is None:
        raise InvalidInputError(f"{root}: expected readable {KINDS} images, got {len(entries)} files, none readable.")
    work = _Work(root, out, entries, size, check_integer("max_pixels", max_pixels), shard_bytes, verbose)
    check_room(out, len(entries) * size[0] * size[1] * 3, "use a smaller image_size")
    with unfinished(out):
        shards = work.all()
        if not any(shard["examples"] for shard in shards["train"]):
            raise InvalidInputError(f"{root}: expected readable images for training, got none; check the folder.")
        check_range(root, [shard["brightest"] for part in PARTS for shard in shards[part]])
        found = [shard for part in PARTS for shard in shards[part]]
        failures = [reason for shard in found for reason in shard["skipped"]]
        sizes = [tuple(pair) for shard in found for pair in shard["sizes"]]
        noted = {name: DecodedImage(NO_PIXELS, *rest) for shard in found for name, rest in shard["noted"].items()}
        notes = [
            *skip_notes(failures, [file for file in other_files if not _is_below(root / file, out)]),
            *size_notes(sizes, size, chosen=image_size is None),
            *unused_notes(unused_files),
            *pixel_notes(noted, str, len(entries)),
        ]
        content = {
            "shape": [*size, 1 if work.grey else 3],
            "label_names": work.names,
            "notes": notes,
            "splits": {part: [_entry(shard) for shard in shards[part] if shard["examples"]] for part in PARTS},
        }
        write_json(out / INDEX, content)
    return out


def _entry(shard: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the index contains about a shard."""
    return {name: shard[name] for name in ("file", "examples", "labels", "names")}


class _HasColoursError(Exception):
    """A file has colours, and the other files have had none."""


class _Work:
    """The conversion of a folder; each shard is a file of pixels, and until the end a file of what it contains."""

    def __init__(self, root, out, entries, size, max_pixels, shard_bytes, verbose):
        self.root, self.out, self.entries, self.size = root, out, entries, size
        self.max_pixels, self.verbose = max_pixels, verbose
        self.names = names_of_labels(entries)
        self.grey = True
        self.rows = max(1, shard_bytes // (3 * size[0] * size[1]))
        self.jobs = [(part, number, chosen) for part in PARTS for number, chosen in self._groups(part)]

    def all(self) -> dict[str, list[dict[str, Any]]]:
        """Writes all shards, as grey images if all files are grey."""
        written = [self._read(part, number) for part, number, _ in self.jobs]
        self.grey = all(shard["grey"] for shard in written if shard is not None)
        while True:
            shards = {part: [] for part in PARTS}
            try:
                images = self._write(shards)
                for _ in progress(images, len(self.entries), "Preparing images", verbose=self.verbose):
                    pass
                return shards
            except _HasColoursError:
                self.grey = False  # start again

    def _groups(self, part: str) -> Iterator[tuple[int, list[Entry]]]:
        chosen = [entry for entry in self.entries if entry.part == part]
        for number, start in enumerate(range(0, len(chosen), self.rows)):
            yield number, chosen[start : start + self.rows]

    def _write(self, shards: dict[str, list]) -> Iterator[Entry]:
        """Writes the shards that are not there, adds all of them to `shards`, and yields after each image."""
        for part, number, entries in self.jobs:
            name, key = f"{part}-{number:05}.npy", self._key(entries)
            shard = self._read(part, number)
            if shard is not None and (shard["key"], shard["grey"]) == (key, self.grey) and (self.out / name).is_file():
                yield from entries
            else:
                shard, pixels = yield from self._decode(entries)
                if pixels:
                    write_whole(self.out / name, lambda path, pixels=pixels: np.save(path, np.stack(pixels)))
                shard |= {"file": name, "key": key, "grey": self.grey}
                write_json(self._state(part, number), shard)
            shards[part].append(shard)

    def _decode(self, entries: Sequence[Entry]) -> Generator[Entry, None, tuple[dict[str, Any], list[np.ndarray]]]:
        """Decodes the images of a shard, and yields after each; returns its description and the pixels."""
        pixels, labels, names, skipped, maxima, sizes, noted = [], [], [], [], [], set(), {}
        results = decoders().map(lambda entry: decode(self.root / entry.path, self.size, self.max_pixels), entries)
        for entry, result in zip(entries, results, strict=True):
            if not isinstance(result, DecodedImage):
                skipped.append(f"Skipped {entry.path}: {one_line(result)}.")
            elif self.grey and result.pixels.ndim == 3:
                raise _HasColoursError
            else:
                pixels.append(with_channels(result.pixels, grey=self.grey))
                names.append(str(entry.path))
                labels += [self.names.index(str(entry.label))] if self.names else []
                maxima += [] if result.brightest is None else [result.brightest]
                sizes.add(result.file_size)
                if result.more_frames or result.transparent or is_dark(result):
                    noted[str(entry.path)] = result[1:]
            yield entry
        found = {"examples": len(pixels), "labels": labels, "names": names, "skipped": skipped, "noted": noted}
        by_area = sorted(sizes, key=lambda size: size[0] * size[1])
        found["sizes"] = [*by_area[:1], *by_area[1:][-1:]]
        return found | {"brightest": max(maxima, default=None)}, pixels

    def _key(self, entries: Sequence[Entry]) -> str:
        """Returns a digest of the files of a shard and of the options."""
        files = [(str(entry.path), size_of_file(self.root / entry.path)) for entry in entries]
        text = json.dumps([VERSION, files, self.size, self.max_pixels, self.names])
        return digest_of([np.frombuffer(text.encode(), np.uint8)])

    def _state(self, part: str, number: int) -> Path:
        return self.out / f"{part}-{number:05}.shard.json"

    def _read(self, part: str, number: int) -> dict[str, Any] | None:
        path = self._state(part, number)
        return read_json(path) if path.exists() else None


def _is_below(path: Path, folder: Path) -> bool:
    return path.absolute().is_relative_to(folder.absolute())
