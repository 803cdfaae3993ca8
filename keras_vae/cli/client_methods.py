"""The requests of `keras-vae client`, and the output of their answers."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer

from keras_vae.data.encoded_images import MAX_NAMED
from keras_vae.data.load import is_folder
from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.files import expanded
from keras_vae.progress import progress
from keras_vae.serving.client import Client, ServingError
from keras_vae.text import counted

IMAGES = ("reconstruct", "generate")
OF_EXAMPLES = ("encode", "reconstruct", "score", "anomaly", "classify")
ABOUT = ("status", "metadata")
FEW = 20
"""The number of examples by default, except of a file or folder."""
PER_CALL = 128
"""The number of files that are read at a time."""
SHOWN = 40
"""The number of examples in a picture."""
METHODS = (*ABOUT, *OF_EXAMPLES, "generate")


def check_method(method: str, out: Path | None, *, overwrite: bool) -> None:
    """Refuses an unknown method, and an output file that exists or has another format."""
    if method not in METHODS:
        raise InvalidInputError(unknown(method, METHODS, part="method"))
    if out is None:
        return
    if method in ABOUT:
        raise InvalidInputError(f"--out: {method} is printed; leave it out.")
    from keras_vae.cli.outputs import check_out
    from keras_vae.data.arrow_tables import SUFFIXES

    check_out(out, *((".png", ".npy") if method in IMAGES else (".npz", *SUFFIXES)), overwrite=overwrite)


def ask(
    client: Client,
    method: str,
    data: str,
    split: str | None,
    label_names: list[str] | None,
    limit: int | None,
    condition: int | None,
    seed: int,
) -> Mapping[str, Any]:
    """Calls a method, and returns its outputs by name, with the examples as `x` and the names of files as `names`.

    Image files are sent as they are if the model has a signature for them; otherwise their pixels are sent, in the
    size and the channels of the model.
    """
    if method in ABOUT:
        return {method: getattr(client, method)()}
    if method == "generate":
        limit = FEW if limit is None else limit
        labels = None if condition is None else np.full(limit, condition, "int32")
        answer = {"sample": client.generate(limit, seed, condition=labels)}
        _warn_of_invalid_rows(answer)
        return answer
    from keras_vae.cli.other_data import is_file
    from keras_vae.cli.sources import examples_for_server
    from keras_vae.data.row_names import names_of, readable

    signatures = client.metadata()
    inputs = signatures["serving_default"].inputs if "serving_default" in signatures else {}
    needs_condition = method != "classify" and "condition" in inputs
    shape = tuple(inputs["x"].shape[1:]) if "x" in inputs else ()
    image_shape = tuple(size for size in shape if size is not None)
    examples_to_send = examples_for_server(
        data,
        split,
        label_names=label_names,
        conditional=needs_condition,
        image_shape=image_shape if len(image_shape) == len(shape) else None,
    )[: limit or (None if is_file(data) else FEW)]
    if needs_condition and examples_to_send.y is None:
        raise InvalidInputError(f"{data}: the model needs labels, and the data have none; give labelled data.")
    names = names_of(examples_to_send)
    labels = examples_to_send.y if needs_condition else None
    if names is not None and f"{method}_bytes" in signatures and is_folder(data):
        path = expanded(data)
        root = path.parent if path.is_file() else path
        rows, answer = _of_files(client, method, [root / name for name in names], labels)
        x = examples_to_send.x[rows]
    else:
        x = np.asarray(examples_to_send.x)
        rows = np.flatnonzero(readable(examples_to_send.x))
        x, labels = x[rows], None if labels is None else labels[rows]
        answer = _call(client, method, x, labels)
    _warn_of_invalid_rows(answer)
    return {**answer, **({} if names is None else {"names": names[rows]}), "x": x}


def _call(client: Client, method: str, x: Any, labels: np.ndarray | None) -> dict[str, np.ndarray]:
    answer = getattr(client, method)(x, **({} if labels is None else {"condition": labels}))
    if hasattr(answer, "_asdict"):
        fields = answer._asdict()
        others = {f"p_value_{name}": array for name, array in fields.pop("p_values", {}).items() if name != "combined"}
        return {name: array for name, array in (fields | others).items() if array is not None}
    return {method: answer}


def _of_files(
    client: Client, method: str, files: Sequence[Path], labels: np.ndarray | None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Sends files as they are. Returns the indices of those that the model has answered, and its outputs.

    A file that the model rejects, such as a damaged one, is left out with a warning. Halving the request finds it.
    """
    rows, answers, rejected = [], [], []

    def send(chosen: np.ndarray) -> None:
        try:
            answer = _call(client, method, [files[row] for row in chosen], None if labels is None else labels[chosen])
        except (ServingError, InvalidInputError) as error:
            if isinstance(error, ServingError) and error.code != "INVALID_ARGUMENT":
                raise
            if len(chosen) > 1:
                send(chosen[: len(chosen) // 2])
                send(chosen[len(chosen) // 2 :])
                return
            rejected.append(error)
            if len(rejected) <= MAX_NAMED:
                warnings.warn(f"{files[chosen[0]]}: it is left out: {one_line(error)}", stacklevel=4)
            return
        rows.append(chosen)
        answers.append(answer)

    parts = [np.arange(start, min(start + PER_CALL, len(files))) for start in range(0, len(files), PER_CALL)]
    for part in progress(parts, len(parts), "Sending files"):
        send(part)
    if not answers:
        raise InvalidInputError(f"{files[0]}: expected an image that the model takes, got: {one_line(rejected[0])}.")
    if len(rejected) > MAX_NAMED:
        warnings.warn(f"Left out: {len(rejected):,} of {counted(len(files), 'file')}.", stacklevel=3)
    return np.concatenate(rows), {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}


def _warn_of_invalid_rows(answer: Mapping[str, np.ndarray]) -> None:
    """Warns of rows with NaN, the answer of an export to an invalid row."""
    floats = [array.reshape(len(array), -1) for array in answer.values() if array.dtype.kind == "f"]
    invalid = np.any([np.isnan(array).any(axis=1) for array in floats], axis=0)
    if np.any(invalid):
        warnings.warn(
            f"NaN in {np.sum(invalid):,} of {counted(len(invalid), 'answer')}, as for an example or a label that "
            "the model does not take, or an image in other units than those of training.",
            stacklevel=3,
        )


def show(method: str, answer: Mapping[str, Any], out: Path | None) -> None:
    """Prints the answer, or writes it to `out`."""
    if method == "status":
        for version, state, error in answer["status"]:
            typer.echo(f"version {version}  {state}  {error}".rstrip())
    elif method == "metadata":
        for name, signature in sorted(answer["metadata"].items()):
            typer.echo(f"{name:18} {_tensors(signature.inputs)} -> {_tensors(signature.outputs)}")
    elif out is None:
        for name, array in answer.items():
            if name != "x":
                typer.echo(f"{name} {array.shape}\n{np.array2string(array, precision=4, threshold=200)}")
    elif method in IMAGES:
        _write_images(method, answer, out)
    else:
        from keras_vae.cli.outputs import write_arrays

        write_arrays(out, {name: array for name, array in answer.items() if name != "x"})


def _write_images(method, answer, out):
    from keras_vae import plots
    from keras_vae.cli.outputs import write_picture_or_array

    if method == "generate":
        write_picture_or_array(out, answer["sample"], lambda: plots.plot_samples(answer["sample"]))
        return

    def draw():
        x = np.asarray(answer["x"][:SHOWN])
        return plots.plot_reconstructions(x / np.float32(255) if x.dtype == np.uint8 else x, answer[method][:SHOWN])

    write_picture_or_array(out, answer[method], draw)


def _tensors(specs: Mapping[str, Any]) -> str:
    def shape(spec):
        return ", ".join("N" if size is None else str(size) for size in spec.shape)

    return ", ".join(f"{name} {spec.dtype}[{shape(spec)}]" for name, spec in specs.items())
