"""The requests of `keras-vae client`, and the output of their answers."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import typer

from keras_vae.errors import InvalidInputError, unknown
from keras_vae.serving.client import Client

IMAGES = ("reconstruct", "generate")
OF_EXAMPLES = ("encode", "reconstruct", "score", "anomaly", "classify")
ABOUT = ("status", "metadata")
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

    check_out(out, *((".png", ".npy") if method in IMAGES else (".npz",)), overwrite=overwrite)


def ask(
    client: Client,
    method: str,
    data: str,
    split: str | None,
    label_names: list[str] | None,
    limit: int,
    condition: int | None,
    seed: int,
) -> Mapping[str, Any]:
    """Calls a method, and returns its outputs by name."""
    if method in ABOUT:
        return {method: getattr(client, method)()}
    if method == "generate":
        labels = None if condition is None else np.full(limit, condition, "int32")
        answer = {"sample": client.generate(limit, seed, condition=labels)}
        _warn_of_invalid_rows(answer)
        return answer
    from keras_vae.cli.sources import examples_for_server

    needs_condition = method != "classify" and "condition" in client.metadata()["serving_default"].inputs
    examples_to_send = examples_for_server(data, split, label_names=label_names, conditional=needs_condition)[:limit]
    if needs_condition and examples_to_send.y is None:
        raise InvalidInputError(f"{data}: the model needs labels, and the data have none; give labelled data.")
    options = {"condition": examples_to_send.y} if needs_condition else {}
    x = np.asarray(examples_to_send.x)
    answer = getattr(client, method)(x, **options)
    if hasattr(answer, "_asdict"):
        answer = {name: array for name, array in answer._asdict().items() if array is not None}
    answer = answer if isinstance(answer, dict) else {method: answer}
    _warn_of_invalid_rows(answer)
    return {**answer, "x": x}


def _warn_of_invalid_rows(answer: Mapping[str, np.ndarray]) -> None:
    """Warns of rows with NaN, the answer of an export to an invalid row."""
    floats = [array.reshape(len(array), -1) for array in answer.values() if array.dtype.kind == "f"]
    invalid = np.any([np.isnan(array).any(axis=1) for array in floats], axis=0)
    if np.any(invalid):
        warnings.warn(
            f"{np.sum(invalid)} of {len(invalid)} answers are NaN, as for an example or a label that the model does "
            "not take.",
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
    x = answer["x"] / np.float32(255) if answer["x"].dtype == np.uint8 else answer["x"]
    write_picture_or_array(out, answer[method], lambda: plots.plot_reconstructions(x, answer[method]))


def _tensors(specs: Mapping[str, Any]) -> str:
    def shape(spec):
        return ", ".join("N" if size is None else str(size) for size in spec.shape)

    return ", ".join(f"{name} {spec.dtype}[{shape(spec)}]" for name, spec in specs.items())
