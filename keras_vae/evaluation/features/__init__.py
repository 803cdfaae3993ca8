"""Feature spaces for the comparison of sets of examples."""

from collections.abc import Callable
from typing import Any

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.features.classifier_features import ClassifierFeatures
from keras_vae.evaluation.features.column_components import ColumnComponents
from keras_vae.evaluation.features.encoder_features import EncoderFeatures
from keras_vae.evaluation.features.features import Features
from keras_vae.evaluation.features.inception_features import InceptionFeatures
from keras_vae.evaluation.features.pixels import Pixels
from keras_vae.evaluation.features.principal_components import PrincipalComponents
from keras_vae.models import Autoencoder
from keras_vae.serialization import get

__all__ = [
    "FEATURES",
    "ClassifierFeatures",
    "ColumnComponents",
    "EncoderFeatures",
    "Features",
    "InceptionFeatures",
    "Pixels",
    "PrincipalComponents",
    "get_features",
]

FEATURES: dict[str, tuple[tuple[str, ...], Callable[..., Features]]] = {
    "classifier": (("x", "y"), ClassifierFeatures.fit),
    "encoder": (("model",), EncoderFeatures),
    "inception": ((), InceptionFeatures),
    "pca": (("x",), PrincipalComponents.fit),
    "pixels": ((), Pixels),
}
"""name -> what it is made from, and what makes it."""


def get_features(
    name: str | Features, x: Any = None, y: Any = None, model: Autoencoder | None = None, *, seed: int = 0
) -> Features:
    """Returns the features of that name, fitted to data if necessary.

    Args:
        name: `"pixels"`, `"pca"`, `"encoder"`, `"classifier"` or `"inception"`; `Features` objects are returned
            unchanged.
        x: training examples `(N, *event_shape)`, for `"pca"` and `"classifier"`.
        y: their integer labels `(N,)`, for `"classifier"`.
        model: a trained model, for `"encoder"`.
        seed: seed of the fit.

    Raises:
        InvalidInputError: if the name is unknown, or if an argument that the features need is missing.

    Example:

    >>> get_features("pixels").name
    'pixels'
    """
    if isinstance(name, Features):
        return name
    arguments = {"x": x, "y": y, "model": model}
    needed, make = get(name, FEATURES, part="features")
    missing = [argument for argument in needed if arguments[argument] is None]
    if missing:
        raise InvalidInputError(f"features {name!r}: expected {' and '.join(missing)}, got None; give it.")
    return make(*(arguments[argument] for argument in needed), **({"seed": seed} if "x" in needed else {}))
