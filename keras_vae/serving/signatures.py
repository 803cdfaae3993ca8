"""What an export answers: functions of tensors with names."""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import tensorflow as tf

from keras_vae.checks import is_image
from keras_vae.data import binarize as binarization
from keras_vae.distributions import DiscretePosterior
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.layers.sampling import draw_rows
from keras_vae.models import Autoencoder, SemiSupervisedAutoencoder
from keras_vae.models.batch import rows_true, where_rows
from keras_vae.random import as_seed, fold
from keras_vae.serving.image_bytes import decode_images
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.quantiles import Quantiles

DEFAULT = "serving_default"
SCORE_NOISE, BINARIZE_NOISE, DRAW_NOISE = -2, -3, -4

TENSORS = {
    "x": "an example as the model takes it; images from 0 to 1",
    "z": "a code",
    "seed": "two integers for each sample; the same seed gives the same sample in any batch",
    "condition": "the label, an integer from 0, or the vector that the model was trained with",
    "indices": "indices of discrete codes, level by level in the last axis",
    "image_bytes": "a PNG, JPEG, BMP or GIF file; upright by EXIF, resized to cover and cropped at its centre",
    "reconstruction": "E[x | z] at the posterior mean z",
    "mean": "mean of q(z | x)",
    "variance": "variance of q(z | x)",
    "sample": "E[x | z] at z ~ p(z), or for tables and counts x ~ p(x | z)",
    "elbo": "evidence lower bound in nats, with fixed noise",
    "score": "ELBO in nats; without one, the log-likelihood of the reconstruction",
    "rank": "share of the training examples that score lower, from 0 to 1",
    "is_anomaly": "whether the score lies below the threshold",
    "probabilities": "of the classes",
}
"""What the tensors mean, for the model card."""


class Signature(NamedTuple):
    """A function from tensors by name to tensors by name; all share dimension 0, the batch.

    Attributes:
        function: takes the inputs in their order.
        inputs: a specification of each.
    """

    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: tuple[tf.TensorSpec, ...]


def signatures_of(
    model: Autoencoder,
    options: ExportOptions | None = None,
    quantiles: Quantiles | None = None,
    *,
    scope: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
) -> dict[str, Signature]:
    """What the export of `model` answers, by name; the first is the default.

    Every input and output is batch-major. Examples are float32 as the model takes them (images in [0, 1]). All
    signatures of a conditional model also take `condition`: labels int32 `(B,)`, or vectors float32 `(B, size)`. A row
    that the model cannot use is answered with NaN and flagged as an anomaly, and leaves the other rows alone: one with
    NaN, infinity or a value that the likelihood cannot explain in `x` (models of missing values take NaN), with an
    unknown label, or with indices out of range. So is such a row where the answer is of integers, with -1. A batch of
    no rows has an answer of none.

    - `serving_default`: x -> `reconstruction`, E[x | z] at the posterior mean z.
    - `encode`: x -> `mean` and, where the family has one, `variance` of q(z | x); the `indices` of discrete codes.
    - `decode`: z -> `reconstruction`, E[x | z].
    - `decode_indices`: `indices` of discrete codes -> `reconstruction`.
    - `generate`: seed, int32 `(B, 2)` -> `sample`, E[x | z] at z ~ p(z), or for tables and counts x ~ p(x | z) (see
      `Likelihood.default_draw`); the same seed gives the same sample whatever else is in the batch. Left out for a
      model without a prior.
    - `score`: x -> `elbo` in nats, from `options.samples` draws of z with fixed noise, the same for every example. Left
      out for a model without a density.
    - `anomaly`: x -> `score`, its `rank` among the training examples, `is_anomaly`. Left out without `quantiles`.
    - `classify`: x -> `probabilities` of the classes, for a semi-supervised model; that model's signatures of x take no
      condition, but the most probable class.
    - `reconstruct_bytes`, `encode_bytes`, `score_bytes`, `anomaly_bytes`, `classify_bytes`: the same of image files,
      `image_bytes`, string `(B,)`; for models of images.

    Args:
        model: a built model.
        options: see `ExportOptions`.
        quantiles: scores of training examples.
        scope: gives a context in which the model computes with other weights, see `ServedWeights`.

    Raises:
        InvalidInputError: if `options.signature` is none of these, or images are asked of a model of other data.

    Example:

    >>> list(signatures_of(zoo.vae((8,), 2, units=(4,))))
    ['serving_default', 'encode', 'decode', 'generate', 'score']
    """
    options = options or ExportOptions()
    answers = _Answers(model, options, quantiles, scope)
    x = tf.TensorSpec((None, *model.event_shape), tf.float32, name="x")
    files = tf.TensorSpec((None,), tf.string, name="image_bytes")
    given = () if model.condition is None else (_spec("condition", model.condition.example(1)),)
    of_x = () if isinstance(model, SemiSupervisedAutoencoder) else given
    questions = {
        name: question
        for name, question, exists in (
            ("reconstruct", answers.reconstruct, True),
            ("encode", answers.encode, True),
            ("score", answers.score, model.has_density),
            ("anomaly", answers.anomaly, quantiles is not None),
            ("classify", answers.classify, isinstance(model, SemiSupervisedAutoencoder)),
        )
        if exists
    }
    chosen = {
        DEFAULT: Signature(answers.reconstruct, (x, *of_x)),
        "encode": Signature(answers.encode, (x, *of_x)),
        "decode": Signature(answers.decode, (tf.TensorSpec((None, *model.latent_shape), tf.float32, name="z"), *given)),
    }
    if isinstance(model.posterior, DiscretePosterior):
        shape = (None, *model.latent_shape[:-1], model.posterior.levels)
        indices = tf.TensorSpec(shape, tf.int32, name="indices")
        chosen["decode_indices"] = Signature(answers.decode_indices, (indices, *given))
    if model.prior is not None:
        chosen["generate"] = Signature(answers.generate, (tf.TensorSpec((None, 2), tf.int32, name="seed"), *given))
    for name in ("score", "anomaly", "classify"):
        if name in questions:
            chosen[name] = Signature(questions[name], (x, *of_x))
    chosen = {name: _of_any_rows(signature) for name, signature in chosen.items()}
    if _takes_images(model, options):
        for name in questions:
            question = chosen[DEFAULT if name == "reconstruct" else name].function
            chosen[f"{name}_bytes"] = Signature(partial(answers.of_files, question), (files, *of_x))
    chosen = {name: answers.marking_bad_rows(signature) for name, signature in chosen.items()}
    if options.signature is None:
        return chosen
    if options.signature not in chosen:
        raise InvalidInputError(unknown(options.signature, chosen, part="signature"))
    return {DEFAULT: chosen[options.signature]}


