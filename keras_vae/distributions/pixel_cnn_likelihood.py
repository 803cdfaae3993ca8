"""The autoregressive likelihood of images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer
from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.wrapped_likelihood import WrappedLikelihood
from keras_vae.errors import InvalidInputError
from keras_vae.layers.compiled_method import compiled_method
from keras_vae.layers.pixel_cnn import PixelCNN
from keras_vae.random import fold
from keras_vae.serialization import get_over, register
from keras_vae.trace import Trace

tfd = tfp.distributions


class AutoregressiveImage(CustomDistribution):
    """The autoregressive distribution p(x) = prod_i p(x_i | x_<i, features) over images of shape `(H, W, C)`.

    Args:
        features: conditional features of every pixel, `(..., H, W, F)`; batch shape `(...)`.
        layer: the built `PixelCNNLikelihood` with the networks.
    """

    sample_runs_network = True

    def __init__(self, features: tf.Tensor, layer: "PixelCNNLikelihood", name: str = "AutoregressiveImage"):
        parameters = dict(locals())
        self.features = tf.convert_to_tensor(features)
        self.layer = layer
        super().__init__(parameters, name=name)

    @classmethod
    def _parameter_properties(cls, dtype, num_classes=None):
        return {"features": tfp.util.ParameterProperties(event_ndims=3)}

    def given(self, x: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of all pixels, each given the previous pixels of `x`, `(..., *event_shape)`."""
        event = self.layer.event_shape
        batch = tf.broadcast_dynamic_shape(self.batch_shape_tensor(), tf.shape(x)[: tf.rank(x) - 3])
        x = tf.broadcast_to(tf.cast(x, tf.float32), tf.concat([batch, event], axis=0))
        features = tf.broadcast_to(self.features, tf.concat([batch, tf.shape(self.features)[-3:]], axis=0))
        out = self.layer.network(_flat(x), _flat(features))
        parameters = {
            name: tf.reshape(value, tf.concat([batch, event[:2], tf.shape(value)[1:]], axis=0))
            for name, value in self.layer.parameters_of_pixels(tf.reshape(out, (-1, out.shape[-1]))).items()
        }
        return tfd.Independent(self.layer.base.distribution(parameters), reinterpreted_batch_ndims=2)

    def _log_prob(self, x):
        return self.given(x).log_prob(x)

    def _sample_n(self, n, seed=None):
        seed = tfp.random.sanitize_seed(seed)
        features = tf.repeat(self.features[None], n, axis=0)
        draws = self.layer.draws(_flat(features), seed)
        return tf.reshape(draws, tf.concat([[n], self.batch_shape_tensor(), self.layer.event_shape], axis=0))

    def _mean(self):
        mean = self.layer.expected(_flat(self.features))
        return tf.reshape(mean, tf.concat([self.batch_shape_tensor(), self.layer.event_shape], axis=0))

    def _event_shape(self):
        return tf.TensorShape(self.layer.event_shape)

    def _event_shape_tensor(self, **_):
        return tf.constant(self.layer.event_shape)


