"""A semi-supervised model: M2."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.errors import InvalidInputError
from keras_vae.layers import LabelCondition
from keras_vae.layers.compiled_method import compiled_method
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.batched_methods import map_batches
from keras_vae.models.data_range import check_new_examples
from keras_vae.networks.network import features_shape_of, input_shape_of
from keras_vae.objectives import SemiSupervisedELBO, log_weights, marginal_bound
from keras_vae.random import initial_weights
from keras_vae.serialization import register
from keras_vae.trace import Trace

tfd = tfp.distributions


@register
class SemiSupervisedAutoencoder(Autoencoder):
    """A conditional autoencoder that infers missing labels.

        labelled:   L(x, y) = E_q(z|x,y)[log p(x | y, z)] - KL(q(z | x, y) || p(z)) + log p(y)
        unlabelled: U(x)    = sum_y q(y | x) L(x, y) + H(q(y | x))

    In `fit(x, y)`, y contains integer labels, with -1 for a missing label. The sum over the classes is exact, so a step
    takes one pass per class. Methods that encode x use the most probable label if none is given.

    Args:
        encoder: see `Autoencoder`; its input is the example and the one-hot label.
        decoder: see `Autoencoder`; its input is the latent and the one-hot label.
        classifier: a Keras model from examples to features; q(y | x) is a linear layer on top of it.
        condition: a `LabelCondition`.
        class_head: this linear layer. None creates one.
        **parts: see `Autoencoder`; the objective is `SemiSupervisedELBO`.

    Raises:
        InvalidInputError: if the condition is not a `LabelCondition`.

    Example:

    >>> encoder, decoder = make_networks("mlp", (8, 8, 1), 4, units=(32,), condition_dim=3)
    >>> model = SemiSupervisedAutoencoder(
    ...     encoder, decoder, classifier=MLPEncoder((8, 8, 1), (32,)), condition=LabelCondition(3),
    ...     objective=SemiSupervisedELBO(),
    ... )
    >>> model.classify(np.zeros((2, 8, 8, 1))).shape
    (2, 3)

    Reference: Kingma, Rezende, Mohamed & Welling, 2014, https://arxiv.org/abs/1406.5298
    """

    condition: LabelCondition
    infers_condition = True

    PARTS = (*Autoencoder.PARTS, "classifier", "class_head")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        classifier: keras.Model,
        condition: LabelCondition,
        class_head: keras.layers.Dense | None = None,
        **parts: Any,
    ):
        if not isinstance(condition, LabelCondition):
            raise InvalidInputError(f"condition: expected a LabelCondition(classes); got {condition!r}.")
        self.classifier = classifier
        self.class_head = class_head or keras.layers.Dense(condition.size, dtype="float32", name="class_head")
        shape = input_shape_of(classifier, part="classifier")
        if not self.class_head.built:
            with initial_weights(parts.get("seed"), "class_head"):
                self.class_head.build(features_shape_of(classifier, shape, part="classifier"))
        super().__init__(encoder, decoder, condition=condition, **parts)
        if not any(isinstance(term, SemiSupervisedELBO) for term in self.objective.terms):
            raise InvalidInputError(
                "objective: expected SemiSupervisedELBO(), which trains the classifier, among the terms."
            )
        if shape != self.likelihood.encoder_input_shape:
            raise InvalidInputError(
                f"classifier: expected inputs of shape {self.likelihood.encoder_input_shape}; it takes {shape}."
            )

    def class_logits(self, x: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """The logits of q(y | x), `(B, classes)`."""
        return self.class_head(self.classifier(self.likelihood.encoder_input(self.prepare(x)), training=training))

    def classify(self, x: Any, *, batch_size: int | None = None) -> np.ndarray:
        """The probabilities q(y | x), `(N, classes)`.

        Args:
            x: examples `(N, *event_shape)`.
            batch_size: number of examples in a batch.

        Raises:
            InvalidInputError: if the examples cannot be used.

        Example:

        >>> model = kv.zoo.semi_supervised_vae((8,), 2, classes=3, units=(4,), seed=0)
        >>> model.classify(np.zeros((5, 8))).shape
        (5, 3)
        """
        x = check_new_examples(self, x)
        return map_batches(self._probabilities, self.batch_size_for(batch_size), x).numpy()

    @compiled_method
    def _probabilities(self, x):
        return tf.nn.softmax(self.class_logits(x))

    def trace(
        self,
        x: Any,
        *,
        seed: tf.Tensor,
        samples: int = 1,
        training: bool = False,
        step: tf.Tensor | int = 0,
        extras: Mapping[str, tf.Tensor] | None = None,
    ) -> Trace:
        """A pass for each class: the batch is repeated for each class, and `extras` contains which labels are known."""
        x, extras, classes = self.prepare(x), extras or {}, self.condition.size
        batch = tf.shape(x)[0]
        true_labels = self.condition.batch(extras["y"]) if "y" in extras else tf.fill((batch,), -1)
        every_label = tf.repeat(tf.range(classes), batch)
        repeated = tf.tile(x, tf.concat([[classes], tf.ones(tf.rank(x) - 1, tf.int32)], axis=0))
        seed = tf.convert_to_tensor(seed)
        seeds = tf.tile(seed, (classes, 1)) if seed.shape.rank == 2 else seed
        passed = super().trace(
            repeated, seed=seeds, samples=samples, training=training, step=step, extras={"y": every_label}
        )
        logits = self.class_logits(x, training=training)
        kl = super().elbo_terms(passed)["kl"]
        extras = {**extras, "classes": logits, "labels": true_labels, "kl": kl}
        return passed.replace(extras=extras, passes=classes)

    def elbo_terms(self, trace: Trace) -> dict[str, tf.Tensor]:
        """The ELBO, L(x, y) for labelled and U(x) for unlabelled examples, and its parts; `(B,)` each."""
        return marginal_bound(trace)

    def log_weights(self, trace: Trace) -> tf.Tensor:
        labels, classes = trace.extras["labels"], self.condition.size
        weights = log_weights(trace)
        joint = tf.reshape(weights, (tf.shape(weights)[0], classes, -1)) - tf.math.log(float(classes))
        possible = (labels < 0) | (tf.range(classes)[:, None] == labels)
        return tf.reduce_logsumexp(tf.where(possible, joint, -float("inf")), axis=1)

    def call(self, x: Any, training: bool = False, condition: Any = None) -> tf.Tensor:
        """The reconstruction at the posterior mean, for the given or the most probable label."""
        x, condition = self.split_condition(x, condition)
        likely = tf.argmax(self.class_logits(x, training=training), axis=-1, output_type=tf.int32)
        if condition is None:
            condition = likely
        else:
            labels, is_label = self.condition_of_batch(condition), self.is_known(condition)
            condition = tf.where(labels == -1, likely, tf.where(is_label, labels, self.condition.size))
        return super().call(x, training=training, condition=condition)

    def encode(self, x: Any, *, condition: Any = None, batch_size: int | None = None) -> tfd.Distribution:
        return super().encode(
            x, condition=self.inferred_conditions(x, condition, batch_size=batch_size), batch_size=batch_size
        )

    def reconstruct(
        self, x: Any, *, condition: Any = None, batch_size: int | None = None, **options: Any
    ) -> np.ndarray:
        condition = self.inferred_conditions(x, condition, batch_size=batch_size)
        return super().reconstruct(x, condition=condition, batch_size=batch_size, **options)

    def interpolate(self, start: Any, end: Any, *, condition: Any = None, steps: int = 10) -> np.ndarray:
        """Returns decoded images of the paths, `(P, steps, *event_shape)`, see `Autoencoder.interpolate`.

        A missing label is the most probable label of the start.
        """
        return super().interpolate(start, end, condition=self.inferred_conditions(start, condition), steps=steps)

    def is_known(self, y: tf.Tensor) -> tf.Tensor:
        return self._is_missing(y) | self.condition.is_known(y)

    def condition_of_batch(self, y: tf.Tensor) -> tf.Tensor:
        return tf.where(self._is_missing(y), -1, self.condition.batch(y))

    def _is_missing(self, y):
        return tf.reduce_all(self.condition.columns(y) == -1.0, axis=-1)

    def inferred_conditions(self, x: Any, y: Any = None, *, batch_size: int | None = None) -> np.ndarray:
        """The labels of `x`, int `(N,)`: `y`, or the most probable label if `y` is None or -1.

        Raises:
            InvalidInputError: if `x` or `y` cannot be used.
        """
        if y is None:
            return self.classify(x, batch_size=batch_size).argmax(axis=-1)
        labels = self.check_conditions(y, len(x), may_be_inferred=True)
        missing = labels == -1
        if missing.any():
            labels[missing] = self.classify(np.asarray(x)[missing], batch_size=batch_size).argmax(axis=-1)
        return labels

    def condition_for(self, x: tf.Tensor, y: Any = None) -> tf.Tensor | None:
        likely = tf.argmax(self.class_logits(x), axis=-1, output_type=tf.int32) if y is None else y
        return super().condition_for(x, likely)

    def check_y(self, y: Any, n: int) -> None:
        if y is not None:
            self._checked_labels(y, n)

    def check_conditions(self, condition: Any, n: int, *, may_be_inferred: bool = False) -> np.ndarray:
        """Checks and returns the labels of `n` examples, int32 `(n,)`; -1 is a missing label, if it may be inferred.

        Raises:
            InvalidInputError: if `condition` has another length or shape, or a label is out of range.
        """
        if not may_be_inferred:
            return self.condition.check(self.condition.for_all(condition, n), n)
        if condition is None:
            return np.full(n, -1, "int32")
        return self._checked_labels(self.condition.for_all(condition, n), n)

    def _checked_labels(self, labels: Any, n: int) -> np.ndarray:
        labels = np.asarray(labels)
        one_hot = labels.shape == (n, self.condition.size) and self.condition.size > 1
        if not one_hot and labels.shape not in ((n,), (n, 1)):
            return self.condition.check(labels, n)
        missing = (labels.reshape(n, -1) == -1).all(axis=-1)
        if missing.any():
            labels = labels.copy()
            labels[missing] = np.eye(self.condition.size)[0] if one_hot else 0
        return np.where(missing, -1, self.condition.check(labels, n)).astype("int32")