class _Answers:
    """The functions behind the signatures of one model; those that share a part share its graph."""

    def __init__(self, model, options, quantiles, scope):
        self.model = model
        self.options = options
        self.quantiles = quantiles
        self.scope = scope
        for shared in ("reconstruct", "encode", "decode", "classify", "log_density", "decode_images"):
            setattr(self, shared, self._graph(getattr(self, shared)))

    def _graph(self, method):
        def within_scope(*arguments):
            with self.scope():
                return method(*arguments)

        return tf.function(within_scope, autograph=False, reduce_retracing=True)

    def marking_bad_rows(self, signature):
        """The signature, with NaN for an answer (True for yes or no, -1 for integers) where the question is no use.

        Where a processor fuses a ReLU with the product before it, NaN would become 0 and look like an answer.
        """
        checked = [spec.name for spec in signature.inputs if spec.name in ("x", "z", "condition", "indices")]
        if not checked:
            return signature

        def function(*inputs):
            named = zip(signature.inputs, inputs, strict=True)
            bad = [~self._good_rows(spec.name, value) for spec, value in named if spec.name in checked]
            answers = signature.function(*inputs)
            return {name: _marked(value, tf.reduce_any(bad, axis=0)) for name, value in answers.items()}

        return signature._replace(function=function)

    def _good_rows(self, name, value):
        if name == "condition":
            return self.model.condition.is_known(value)
        if name == "indices":
            good = (value >= 0) & (value < self.model.posterior.codebook_size)
        else:
            good = self.model.likelihood.in_support(value) if name == "x" else tf.math.is_finite(value)
        return rows_true(good)

    def of_files(self, question, image_bytes, condition=None):
        x = self.decode_images(image_bytes)
        return question(x) if condition is None else question(x, condition)

    def decode_images(self, image_bytes):
        limits = {"max_pixels": self.options.max_pixels, "max_batch_pixels": self.options.max_batch_pixels}
        return decode_images(image_bytes, self.model.event_shape, **limits)

    def reconstruct(self, x, condition=None):
        return {"reconstruction": self._example(self.model(self._seen(x), condition=condition))}

    def encode(self, x, condition=None):
        posterior = self._posterior(self._seen(x), condition)
        answer = {"mean": posterior.mean()}
        if isinstance(self.model.posterior, DiscretePosterior):
            return {**answer, "indices": posterior.indices}
        try:
            return {**answer, "variance": posterior.variance()}
        except NotImplementedError:  # a family without one
            return answer

    def decode(self, z, condition=None):
        mean = self.model.likelihood_of(z, self.model.condition_of(condition)).mean()
        return {"reconstruction": self._example(mean)}

    def decode_indices(self, indices, condition=None):
        possible = tf.clip_by_value(indices, 0, self.model.posterior.codebook_size - 1)
        return self.decode(self.model.posterior.embed(possible), *_given(condition))

    def generate(self, seed, condition=None):
        with self.scope():  # of priors that have kernels
            prior = self.model.prior_distribution()
            z = draw_rows(lambda one: prior.sample(seed=one), seed, prior)
        if self.model.likelihood.default_draw == "mean":
            return {"sample": self.decode(z, *_given(condition))["reconstruction"]}
        with self.scope():
            likelihood = self.model.likelihood_of(z, self.model.condition_of(condition))
            x = self.model.sampling(distribution=likelihood, seed=fold(seed, DRAW_NOISE))[0]
        return {"sample": self._example(x)}

    def score(self, x, condition=None):
        return {"elbo": self.log_density(x, *_given(condition))}

    def anomaly(self, x, condition=None):
        scores = self.log_density(x, *_given(condition))
        return {
            "score": scores,
            "rank": self.quantiles.rank(scores),
            "is_anomaly": scores < self.quantiles.threshold(self.options.flagged),
        }

    def classify(self, x):
        return {"probabilities": tf.nn.softmax(self.model.class_logits(self._seen(x)))}

    def log_density(self, x, condition=None):
        """The ELBO, or log p(x | z) at the posterior mean z where there is none; nats, `(B,)`."""
        x = self._seen(x)
        if self.model.has_density:
            seeds = tf.tile(fold(as_seed(self.model.seed), SCORE_NOISE)[None], (tf.shape(x)[0], 1))
            extras = {} if condition is None else {"y": condition}
            trace = self.model.trace(x, seed=seeds, samples=self.options.samples, extras=extras)
            return self.model.elbo_terms(trace)["elbo"]
        condition = self.model.condition_of(condition)
        z = self.model.posterior_of(x, condition).mean()
        return self.model.likelihood_of(z, condition).log_prob(x)

    def _seen(self, x):
        """`x` as training saw it: binarised with noise that is the same for every example."""
        if self.options.binarize is None:
            return x
        if self.options.binarize == "threshold":
            return tf.cast(x >= 0.5, tf.float32)
        return binarization.dynamic_alike(x, fold(as_seed(self.model.seed), BINARIZE_NOISE))

    def _posterior(self, x, condition):
        if isinstance(self.model, SemiSupervisedAutoencoder):
            label = tf.argmax(self.model.class_logits(x), axis=-1)
            return self.model.posterior_of(x, tf.one_hot(label, self.model.condition.size))
        return self.model.posterior_of(x, self.model.condition_of(condition))

    def _example(self, mean):
        return tf.ensure_shape(mean, (None, *self.model.event_shape))


