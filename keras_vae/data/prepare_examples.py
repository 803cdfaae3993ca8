"""Writes examples that are read by index to files that training reads at the speed of the disk."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.encoded_images import EncodedImages
from keras_vae.data.folder import STREAMED
from keras_vae.data.parts import Parts
from keras_vae.data.prepare_folder import check_room, clear, unfinished
from keras_vae.data.prepared import INDEX
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
        work = ((part, shard) for part, split in splits.items() for shard in _shards(part, split, rows, out))
        total = sum(-(-len(split) // rows) for split in splits.values())
        for part, shard in progress(work, total, "Preparing files", verbose=verbose):
            shards[part].append(shard)
        content = {
            "shape": list(x.shape[1:]),
            "label_names": parts.label_names,
            "notes": [*(note for note in parts.notes if STREAMED not in note), *_replaced(splits.values())],
            "factor_names": parts.factor_names,
            "factor_sizes": parts.factor_sizes,
            "splits": shards,
        }
        if parts.column_names:
            content |= {
                "column_names": parts.column_names,
                "categories": parts.categories,
                "label_column": None if parts.train.y is None else "label",
                "missing": [0] * len(parts.column_names),  # a note of the data reports them already
                "left_out": [],
            }
        write_json(out / INDEX, content)


def _shards(part: str, split: Split, rows: int, out: Path) -> Iterator[dict[str, Any]]:
    """Writes the files of a split that are not there, and yields what the index contains about each."""
    for number, start in enumerate(range(0, len(split), rows)):
        chosen, file = slice(start, min(start + rows, len(split))), f"{part}-{number:05}.npy"
        if not (out / file).exists():
            x = np.asarray(split.x[chosen])
            write_whole(out / file, lambda path, x=x: np.save(path, x))
        yield {
            "file": file,
            "examples": chosen.stop - start,
            "labels": [] if split.y is None else split.y[chosen].tolist(),
            "factors": [] if split.factors is None else split.factors[chosen].tolist(),
        }


def _replaced(splits: Iterable[Split]) -> list[str]:
    """Returns a note if images that cannot be decoded were replaced by others."""
    found = {
        x.name_of(index): reason
        for x in (split.x for split in splits)
        if isinstance(x, EncodedImages)
        for index, reason in x.skipped.items()
    }
    if not found:
        return []
    name, reason = next(iter(found.items()))
    return [f"{len(found)} images cannot be decoded, and were replaced by others. The first is {name}: {reason}."]
