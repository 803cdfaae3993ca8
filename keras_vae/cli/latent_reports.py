"""The work of `keras-vae neighbours` and `keras-vae directions`, and the files that they write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.cli.labelled_examples import labelled_examples
from keras_vae.cli.outputs import write_csv
from keras_vae.cli.sources import examples, model_of, reference_examples, texts_of_rows
from keras_vae.data import Split
from keras_vae.data.row_names import readable
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import AttributeDirections, codes_of, condition_of, nearest
from keras_vae.files import new_parents, write_whole
from keras_vae.models import Autoencoder
from keras_vae.plots import plot_directions, plot_neighbours, save
from keras_vae.plots.sheet import MAX_ROWS
from keras_vae.training import Run

AMOUNTS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0])
"""The multiples of a direction in the picture."""

NEIGHBOURS, DIRECTIONS = ("neighbours.csv", "neighbours.png"), ("directions.csv", "directions.npz", "directions.png")
PRINTED = 10


def neighbours(run: Path, data: str | None, among: str | None, count: int, out: Path) -> str:
    """Finds the nearest examples of each query, writes the files and returns the text for the terminal."""
    model = model_of(run)
    queries = examples(model, run, data, None)
    same = data is not None and among is not None and Path(data).resolve() == Path(among).resolve()
    searched = queries if same else _searched(model, run, among)
    if count > len(searched) - same:
        raise InvalidInputError(
            f"--count: expected at most {len(searched) - same}, the number of other examples, got {count}."
        )
    codes = codes_of(model, queries.x, condition_of(model, queries.y), what="Encoding the queries", verbose=1)
    rows = np.flatnonzero(readable(queries.x))
    if same:
        others, found = rows, nearest(codes.means[rows] / codes.noise, count=count)
    else:
        known = codes_of(model, searched.x, condition_of(model, searched.y), verbose=1)
        others = np.flatnonzero(readable(searched.x))
        found = nearest(codes.means[rows] / known.noise, known.means[others] / known.noise, count)
    indices, distances = others[found.indices], found.distances
    names = texts_of_rows(run, data, queries)
    names_of_others = texts_of_rows(run, among, searched, "train" if among is None else None)
    table = [
        (names[row], rank + 1, names_of_others[index], f"{distance:.6g}")
        for row, near, apart in zip(rows, indices, distances, strict=True)
        for rank, (index, distance) in enumerate(zip(near, apart, strict=True))
    ]
    shown = rows[:MAX_ROWS]
    pictures = np.stack([np.asarray(searched.x[near]) for near in indices[: len(shown)]])
    figure = plot_neighbours(
        np.asarray(queries.x[shown]),
        pictures,
        names=[Path(names[row]).name for row in shown],
        distances=distances[: len(shown)],
        neighbour_names=[[Path(names_of_others[index]).name for index in near] for near in indices[: len(shown)]],
    )
    header = ("query", "rank", "neighbour", "distance")
    _write(
        out,
        {"neighbours.csv": lambda path: write_csv(path, header, table), "neighbours.png": lambda p: save(figure, p)},
    )
    width = max(len(str(row[0])) for row in table)
    first = [row for row in table if row[1] == 1][:PRINTED]
    lines = [f"{'query':{width}}  {'distance':>9}  nearest"]
    lines += [f"{query:{width}}  {float(distance):>9.4g}  {other}" for query, _, other, distance in first]
    return "\n".join([*lines, f"\nWritten: {out} ({', '.join(NEIGHBOURS)})"])


def directions(run: Path, data: str | None, label_column: str | None, out: Path) -> str:
    """Finds the direction of each label, writes the files and returns the text for the terminal."""
    model = model_of(run)
    if model.condition is not None:
        raise InvalidInputError(
            f"{run}: {model.name} is given the label, so that its latents need no direction for it; "
            "use keras-vae traverse --label."
        )
    part, labels = labelled_examples(model, run, data, "train" if data is None else None, label_column)
    if labels is None:
        raise InvalidInputError(f"{data or run}: expected data with labels, such as sub-folders, got none.")
    means = codes_of(model, part.x, verbose=1).means
    kept = np.flatnonzero(readable(part.x) & np.array([label is not None for label in labels]))
    found = AttributeDirections(means[kept], [str(labels[row]) for row in kept])
    steps = found.center + AMOUNTS[None, :, None] * found.directions[:MAX_ROWS, None]
    decoded = model.decode(steps.reshape(-1, *model.latent_shape).astype("float32")).mean().numpy()
    shown = len(steps)
    figure = plot_directions(
        decoded.reshape(*steps.shape[:2], *model.event_shape),
        AMOUNTS,
        names=found.names[:shown],
        auroc=found.auroc[:shown],
    )
    lengths = np.linalg.norm(found.directions, axis=1)
    header = ("label", "examples", "distance", "auroc", "probe_auroc")
    table = list(
        zip(
            found.names,
            found.counts.tolist(),
            *(_texts(v) for v in (lengths, found.auroc, found.probe_auroc)),
            strict=True,
        )
    )
    arrays = {"names": np.array(found.names), "directions": found.directions, "center": found.center}
    _write(
        out,
        {
            "directions.csv": lambda path: write_csv(path, header, table),
            "directions.npz": lambda path: np.savez_compressed(path, allow_pickle=False, **arrays),
            "directions.png": lambda path: save(figure, path),
        },
    )
    width = max(len("label"), *(len(name) for name in found.names))
    lines = [f"{'label':{width}}  {'examples':>8}  {'distance':>8}  {'AUROC':>6}  {'probe':>6}"]
    lines += [f"{row[0]:{width}}  {row[1]:>8}  {row[2]:>8}  {row[3]:>6}  {row[4]:>6}" for row in table]
    return "\n".join([*lines, f"\nWritten: {out} ({', '.join(DIRECTIONS)})"])


def _texts(values: np.ndarray) -> list[str]:
    return [f"{value:.3f}" for value in values]


def _searched(model: Autoencoder, run: Path, among: str | None) -> Split:
    if among is not None:
        return examples(model, run, among, None)
    if not Run(run).exists:
        raise InvalidInputError(f"{run}: a model file does not say what it was trained on; name examples with --among.")
    return reference_examples(model, run, None)[0]


def _write(out: Path, files: dict[str, Callable[[Path], Any]]) -> None:
    with new_parents(out / "file"):
        for name, write in files.items():
            write_whole(out / name, write)
