"""Writes arrays and pictures, and protects existing files."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import typer
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.files import check_writable, new_parents, write_whole
from keras_vae.plots import save


def check_out(path: Path, *suffixes: str, overwrite: bool) -> None:
    """Refuses a file with another suffix, that exists, or that cannot be written. Call it before the work."""
    if path.suffix not in suffixes:
        raise InvalidInputError(f"--out: expected a name that ends in {' or '.join(suffixes)}; got {str(path)!r}.")
    if path.exists() and not overwrite:
        raise InvalidInputError(f"{path}: it exists; use --overwrite or another --out.")
    check_writable(path)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as `.npz`."""
    with new_parents(path):
        write_whole(path, lambda path: np.savez_compressed(path, allow_pickle=False, **arrays))
    typer.echo(f"Written: {path} ({', '.join(f'{name} {array.shape}' for name, array in arrays.items())})")


def write_picture_or_array(path: Path, array: np.ndarray, draw: Callable[[], Figure]) -> None:
    """Writes the picture that `draw` makes as `.png`, or the array as `.npy`."""
    with new_parents(path):
        write_whole(path, lambda path: np.save(path, array) if path.suffix == ".npy" else save(draw(), path))
    typer.echo(f"Written: {path} ({'x'.join(map(str, array.shape))})")
