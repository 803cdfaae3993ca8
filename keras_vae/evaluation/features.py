"""Spaces in which sets of examples are compared: each turns examples into vectors of features."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_seed
from keras_vae.data.validate import validate_labels
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.models.inputs import as_numbers
from keras_vae.networks import BackboneEncoder, ConvEncoder, MLPEncoder
from keras_vae.serialization import get

NUMBERS = 2**22  # worked on at a time
FITTED = 10_000  # examples from which principal components are found, and that test a classifier
LARGEST = float(np.finfo("float32").max)


class Features:
    """A space of features: `features(x)` turns examples `(N, *event_shape)` into float32 `(N, D)`, batch by batch.

    uint8 means 0..255 and is divided by 255; other numbers are taken as they are. A subclass sets the attributes, and
    implements `of_batch`.

    Attributes:
        name: what the features are, in words.
        event_shape: the shape of an example; None for any.
        batch_size: examples at a time; None to choose it by the size of an example.
    """

    name: str
    event_shape: tuple[int, ...] | None = None
    batch_size: int | None = None

    def __call__(self, x: Any, *, condition: Any = None) -> np.ndarray:
        """The features of `x`, float32 `(N, D)`.

        Args:
            x: examples `(N, *event_shape)`.
            condition: of each; only the encoder of a conditional model looks at it.

        Raises:
            InvalidInputError: for the wrong shape, no examples, or values that are no finite numbers.
        """
        x = as_examples(self.name, x)
        if self.event_shape is not None and x.shape[1:] != self.event_shape:
            raise InvalidInputError(
                f"{self.name}: expected examples of shape {self.event_shape}, got {x.shape[1:]}; give such as it has "
                "been made for."
            )
        batches = (check_known(self.name, scaled(x[rows])) for rows in pieces(x, self.batch_size))
        return np.concatenate([np.asarray(self.of_batch(batch), "float32") for batch in batches])

    def of_batch(self, x: np.ndarray) -> Any:
        """The features of float32 examples `(B, *event_shape)`, `(B, D)`."""
        raise NotImplementedError


class Pixels(Features):
    """The values of an example themselves, one after the other.

    Example:

    >>> Pixels()(np.full((3, 4, 4, 1), 255, "uint8")).shape
    (3, 16)
    """

    name = "pixels"

    def of_batch(self, x):
        return x.reshape(len(x), -1)


class PrincipalComponents(Features):
    """The projections of an example on the directions in which the data vary most; made by `fit`.

    Args:
        mean: of the examples, `event_shape`.
        directions: orthonormal rows, `(components, D)`.
    """

    def __init__(self, mean: np.ndarray, directions: np.ndarray):
        self.event_shape = mean.shape
        self.mean = mean.reshape(-1)
        self.directions = directions
        self.name = f"{len(directions)} principal components of the pixels"

    @classmethod
    def fit(cls, x: Any, components: int = 64, *, seed: int = 0) -> "PrincipalComponents":
        """Finds the directions from `x`, or from 10 000 examples of it.

        Args:
            x: examples `(N, *event_shape)`, two or more.
            components: how many; fewer where the examples span fewer directions.
            seed: of the choice of examples, and of the randomised solver for large ones.

        Raises:
            InvalidInputError: for fewer than two different examples, or values that are no finite numbers.

        Example:

        >>> features = PrincipalComponents.fit(np.random.default_rng(0).random((30, 8, 8, 1)), components=5)
        >>> features.name, features(np.zeros((2, 8, 8, 1))).shape
        ('5 principal components of the pixels', (2, 5))
        """
        from sklearn.decomposition import PCA

        part, seed = "principal components", check_seed(seed)
        x, components = as_examples(part, x), check_integer("components", components)
        chosen = np.random.default_rng(seed).permutation(len(x))[:FITTED]
        flat = check_known(part, scaled(x[chosen])).reshape(len(chosen), -1)
        if (flat == flat[0]).all():
            raise InvalidInputError(f"{part}: expected two or more different examples, got {len(x)} equal; use more.")
        components = min(components, len(flat) - 1, flat.shape[1])
        found = PCA(components, random_state=seed).fit(flat)
        varying = found.explained_variance_ > 1e-12 * found.explained_variance_[0]
        return cls(found.mean_.reshape(x.shape[1:]), found.components_[varying])

    def of_batch(self, x):
        return (x.reshape(len(x), -1) - self.mean) @ self.directions.T


class EncoderFeatures(Features):
    """The posterior means of a model, flattened.

    What the model may be asked to encode is the model's own rule, missing values included.

    Args:
        model: any trained model.

    Example:

    >>> features = EncoderFeatures(zoo.vae((8, 8, 1), 2, units=(8,), seed=0))
    >>> features.name, features(np.zeros((3, 8, 8, 1))).shape
    ('posterior means of vae', (3, 2))
    """

    def __init__(self, model: Autoencoder):
        if not isinstance(model, Autoencoder):
            raise InvalidInputError(f"encoder features: expected a keras_vae model, got {type(model).__name__}.")
        self.model = model
        self.event_shape = model.event_shape
        self.name = f"posterior means of {model.name}"

    def __call__(self, x, *, condition=None):
        x = as_examples(self.name, x)
        if condition is not None and np.shape(condition)[:1] != (len(x),):
            raise InvalidInputError(
                f"{self.name}: expected a condition for each of {len(x)} examples, got shape {np.shape(condition)}."
            )
        condition = None if condition is None else np.asarray(condition)

        def means(rows):
            given = None if condition is None else condition[rows]
            return self.model.encode(x[rows], condition=given).mean().numpy().astype("float32")

        return np.concatenate([batch.reshape(len(batch), -1) for batch in map(means, pieces(x))])


class ClassifierFeatures(Features):
    """What a small classifier, trained on the data, sees before its last layer; made by `fit`.

    Args:
        model: from examples to features.
        accuracy: the part of examples held out of its training that the classifier gets right.
    """

    batch_size = 1000

    def __init__(self, model: keras.Model, accuracy: float):
        self.model = model
        self.accuracy = accuracy
        self.event_shape = tuple(model.input_shape[1:])
        self.name = f"{model.output_shape[-1]} features of a classifier of the data, {accuracy:.1%} right"

    @classmethod
    def fit(cls, x: Any, y: Any, *, epochs: int = 10, units: int = 128, seed: int = 0) -> "ClassifierFeatures":
        """Trains the classifier: convolutions for images of at least 8x8, else dense layers.

        A fifth of the examples, at most 10 000, is held out. The same seed gives the same classifier, up to rounding.

        Args:
            x: examples `(N, *event_shape)`, ten or more with a label.
            y: integer labels `(N,)`; negative where there is none.
            epochs: passes over the examples.
            units: the number of features.
            seed: of the initial weights, of what is held out, and of the order of examples.

        Raises:
            InvalidInputError: for other shapes, values or labels, or labels of one class only.

        Example:

        >>> x, y = np.repeat(np.eye(4), 20, axis=0), np.repeat(np.arange(4), 20)
        >>> ClassifierFeatures.fit(x, y).name
        '128 features of a classifier of the data, 100.0% right'
        """
        part, rng = "classifier features", np.random.default_rng(check_seed(seed))
        x, epochs, units = as_examples(part, x), check_integer("epochs", epochs), check_integer("units", units)
        y = validate_labels(y, len(x))
        classes, targets = np.unique(y, return_inverse=True)
        labelled = rng.permutation(np.flatnonzero(y >= 0))
        if len(labelled) < 10 or (classes >= 0).sum() < 2:
            raise InvalidInputError(
                f"{part}: expected 10 or more labelled examples of 2 or more classes, got {len(labelled)} of "
                f"{(classes >= 0).sum()}; use the features 'pca' instead."
            )
        held_out, rows = np.split(labelled, [min(len(labelled) // 5, FITTED)])

        def examples(rows):
            return check_known(part, scaled(x[rows]))

        body = _body(examples(rows[:FITTED]), units)
        classifier = keras.Sequential([body, keras.layers.Dense(len(classes), dtype="float32")])
        classifier.build(body.input_shape)
        _initialize(classifier, rng)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        classifier.compile(keras.optimizers.Adam(2e-3), loss, jit_compile=False)
        size = min(max(len(rows) // 20, 8), 128)
        for _ in range(epochs):
            order = rng.permutation(rows)
            for batch in order[: len(rows) // size * size].reshape(-1, size):
                classifier.train_on_batch(examples(batch), targets[batch])
        tests = np.array_split(held_out, -(-len(held_out) // cls.batch_size))
        right = [classifier.predict_on_batch(examples(test)).argmax(axis=-1) == targets[test] for test in tests]
        return cls(body, float(np.concatenate(right).mean()))

    def of_batch(self, x):
        return self.model.predict_on_batch(x)


class InceptionFeatures(Features):
    """The 2048 pooled features of an InceptionV3 that was trained on ImageNet, of images resized to 299x299.

    The weights are those of `keras.applications`. They are not those with which published FIDs were taken, so that
    distances compare with each other, not with published ones.

    Args:
        weights: `"imagenet"`, downloaded by Keras once; None for a random network, which is of use in tests alone.

    Raises:
        InvalidInputError: if the weights cannot be had; when called, for anything but images `(H, W, 1)` or
            `(H, W, 3)` in [0, 1].

    Reference: Szegedy et al., 2016, https://arxiv.org/abs/1512.00567
    """

    batch_size = 32

    def __init__(self, weights: str | None = "imagenet"):
        try:
            network = BackboneEncoder((299, 299, 3), "InceptionV3", weights=weights, trainable=False)
        except InvalidInputError as error:
            raise InvalidInputError(
                f"Inception features: expected {weights!r} weights of InceptionV3, got: {error.__cause__ or error}; "
                "connect to the network once, or choose the features 'classifier' or 'pca'."
            ) from error
        self.name = f"2048 features of InceptionV3, {'random' if weights is None else weights} weights"

        def features(x):
            return network(tf.image.resize(x, (299, 299), antialias=True))

        self._features = tf.function(features, autograph=False, reduce_retracing=True)

    def of_batch(self, x):
        check_images("Inception features", x)
        if x.shape[-1] not in (1, 3):
            raise InvalidInputError(f"Inception features: expected 1 or 3 channels, got {x.shape[-1]}; use 'pca'.")
        return self._features(np.broadcast_to(x, (*x.shape[:-1], 3)))


def get_features(
    name: str | Features, x: Any = None, y: Any = None, model: Autoencoder | None = None, *, seed: int = 0
) -> Features:
    """The features of that name, fitted to data where they need it.

    Args:
        name: `"pixels"`, `"pca"`, `"encoder"`, `"classifier"` or `"inception"`; features themselves are given back.
        x: training examples `(N, *event_shape)`, for `"pca"` and `"classifier"`.
        y: their integer labels `(N,)`, for `"classifier"`.
        model: a trained model, for `"encoder"`.
        seed: of what is fitted.

    Raises:
        InvalidInputError: for an unknown name, or where what the features need is not given.

    Example:

    >>> get_features("pixels").name
    'pixels'
    """
    if isinstance(name, Features):
        return name
    given = {"x": x, "y": y, "model": model}
    needed, make = get(name, FEATURES, part="features")
    missing = [argument for argument in needed if given[argument] is None]
    if missing:
        raise InvalidInputError(f"features {name!r}: expected {' and '.join(missing)}, got None; give it.")
    return make(*(given[argument] for argument in needed), **({"seed": seed} if "x" in needed else {}))


FEATURES: dict[str, tuple[tuple[str, ...], Callable[..., Features]]] = {
    "classifier": (("x", "y"), ClassifierFeatures.fit),
    "encoder": (("model",), EncoderFeatures),
    "inception": ((), InceptionFeatures),
    "pca": (("x",), PrincipalComponents.fit),
    "pixels": ((), Pixels),
}
"""name -> what it is made from, and what makes it."""


def as_examples(part: str, x: Any) -> np.ndarray:
    """`x` as one or more examples `(N, *event_shape)`, uint8 or float32; its values are not looked at."""
    x = as_numbers(part, x)
    if x.ndim < 2 or x.size == 0:
        raise InvalidInputError(f"{part}: expected one or more examples of shape (N, ...), got shape {x.shape}.")
    return x


def pieces(x: np.ndarray, size: int | None = None) -> Iterator[slice]:
    """The rows of `x`, `size` at a time, or as many as are small in memory."""
    size = size or max(1, NUMBERS // math.prod(x.shape[1:]))
    return (slice(start, start + size) for start in range(0, len(x), size))


def scaled(x: np.ndarray) -> np.ndarray:
    """`x` in float32; uint8 is divided by 255."""
    return x.astype("float32") / np.float32(255) if x.dtype == np.uint8 else x


def check_known(part: str, x: np.ndarray) -> np.ndarray:
    """`x` itself; raises `InvalidInputError` if a value is not finite."""
    broken = len(x) - np.isfinite(x).reshape(len(x), -1).all(axis=1).sum()
    if broken:
        raise InvalidInputError(
            f"{part}: expected finite numbers, got NaN or infinity in {broken} of {len(x)} examples; "
            "drop or repair them."
        )
    return x


def check_images(part: str, x: np.ndarray) -> np.ndarray:
    """`x` itself; raises `InvalidInputError` if they are no images `(N, H, W, C)` in [0, 1]."""
    low, high = x.min(), x.max()
    if x.ndim != 4 or not (low >= 0 and high <= 1):
        raise InvalidInputError(
            f"{part}: expected images (N, H, W, C) in [0, 1], got shape {x.shape} with values from {low:.3g} to "
            f"{high:.3g}; rescale or clip them, or add the channel axis."
        )
    return x


def check_features(part: str, features: Any, others: Any, *, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features as float64 `(N, D)` and `(M, D)`.

    Raises:
        InvalidInputError: if they are no such matrices of `least` rows or more, or hold NaN, infinity, or numbers
            beyond the range of float32.
    """
    try:
        both = np.asarray(features, "float64"), np.asarray(others, "float64")
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"{part}: expected two matrices of numbers; {error}.") from error
    one, two = shapes = both[0].shape, both[1].shape
    if len(one) != 2 or len(two) != 2 or one[1] != two[1] or not one[1] or min(one[0], two[0]) < least:
        raise InvalidInputError(
            f"{part}: expected (N, D) and (M, D) with N, M >= {least}; got {shapes}; give a row for each example, "
            "and enough of them."
        )
    for values in both:
        low, high = values.min(), values.max()
        if not (low >= -LARGEST and high <= LARGEST):
            raise InvalidInputError(
                f"{part}: expected finite numbers within float32, got values from {low} to {high}; drop or repair them."
            )
    return both


def _body(x, units):
    """A network from examples like `x` to features, its inputs standardised along the last axis."""
    kind = ConvEncoder if x.ndim == 4 and min(x.shape[1:3]) >= 8 else MLPEncoder
    network = kind(x.shape[1:], units=units if kind is ConvEncoder else (units, units), dtype="float32")
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes, dtype="float64"), x.var(axis=axes, dtype="float64")
    scale = keras.layers.Normalization(
        axis=-1, mean=mean, variance=np.where(variance > 0, variance, 1.0), dtype="float32"
    )
    return keras.Sequential([keras.Input(x.shape[1:], dtype="float32"), scale, network])


def _initialize(model, rng):
    """Draws the kernels as He et al. (2015) do; biases start at zero."""
    for variable in model.trainable_variables:
        if len(variable.shape) > 1:
            deviation = math.sqrt(2.0 / math.prod(variable.shape[:-1]))
            variable.assign(deviation * rng.standard_normal(variable.shape, "float32"))
