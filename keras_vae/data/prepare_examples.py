"""Writes examples that are read by index to files that training reads at the speed of the disk."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.encoded_images import EncodedImages
from keras_vae.data.folder import STREAMED
from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.parts import Parts
from keras_vae.data.prepare_folder import check_room, clear, unfinished
from keras_vae.data.prepared import INDEX
from keras_vae.data.row_names import names_of
from keras_vae.data.split_dataset import PARTS, Split
from keras_vae.digest import digest_of
from keras_vae.files import read_json, write_json, write_whole
from keras_vae.progress import progress

STATE = "examples.shard.json"
"""A digest of the data that an interrupted call has begun to write."""


def prepare_examples(parts: Parts, out: Path, *, shard_bytes: int, verbose: int = 1) -> None:
    """Writes all examples to `.npy` files, with their labels and factors in the index, see `prepare`.

    Args:
        parts: the examples, usually of a `LazyArray`.
        out: the new folder. It may contain the part that an interrupted call has finished.
        shard_bytes: number of bytes of examples in each new file.
        verbose: 0 shows no progress.

    Raises:
        InvalidInputError: if `out` contains something else, or has too little room.
        OSError: if `out` cannot be written.
    """
    splits = {part: split for part in PARTS if (split := getattr(parts, part)) is not None}
    x = parts.train.x
    rows = max(1, shard_bytes // (math.prod(x.shape[1:]) * x.dtype.itemsize))
    check_room(out, sum(split.x.nbytes for split in splits.values()), "use a smaller image_size")
    with unfinished(out):
        arrays = [array for split in splits.values() for array in (split.x, split.y, split.factors)]
        key = digest_of([np.array(rows), *arrays])
        if not (out / STATE).exists() or read_json(out / STATE) != key:
            clear(out)
            write_json(out / STATE, key)
        shards = {part: [] for part in PARTS}
        work = itertools.chain.from_iterable(_shards(part, split, rows, out) for part, split in splits.items())
        total = sum(-(-len(split) // rows) for split in splits.values())
        failures = []
        for part, shard, reasons in progress(work, total, "Preparing files", verbose=verbose):
            failures += reasons
            if shard["examples"]:
                shards[part].append(shard)
        notes = [note for note in parts.notes if STREAMED not in note]
        if failures:
            notes.append(f"Left out {len(failures)} images that cannot be decoded. The first is {failures[0]}.")
        content = {
            "shape": list(x.shape[1:]),
            "label_names": parts.label_names,
            "notes": notes,
            "factor_names": parts.factor_names,
            "factor_sizes": parts.factor_sizes,
            "splits": shards,
        }
        if parts.column_names:
            content |= {
                "column_names": parts.column_names,
                "categories": parts.categories,
                "label_column": None if parts.train.y is None else "label",
                "rounded": [],  # a note of the data reports them already, and the missing values
                "missing": [0] * len(parts.column_names),
                "left_out": [],
            }
        write_json(out / INDEX, content)


def _shards(part: str, split: Split, rows: int, out: Path) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Writes the files of a split that are not there.

    Yields the name of the split, what the index contains about the file, and why examples are left out.
    """
    names = names_of(split)
    for number, start in enumerate(range(0, len(split), rows)):
        chosen, name = np.arange(start, min(start + rows, len(split))), f"{part}-{number:05}"
        file, state = out / f"{name}.npy", out / f"{name}.shard.json"
        if not state.exists():
            x, failures = _read(split.x, chosen)
            write_whole(file, lambda path, x=x: np.save(path, x))
            write_json(state, [[*failures.keys()], [*failures.values()]])
        left_out, reasons = read_json(state)
        chosen = np.delete(chosen, np.array(left_out, np.int64))
        shard = {
            "file": file.name,
            "examples": len(chosen),
            "labels": [] if split.y is None else split.y[chosen].tolist(),
            "factors": [] if split.factors is None else split.factors[chosen].tolist(),
        }
        if names is not None:
            shard["names"] = names[chosen].tolist()
        yield part, shard, reasons


def _read(x: np.ndarray | LazyArray, indices: np.ndarray) -> tuple[np.ndarray, dict[int, str]]:
    """Returns the examples that can be decoded, and position in `indices` -> reason for the others."""
    if not isinstance(x, EncodedImages):
        return np.asarray(x[indices]), {}
    images, sources = x.take(indices), x.indices[indices].tolist()
    failures = {
        row: f"{x.name_of(source)}: {x.skipped[source]}" for row, source in enumerate(sources) if source in x.skipped
    }
    return np.delete(images, [*failures], axis=0), failures
