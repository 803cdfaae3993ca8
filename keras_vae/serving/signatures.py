"""The signatures of an export: functions from tensors by name to tensors by name."""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import tensorflow as tf

from keras_vae.checks import is_image
from keras_vae.distributions import DiscretePosterior
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.evaluation import ANOMALY_SCORES, AnomalyScorer
from keras_vae.evaluation.anomalies import p_value_of
from keras_vae.layers.sampling import draw_rows
from keras_vae.models import Autoencoder, SemiSupervisedAutoencoder
from keras_vae.models.batch import where_rows
from keras_vae.models.data_range import examples_in_units, takes_intensities
from keras_vae.random import as_seed, fold
from keras_vae.serving.image_bytes import decode_images
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.preprocess import preprocess

DEFAULT = "serving_default"
SCORE_NOISE, DRAW_NOISE = -2, -4

TENSORS = {
    "x": "an example in the input format of the model; images from 0 to 1",
    "z": "a latent z",
    "seed": "two integers for each sample; the same seed gives the same sample in any batch",
    "condition": "the label, an integer from 0, or a vector as in training",
    "indices": "indices of the discrete latents; the last axis is the level",
    "image_bytes": "a PNG, JPEG, BMP or GIF file; rotated by EXIF, resized to cover and cropped at its centre",
    "reconstruction": "E[x | z] at the posterior mean z",
    "mean": "mean of q(z | x)",
    "variance": "variance of q(z | x)",
    "sample": "E[x | z] at z ~ p(z), or for tables and counts x ~ p(x | z)",
    "elbo": "evidence lower bound in nats, with fixed noise",
    **ANOMALY_SCORES,
    **{
        p_value_of(name): f"share of usual examples with at least this `{name}`, from 0 to 1" for name in ANOMALY_SCORES
    },
    "is_anomaly": "whether `combined` exceeds the threshold",
    "probabilities": "probabilities of the classes",
}
"""The descriptions of the tensors in the model card."""


class ExportSignature(NamedTuple):
    """A function for one signature of an export; dimension 0 of all inputs and outputs is the batch.

    Attributes:
        function: the function, with the inputs as positional arguments and the outputs by name.
        inputs: specifications of the inputs.

    Example:

    >>> signature = export_signatures(kv.zoo.vae((8,), 2, units=(4,), seed=0))["decode"]
    >>> signature.inputs
    (TensorSpec(shape=(None, 2), dtype=tf.float32, name='z'),)
    """

    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: tuple[tf.TensorSpec, ...]