def log_density(
    model: Autoencoder,
    options: ExportOptions,
    *,
    scope: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
) -> Callable[..., tf.Tensor]:
    """The score of `anomaly`, a compiled function of x and, for a conditional model, the condition: nats, `(B,)`."""
    return _Answers(model, options, None, scope).log_density


def _of_any_rows(signature: Signature) -> Signature:
    """The signature, which may be asked about no rows: it then sees one of zeros, and its answer is left out.

    Loops and convolutions of TensorFlow fail on a batch of none.
    """

    def function(*inputs):
        rows = tf.shape(inputs[0])[0]
        more = tf.cast(rows == 0, tf.int32)
        filled = [tf.concat([value, tf.zeros((more, *value.shape[1:]), value.dtype)], axis=0) for value in inputs]
        return {name: value[:rows] for name, value in signature.function(*filled).items()}

    return signature._replace(function=function)


def _marked(value, bad):
    if value.dtype == tf.bool:
        return value | bad
    return where_rows(~bad, value, -1 if value.dtype.is_integer else float("nan"))


def _given(condition):
    return () if condition is None else (condition,)


def _spec(name: str, example: tf.Tensor) -> tf.TensorSpec:
    return tf.TensorSpec((None, *example.shape[1:]), example.dtype, name=name)


def _takes_images(model: Autoencoder, options: ExportOptions) -> bool:
    possible = is_image(model.event_shape)
    if options.images and not possible:
        raise InvalidInputError(
            f"images: expected a model of images (H, W, C) of 1, 3 or 4 channels; got examples of {model.event_shape}."
        )
    if options.images is not None or not possible:
        return bool(options.images)
    black_and_white = tf.stack([tf.zeros(model.event_shape), tf.ones(model.event_shape)])
    return model.likelihood.takes_bytes and bool(tf.reduce_all(model.likelihood.in_support(black_and_white)))