@register
class PixelCNNLikelihood(WrappedLikelihood):
    """The autoregressive likelihood of images in the PixelVAE.

        log p(x | z) = sum_i log p(x_i | x_<i, z)    over the pixels i in raster order

    A small `PixelCNN` maps the pixels before i and features of z to the parameters of the family `base` of pixel i. The
    latents need not encode the local structure that it models. A network with a large receptive field may ignore the
    latents (`kl` near 0), so `layers` and `kernel_size` determine the content of z.

    `log_prob` takes one pass of the network. `sample` and `mean` take H * W short passes in sequence, which takes
    seconds for 64 images of 28x28. `mean` is not the expectation but a rollout without noise: each pixel is its mean
    given the previous pixels.

    Args:
        event_shape: `(H, W, C)`, where H is at least 2. Given z and the previous pixels, the channels of a pixel are
            independent if they are independent in `base`.
        base: family of one pixel: a `Likelihood` over `(C,)`, a name in `LIKELIHOODS`, or a mapping with a `name` and
            options.
        features: number F of feature channels from z at each pixel.
        filters: width of the PixelCNN.
        layers: number of gated layers of the PixelCNN.
        kernel_size: side of the kernels of the PixelCNN; odd, at least 3.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if the event is not an image, if `base` is not a family of single pixels, or if a number is
            out of range.

    Example:

    >>> likelihood = PixelCNNLikelihood((4, 4, 1), filters=4, layers=1, kernel_size=3)
    >>> pixels = likelihood.distribution(likelihood(tf.ones((3, 8))))
    >>> pixels.log_prob(tf.zeros((3, 4, 4, 1))).shape, pixels.sample(2, seed=(0, 1)).shape
    (TensorShape([3]), TensorShape([2, 3, 4, 4, 1]))

    References: Gulrajani et al., 2017, https://arxiv.org/abs/1611.05013; content of the latents: Chen et al., 2017,
    https://arxiv.org/abs/1611.02731
    """

    parameters = ("features",)
    has_gradient_of_mean = False

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        base: str | Mapping | Likelihood = "bernoulli",
        features: int = 16,
        filters: int = 32,
        layers: int = 3,
        kernel_size: int = 5,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        if len(self.event_shape) != 3:
            raise InvalidInputError(
                f"PixelCNNLikelihood: event_shape must be (height, width, channels); got {event_shape!r}; "
                "use another likelihood for other data."
            )
        from keras_vae.distributions import LIKELIHOODS

        channels = self.event_shape[-1:]
        self.base = get_over(base, LIKELIHOODS, Likelihood, channels, part="PixelCNNLikelihood: base")
        if self.base.allows_missing or not self.base.project or self.base.encoder_input_shape != channels:
            raise InvalidInputError(
                f"PixelCNNLikelihood: base must be a family of single pixels that projects its features and has no "
                f"missing values; got {self.base!r}; take one such as 'bernoulli' or 'categorical'."
            )
        self.features = check_integer("PixelCNNLikelihood: features", features)
        self.filters = check_integer("PixelCNNLikelihood: filters", filters)
        self.layers = layers
        self.kernel_size = kernel_size
        self.network = PixelCNN(
            self.event_shape,
            filters,
            filters=filters,
            layers=layers,
            kernel_size=kernel_size,
            context_dim=self.features,
            dtype="float32",
            name="pixel_cnn",
        )

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"features": (*self.event_shape[:2], self.features)}

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        super().build(features_shape)
        if not self.base.built:
            self.base.build((None, self.filters))

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> AutoregressiveImage:
        return AutoregressiveImage(parameters["features"], self)

    def parameters_of_pixels(self, out: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the parameters of `base` for outputs of the network, `(N, filters)`."""
        return self.base(tf.nn.relu(out))

    def draws(self, features: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns samples from p(x | features), `(N, *event_shape)`, for features `(N, H, W, F)`."""
        return (self._compiled_draws if tf.executing_eagerly() else self._draws)(features, seed)

    def expected(self, features: tf.Tensor) -> tf.Tensor:
        """Returns the rollout without noise, `(N, *event_shape)`, for features `(N, H, W, F)`."""
        return (self._compiled_expected if tf.executing_eagerly() else self._expected)(features)

    def _draws(self, features, seed):
        def draw(out, position):
            return self.base.distribution(self.parameters_of_pixels(out)).sample(seed=fold(seed, position))

        return self.network.rollout(draw, self._blank(features), features)

    def _expected(self, features):
        def mean(out, _):
            return self.base.distribution(self.parameters_of_pixels(out)).mean()

        return self.network.rollout(mean, self._blank(features), features)

    _compiled_draws = compiled_method(_draws)
    _compiled_expected = compiled_method(_expected)

    def _blank(self, features):
        return tf.zeros(tf.concat([tf.shape(features)[:1], self.event_shape], axis=0))

    def adapt(self, x: np.ndarray) -> None:
        self.base.adapt(x.reshape(-1, self.event_shape[-1]))

    def statistics(self, trace: Trace) -> dict[str, tf.Tensor]:
        return super().statistics(trace.replace(likelihood=trace.likelihood.given(trace.x)))

    def scale_of(self, x: np.ndarray) -> float:
        return super().scale_of(x.reshape(-1, self.event_shape[-1]))

    def check_events(self, x: np.ndarray) -> None:
        super().check_events(x.reshape(-1, self.event_shape[-1]))


def _flat(images):
    """Returns images `(..., H, W, C)` with a single batch axis."""
    return tf.reshape(images, tf.concat([[-1], tf.shape(images)[-3:]], axis=0))
