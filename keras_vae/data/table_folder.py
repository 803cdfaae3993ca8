"""Reads a folder of table files, such as the shards of a Parquet data set."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import numpy as np

from keras_vae.data.arrow_tables import SUFFIXES
from keras_vae.data.folder_layout import SPLITS, walk
from keras_vae.data.images import SUFFIXES as IMAGES
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import PARTS, Split
from keras_vae.data.table import notes_of
from keras_vae.data.table_files import TableFiles
from keras_vae.data.table_memory import BYTES_OF_VALUE, check_memory
from keras_vae.errors import InvalidInputError
from keras_vae.progress import progress

SPLIT_OF_FILE = re.compile(rf"({'|'.join(SPLITS)})(?![a-z])", re.IGNORECASE)
"""The start of the name of a file that belongs to a split, such as train-00000-of-00005.parquet."""


def is_table_folder(path: Path) -> bool:
    """Returns whether a folder contains tables, and no images."""
    found = False
    for parts, is_file in walk(str(path), ()) if path.is_dir() else ():
        suffix = PurePath(parts[-1]).suffix.lower()
        if is_file and suffix in IMAGES:
            return False
        found = found or (is_file and suffix in SUFFIXES)
    return found


def table_layout(path: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Lists the tables of a folder, or one file, in sorted order, and assigns them to splits.

    The splits are the sub-folders `train`, `validation` (or `val`) and `test`, and the files whose names begin with
    these words. Without any for `train`, all files outside the other splits contain training examples. Otherwise files
    outside the splits are left out, and a note reports their number.

    Returns:
        Split -> paths, for each split that has any, and the notes.

    Raises:
        InvalidInputError: if the files are of several kinds, or none of them contains training examples.
    """
    if not path.is_dir():
        return {"train": [path]}, []
    files = sorted(PurePath(*parts) for parts, is_file in walk(str(path), ()) if is_file and parts[-1][0] != "_")
    tables = [file for file in files if file.suffix.lower() in SUFFIXES]
    if len(kinds := {file.suffix.lower() for file in tables}) > 1:
        raise InvalidInputError(
            f"{path}: expected tables of one kind, got {' and '.join(sorted(kinds))}; keep one kind."
        )
    splits: dict[str, list[Path]] = {part: [] for part in PARTS}
    others = []
    for file in tables:
        named = SPLIT_OF_FILE.match(file.name)
        folder = file.parts[0].lower() if len(file.parts) > 1 else ""
        part = SPLITS.get(folder) or (SPLITS[named[1].lower()] if named else None)
        (others if part is None else splits[part]).append(path / file)
    notes = []
    if splits["train"] and others:
        notes.append(f"Left out {len(others)} tables outside train, validation and test, first {others[0]}.")
    elif others:
        splits["train"] = others
    if not splits["train"]:
        raise InvalidInputError(f"{path}: expected tables for training, got only validation and test; add train files.")
    if keys := {part.split("=")[0] for file in tables for part in file.parts[:-1] if "=" in part}:
        notes.append(f"The names of folders, such as {min(keys)}=..., are not read as columns.")
    if len(files) > len(tables):
        first = next(file for file in files if file not in set(tables))
        notes.append(f"Skipped {len(files) - len(tables)} files that are not {tables[0].suffix} tables, first {first}.")
    return {part: chosen for part, chosen in splits.items() if chosen}, notes


def read_table_folder(
    path: Path,
    *,
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
) -> Parts:
    """Reads the tables of a folder into memory, as one table; see `table_layout` for the splits.

    Args:
        path: the folder.
        label_column: see `read_table`.
        use_columns: see `read_table`.
        categories: see `read_table`.

    Raises:
        InvalidInputError: see `read_table`; also if the tables do not fit in memory.
    """
    splits, notes = table_layout(path)
    paths = [file for part in PARTS for file in splits.get(part, [])]
    files = TableFiles(paths, label_column=label_column, use_columns=use_columns, categories=categories)
    for _ in progress(files.scan(), files.ticks, f"Scanning {path.name} (MiB)"):
        pass
    rows = sum(count or 0 for count in files.rows)
    check_memory(path, BYTES_OF_VALUE * rows * len(files.names), rows, len(files.names))

    x = np.empty((rows, len(files.names)), np.float32)
    y = None if label_column is None else np.empty(rows, np.int64)

    def fill():
        row = 0
        for number in range(len(paths)):
            for chunk in files.chunks(number):
                end = row + len(chunk.x)
                x[row:end] = chunk.x
                if y is not None and chunk.y is not None:
                    y[row:end] = chunk.y
                row = end
                yield from range(chunk.ticks)

    for _ in progress(fill(), files.ticks, f"Reading {path.name} (MiB)"):
        pass
    parts, start = {}, 0
    counts = dict(zip(paths, files.rows, strict=True))
    for part in PARTS:
        end = start + sum(counts[file] or 0 for file in splits.get(part, []))
        if end > start:
            parts[part] = Split(x[start:end], None if y is None else y[start:end])
        start = end
    if "train" not in parts:
        raise InvalidInputError(f"{path}: expected rows for training, got none; check the train files.")
    return Parts(
        parts["train"], parts.get("validation"), parts.get("test"),
        label_names=files.texts[label_column] if label_column is not None else (),
        notes=(
            *notes,
            *notes_of(files.texts_of_examples, files.left_out, int(np.isnan(x).sum()), sorted(files.rounded)),
        ),
        column_names=tuple(files.names),
        categories=tuple(files.texts_of_examples.values()),
    )  # fmt: skip
