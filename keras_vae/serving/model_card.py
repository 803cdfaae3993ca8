"""The model card of an export."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from keras_vae.models.facts import facts_of
from keras_vae.serving.options import PRECISIONS
from keras_vae.serving.served_model import ServedModel
from keras_vae.serving.signatures import TENSORS
from keras_vae.version import __version__

FILE = "model_card.md"

Section = Mapping[str, Any] | Iterable[str]


def model_card(served_model: ServedModel, name: str, card: Mapping[str, Section]) -> str:
    """Returns the model card of an export, in Markdown.

    Args:
        served_model: the exported model.
        name: name of the model.
        card: heading -> name -> value, or lines, for information that the export does not have, such as data, metrics
            and limits.
    """
    sections = {
        "Model": facts_of(served_model.original),
        **card,
        "Signatures": _signatures(served_model),
        "Export": _export(served_model),
    }
    lines = [f"# {name}", ""]
    for heading, content in sections.items():
        if isinstance(content, Mapping):
            content = [f"- {key}: {_text(value)}" for key, value in content.items()]
        lines += [f"## {heading}", "", *content, ""]
    return "\n".join(lines)


def _signatures(served_model: ServedModel) -> Iterator[str]:
    yield "Dimension 0 of all inputs and outputs is the batch (B)."
    yield ""
    yield "| signature | inputs | outputs |"
    yield "|---|---|---|"
    tensor_names: dict[str, None] = {}
    for signature, function in served_model.functions.items():
        specs_of_sides = [function.structured_input_signature[1], function.structured_outputs]
        tensor_names.update(dict.fromkeys(key for side in specs_of_sides for key in side))
        yield f"| `{signature}` | {' | '.join(_tensors(side) for side in specs_of_sides)} |"
    yield ""
    yield from (f"- `{key}`: {TENSORS[key]}" for key in tensor_names)


def _tensors(specs: Mapping[str, tf.TensorSpec]) -> str:
    def shape(spec):
        return ", ".join(["B", *map(str, spec.shape[1:])]) + ("," if spec.shape.rank == 1 else "")

    return "; ".join(f"`{key}` {spec.dtype.name} ({shape(spec)})" for key, spec in specs.items())


def _export(served_model: ServedModel) -> dict[str, Any]:
    options = served_model.options
    entries = {
        "made by": f"keras_vae {__version__}, TensorFlow {tf.__version__}",
        "precision": f"{options.precision} ({PRECISIONS[options.precision]})",
        "batch sizes": options.batch_sizes,
    }
    if served_model.model.has_density:
        entries["score"] = f"mean over {options.samples} draws of z, with noise fixed at export"
    if options.binarize:
        entries["binarization"] = f"{options.binarize}, as in training, in the graph, with noise fixed at export"
    if any(name.endswith("_bytes") for name in served_model.signatures):
        entries["image files"] = (
            f"at most {options.max_pixels:,} pixels each, and {options.max_batch_pixels:,} in a batch"
        )
    scorer = served_model.scorer
    if scorer is None:  # there are no training examples
        return entries
    entries["anomaly"] = (
        f"combined above {scorer.threshold('combined', 1 - options.flagged):.4g}, which {options.flagged:.2%} of "
        f"{scorer.calibration_size:,} {'training' if served_model.calibration is None else 'validation'} examples "
        f"exceed; {scorer.reference_size:,} training examples are the reference"
    )
    if options.precision != "float32":
        entries["cost of the precision"] = (
            f"the mean ELBO of training examples changes by {-served_model.loss_of_precision:+.3g} nats"
        )
    return entries


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_text(item)}" for key, item in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(_text, value))
    return str(value)