def export_signatures(
    model: Autoencoder,
    options: ExportOptions | None = None,
    scorer: AnomalyScorer | None = None,
    *,
    scope: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
) -> dict[str, ExportSignature]:
    """Returns the signatures for the export of `model` by name; the first is the default.

    Dimension 0 of every input and output is the batch. Examples are float32 in the format of the model (images in
    [0, 1]). All signatures of a conditional model also have an input `condition`: labels int32 `(B,)`, or vectors
    float32 `(B, size)`.

    A row is invalid if `x` contains NaN, infinity or a value outside the support of the likelihood (models of missing
    values support NaN), if it is an image in other units than those of training (see
    `keras_vae.models.data_range.check_units`), if its label is unknown, or if its indices are out of range. The outputs
    of an invalid row are NaN, or -1 for integers, and `is_anomaly` is True; the other rows are not affected. A batch
    without rows has outputs without rows.

    - `serving_default`: x -> `reconstruction`, E[x | z] at the posterior mean z.
    - `encode`: x -> `mean` and, if the family has one, `variance` of q(z | x); also `indices` for discrete codes.
    - `decode`: z -> `reconstruction`, E[x | z].
    - `decode_indices`: `indices` of discrete codes -> `reconstruction`.
    - `generate`: seed, int32 `(B, 2)` -> `sample`, E[x | z] at z ~ p(z), or for tables and counts x ~ p(x | z) (see
      `Likelihood.default_draw`). The same seed gives the same sample in any batch. Only for models with a prior.
    - `score`: x -> `elbo` in nats, from `options.samples` samples of z with fixed noise, the same for every example.
      Only for models with a density.
    - `anomaly`: x -> the scores of `scorer` (see `ANOMALY_SCORES`; more is stranger), their p-values (`p_value` of
      `combined`, `p_value_kl` of `kl`, ...), and `is_anomaly`. Only with a `scorer`, whose reference examples are
      constants of the graph.
    - `classify`: x -> `probabilities` of the classes, for a semi-supervised model. The signatures of x of this model
      have no condition; they use the most probable class.
    - `reconstruct_bytes`, `encode_bytes`, `score_bytes`, `anomaly_bytes`, `classify_bytes`: the same signatures for
      image files, `image_bytes`, string `(B,)`. Only for models of images.

    Args:
        model: a built model.
        options: see `ExportOptions`.
        scorer: scores of anomalies beside reference examples.
        scope: returns a context in which the model uses other weights, such as those of `options.precision`.

    Raises:
        InvalidInputError: if `options.signature` is not one of these names, or if `options.images` is True for a model
            of other data.

    Example:

    >>> list(export_signatures(zoo.vae((8,), 2, units=(4,))))
    ['serving_default', 'encode', 'decode', 'generate', 'score']
    """
    options = options or ExportOptions()
    functions = _SignatureFunctions(model, options, scorer, scope)
    x = tf.TensorSpec((None, *model.event_shape), tf.float32, name="x")
    files = tf.TensorSpec((None,), tf.string, name="image_bytes")
    condition_specs = () if model.condition is None else (_spec("condition", model.condition.example(1)),)
    x_condition_specs = () if isinstance(model, SemiSupervisedAutoencoder) else condition_specs
    functions_of_x = {
        name: function
        for name, function, exists in (
            ("reconstruct", functions.reconstruct, True),
            ("encode", functions.encode, True),
            ("score", functions.score, model.has_density),
            ("anomaly", functions.anomaly, scorer is not None),
            ("classify", functions.classify, isinstance(model, SemiSupervisedAutoencoder)),
        )
        if exists
    }
    signatures = {
        DEFAULT: ExportSignature(functions.reconstruct, (x, *x_condition_specs)),
        "encode": ExportSignature(functions.encode, (x, *x_condition_specs)),
        "decode": ExportSignature(
            functions.decode, (tf.TensorSpec((None, *model.latent_shape), tf.float32, name="z"), *condition_specs)
        ),
    }
    if isinstance(model.posterior, DiscretePosterior):
        shape = (None, *model.latent_shape[:-1], model.posterior.levels)
        indices = tf.TensorSpec(shape, tf.int32, name="indices")
        signatures["decode_indices"] = ExportSignature(functions.decode_indices, (indices, *condition_specs))
    if model.prior is not None:
        signatures["generate"] = ExportSignature(
            functions.generate, (tf.TensorSpec((None, 2), tf.int32, name="seed"), *condition_specs)
        )
    for name in ("score", "anomaly", "classify"):
        if name in functions_of_x:
            signatures[name] = ExportSignature(functions_of_x[name], (x, *x_condition_specs))
    signatures = {name: _for_empty_batches(signature) for name, signature in signatures.items()}
    if _takes_images(model, options):
        for name in functions_of_x:
            function = signatures[DEFAULT if name == "reconstruct" else name].function
            signatures[f"{name}_bytes"] = ExportSignature(
                partial(functions.of_files, function), (files, *x_condition_specs)
            )
    signatures = {name: functions.masking_invalid_rows(signature) for name, signature in signatures.items()}
    if options.signature is None:
        return signatures
    if options.signature not in signatures:
        raise InvalidInputError(unknown(options.signature, signatures, part="signature"))
    return {DEFAULT: signatures[options.signature]}


