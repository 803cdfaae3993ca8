"""Weights of another model at the start of a run, and parts that are not trained."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import keras

from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.models import Autoencoder, load_model
from keras_vae.presets import from_preset, is_preset
from keras_vae.text import counted
from keras_vae.training.run import Run

MOST_NAMES = 5


class Taken(NamedTuple):
    """What `load_matching` has done.

    Attributes:
        source: the run folder or file.
        taken: names of the weights that have the values of the source.
        left: name -> why the weight keeps its initial value.
        digest: a digest of all weights of the source.

    Example:

    >>> print(Taken("runs/digits", taken=["a", "b"], left={"c": "another shape"}, digest="..."))
    2 of 3 weights from runs/digits; not c (another shape)
    """

    source: str
    taken: list[str]
    left: dict[str, str]
    digest: str

    def __str__(self) -> str:
        numbers = f"{len(self.taken):,} of {counted(len(self.taken) + len(self.left), 'weight')} from {self.source}"
        names = [f"{name} ({reason})" for name, reason in self.left.items()]
        more = [] if len(names) <= MOST_NAMES else [f"{len(names) - MOST_NAMES} more"]
        return f"{numbers}{'; not ' if names else ''}{', '.join([*names[:MOST_NAMES], *more])}"


def load_matching(model: Autoencoder, source: str | os.PathLike) -> Taken:
    """Sets the weights of `model` to those of another model, where names and shapes are the same.

    The names are those of the layers within each part, such as `encoder/dense_1/kernel`. The class of the part must
    also be the same, because the same shape has another meaning in, say, another likelihood. The step and the
    optimizer do not change.

    Args:
        model: the model that gets the weights.
        source: a run folder, a `.keras` file or a preset, see `from_preset`.

    Raises:
        InvalidInputError: if the source cannot be read, or if no weight matches.

    Example:

    >>> vae((8,), 2, units=(4,)).save("small.keras")
    >>> print(load_matching(vae((8,), 2, units=(4, 4)), "small.keras"))
    8 of 12 weights from small.keras; not encoder/dense_1/kernel (not there), encoder/dense_1/bias (not there), ...
    """
    other = _model_of(source)
    theirs, taken, left = named_weights(other), [], {}
    for name, weight in named_weights(model).items():
        part, value = name.partition("/")[0], theirs.get(name)
        classes = [type(getattr(one, part, None)).__name__ for one in (model, other)]
        if classes[0] != classes[1]:
            left[name] = f"its {part} is {classes[1]}"
        elif value is None:
            left[name] = "not there"
        elif value.shape != weight.shape:
            left[name] = f"shape {tuple(value.shape)} there, {tuple(weight.shape)} here"
        else:
            weight.assign(value)
            taken.append(name)
    if not taken:
        name, reason = next(iter(left.items()))
        raise InvalidInputError(
            f"{source}: expected a model with some weights of the same name and shape, got none ({name}: {reason}); "
            "use a model of the same kind of network."
        )
    values = [keras.ops.convert_to_numpy(weight) for weight in theirs.values()]
    return Taken(str(source), taken, left, digest_of(values))


def _model_of(source: str | os.PathLike) -> Autoencoder:
    if Path(source).suffix == ".keras":
        return load_model(source)
    return from_preset(source) if is_preset(source) else Run.open(source).model()


def freeze(model: Autoencoder, names: Sequence[str]) -> None:
    """Sets parts or layers of a model to `trainable=False`. Compile the model after it.

    Args:
        model: the model.
        names: names of parts, such as `encoder`, or of layers within one, such as `encoder/dense_1`,
            numbered in each part from the input on.

    Raises:
        InvalidInputError: for an unknown name, or if nothing is left to train.

    Example:

    >>> model = vae((8,), 2, units=(4,))
    >>> freeze(model, ["encoder", "posterior"])
    >>> len(model.trainable_variables), len(model.encoder.trainable_variables)
    (4, 0)
    """
    layers = named_layers(model)
    for name in names:
        if name not in layers:
            raise InvalidInputError(unknown(name, layers, part="part or layer to freeze"))
        layers[name].trainable = False
    if not model.trainable_variables:
        raise InvalidInputError(f"freeze: {', '.join(names)} leaves nothing to train; leave some of them out.")


def named_layers(model: Autoencoder) -> dict[str, keras.layers.Layer]:
    """Returns name -> layer, for each part with weights and for the layers within it.

    Keras numbers layers in the order in which a process creates them. Here they are numbered within their part, so that
    the names are those of every model of the same structure.

    Example:

    >>> list(named_layers(vae((8,), 2, units=(4, 4))))[:3]
    ['encoder', 'encoder/dense', 'encoder/dense_1']
    """
    layers = {}
    for part in model.PARTS:
        owner = getattr(model, part)
        if not isinstance(owner, keras.layers.Layer) or not owner.weights:
            continue
        layers[part], seen = owner, Counter()
        for layer in owner._flatten_layers(include_self=False):
            if layer.weights:
                name = re.sub(r"_\d+$", "", layer.name)
                layers[f"{part}/{name}{f'_{seen[name]}' if seen[name] else ''}"] = layer
                seen[name] += 1
    return layers


def named_weights(model: Autoencoder) -> dict[str, keras.Variable]:
    """Returns name -> weight, for all weights of the parts; the name begins with that of the layer."""
    weights = {}
    for name, layer in named_layers(model).items():
        inner = {id(weight) for one in layer._flatten_layers(include_self=False) for weight in one.weights}
        weights |= {f"{name}/{weight.name}": weight for weight in layer.weights if id(weight) not in inner}
    return weights
