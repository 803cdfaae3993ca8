"""Writes arrays and pictures, and protects existing files."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer
from matplotlib.figure import Figure

from keras_vae.data.table_rows import table_of_arrays, write_table
from keras_vae.errors import InvalidInputError
from keras_vae.files import PARTIAL, check_writable, new_parents, write_whole
from keras_vae.plots import save


def check_out(path: Path, *suffixes: str, overwrite: bool) -> None:
    """Refuses a file with another suffix, that exists, or that cannot be written. Call it before the work."""
    if path.suffix not in suffixes:
        listed = " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))
        raise InvalidInputError(f"--out: expected a name that ends in {listed}; got {str(path)!r}.")
    if path.exists() and not overwrite:
        raise InvalidInputError(f"{path}: it exists; use --overwrite or another --out.")
    check_writable(path)


def check_folder(out: Path, files: Sequence[str], *, content: str, overwrite: bool) -> None:
    """Refuses an output folder with other files than `files`, with earlier results, or that cannot be written."""
    if out.is_file():
        raise InvalidInputError(f"{out}: it is a file; expected a folder.")
    names = {path.name for path in out.iterdir() if PARTIAL not in path.name} if out.is_dir() else set()
    if names - {*files}:
        raise InvalidInputError(f"{out}: expected a folder with no other files; use another --out.")
    if names and not overwrite:
        raise InvalidInputError(f"{out}: it contains {content}; use --overwrite or another --out.")
    check_writable(out)


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Writes rows below a header."""
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays with a row for each example as `.npz` or as a table."""

    def write(file: Path) -> None:
        if path.suffix == ".npz":
            np.savez_compressed(file, allow_pickle=False, **arrays)
        else:
            write_table(table_of_arrays(arrays), file)

    with new_parents(path):
        write_whole(path, write)
    typer.echo(f"Written: {path} ({', '.join(f'{name} {array.shape}' for name, array in arrays.items())})")


def write_picture_or_array(path: Path, array: np.ndarray, draw: Callable[[], Figure]) -> None:
    """Writes the picture that `draw` makes as `.png`, or the array as `.npy`."""
    with new_parents(path):
        write_whole(path, lambda path: np.save(path, array) if path.suffix == ".npy" else save(draw(), path))
    typer.echo(f"Written: {path} ({'x'.join(map(str, array.shape))})")