class _SignatureFunctions:
    """The functions of the signatures of one model. Parts that several signatures use are traced once."""

    def __init__(self, model, options, scorer, scope):
        self.model = model
        self.options = options
        self.scorer = scorer
        self.scope = scope
        for name in ("reconstruct", "encode", "decode", "classify", "log_density", "decode_images"):
            setattr(self, name, self._graph(getattr(self, name)))
        self.anomaly = tf.function(self.anomaly, autograph=False, reduce_retracing=True)

    def _graph(self, method):
        def within_scope(*arguments):
            with self.scope():
                return method(*arguments)

        return tf.function(within_scope, autograph=False, reduce_retracing=True)

    def masking_invalid_rows(self, signature):
        """Returns the signature with NaN (True for booleans, -1 for integers) as the output of invalid rows.

        NaN does not always propagate through the model: a ReLU that is fused with the product before it turns NaN to 0.
        """
        checked_names = [spec.name for spec in signature.inputs if spec.name in ("x", "z", "condition", "indices")]
        if not checked_names:
            return signature

        def function(*inputs):
            named_inputs = zip(signature.inputs, inputs, strict=True)
            invalid = [
                ~self._valid_rows(spec.name, value) for spec, value in named_inputs if spec.name in checked_names
            ]
            outputs = signature.function(*inputs)
            return {name: _mask(value, tf.reduce_any(invalid, axis=0)) for name, value in outputs.items()}

        return signature._replace(function=function)

    def _valid_rows(self, name, value):
        if name == "condition":
            return self.model.condition.is_known(value)
        if name == "x":
            return self.model.likelihood.examples_in_support(value) & examples_in_units(self.model, value)
        if name == "indices":
            valid = (value >= 0) & (value < self.model.posterior.codebook_size)
        else:
            valid = tf.math.is_finite(value)
        return tf.reduce_all(valid, axis=list(range(1, valid.shape.rank)))

    def of_files(self, function, image_bytes, condition=None):
        x = self.decode_images(image_bytes)
        return function(x) if condition is None else function(x, condition)

    def decode_images(self, image_bytes):
        limits = {"max_pixels": self.options.max_pixels, "max_batch_pixels": self.options.max_batch_pixels}
        return decode_images(image_bytes, self.model.event_shape, **limits)

    def reconstruct(self, x, condition=None):
        return {"reconstruction": self._example(self.model(self._preprocess(x), condition=condition))}

    def encode(self, x, condition=None):
        posterior = self._posterior(self._preprocess(x), condition)
        outputs = {"mean": posterior.mean()}
        if isinstance(self.model.posterior, DiscretePosterior):
            return {**outputs, "indices": posterior.indices}
        try:
            return {**outputs, "variance": posterior.variance()}
        except NotImplementedError:  # a family without a variance
            return outputs

    def decode(self, z, condition=None):
        mean = self.model.likelihood_of(z, self.model.condition_of(condition)).mean()
        return {"reconstruction": self._example(mean)}

    def decode_indices(self, indices, condition=None):
        is_image_model = tf.clip_by_value(indices, 0, self.model.posterior.codebook_size - 1)
        return self.decode(self.model.posterior.embed(is_image_model), *_optional(condition))

    def generate(self, seed, condition=None):
        with self.scope():  # priors may have kernels, too
            prior = self.model.prior_distribution()
            z = draw_rows(lambda row_seed: prior.sample(seed=row_seed), seed, prior)
        if self.model.likelihood.default_draw == "mean":
            return {"sample": self.decode(z, *_optional(condition))["reconstruction"]}
        with self.scope():
            likelihood = self.model.likelihood_of(z, self.model.condition_of(condition))
            x = self.model.sampling(distribution=likelihood, seed=fold(seed, DRAW_NOISE))[0]
        return {"sample": self._example(x)}

    def score(self, x, condition=None):
        return {"elbo": self.log_density(x, *_optional(condition))}

    def anomaly(self, x, condition=None):
        return self.scorer.answer(x, condition, quantile=1 - self.options.flagged)

    def classify(self, x):
        return {"probabilities": tf.nn.softmax(self.model.class_logits(self._preprocess(x)))}

    def log_density(self, x, condition=None):
        """Returns the ELBO, or log p(x | z) at the posterior mean z for a model without an ELBO, in nats, `(B,)`."""
        x = self._preprocess(x)
        if self.model.has_density:
            seeds = tf.tile(fold(as_seed(self.model.seed), SCORE_NOISE)[None], (tf.shape(x)[0], 1))
            extras = {} if condition is None else {"y": condition}
            trace = self.model.trace(x, seed=seeds, samples=self.options.samples, extras=extras)
            return self.model.elbo_terms(trace)["elbo"]
        condition = self.model.condition_of(condition)
        z = self.model.posterior_of(x, condition).mean()
        return self.model.likelihood_of(z, condition).log_prob(x)

    def _preprocess(self, x):
        return preprocess(self.model, x, self.options.binarize)

    def _posterior(self, x, condition):
        return self.model.posterior_of(x, self.model.condition_for(x, condition))

    def _example(self, mean):
        return tf.ensure_shape(mean, (None, *self.model.event_shape))


def log_density(
    model: Autoencoder,
    options: ExportOptions,
    *,
    scope: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
) -> Callable[..., tf.Tensor]:
    """Returns the ELBO, or log p(x | z) at the posterior mean z without one, in nats `(B,)`, as a compiled function."""
    return _SignatureFunctions(model, options, None, scope).log_density


def _for_empty_batches(signature: ExportSignature) -> ExportSignature:
    """Returns the signature with support for empty batches: it runs on one row of zeros and drops the output.

    Loops and convolutions of TensorFlow fail on a batch without rows.
    """

    def function(*inputs):
        rows = tf.shape(inputs[0])[0]
        padding = tf.cast(rows == 0, tf.int32)
        padded_inputs = [
            tf.concat([value, tf.zeros((padding, *value.shape[1:]), value.dtype)], axis=0) for value in inputs
        ]
        return {name: value[:rows] for name, value in signature.function(*padded_inputs).items()}

    return signature._replace(function=function)


def _mask(value, invalid):
    if value.dtype == tf.bool:
        return value | invalid
    return where_rows(~invalid, value, -1 if value.dtype.is_integer else float("nan"))


def _optional(condition):
    return () if condition is None else (condition,)


def _spec(name: str, example: tf.Tensor) -> tf.TensorSpec:
    return tf.TensorSpec((None, *example.shape[1:]), example.dtype, name=name)


def _takes_images(model: Autoencoder, options: ExportOptions) -> bool:
    is_image_model = is_image(model.event_shape)
    if options.images and not is_image_model:
        raise InvalidInputError(
            f"images: expected a model of images (H, W, C) with 1, 3 or 4 channels, got examples of shape "
            f"{model.event_shape}; leave images out."
        )
    if options.images is not None or not is_image_model:
        return bool(options.images)
    black_and_white = tf.stack([tf.zeros(model.event_shape), tf.ones(model.event_shape)])
    if not takes_intensities(model):
        return False
    return model.likelihood.takes_bytes and bool(tf.reduce_all(model.likelihood.in_support(black_and_white)))
