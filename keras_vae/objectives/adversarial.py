"""Adversarial terms: terms that train a model against a critic, and terms that train the critic."""

import math

import keras
import tensorflow as tf

from keras_vae.checks import check_number
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.aggregate import only_latent
from keras_vae.objectives.objective import Term
from keras_vae.replicas import global_batch, own_rows
from keras_vae.serialization import register
from keras_vae.trace import Trace


class _Adversarial(Term):
    needs_critic = True


@register
class CodeAdversarial(_Adversarial):
    """The adversarial loss of the encoder, -log sigmoid(c(z)) for z ~ q(z | x); nats.

    With an optimal critic, its gradient moves the aggregate posterior to the prior. It is the non-saturating loss.

    Example:

    >>> (NLL() + CodeAdversarial() + CodeCritic()).samples
    1

    References: Makhzani et al., 2016, https://arxiv.org/abs/1511.05644; Tolstikhin et al., 2018,
    https://arxiv.org/abs/1711.01558
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        return tf.nn.softplus(-_logits(trace, only_latent(trace).sample[0]))


@register
class CodeCritic(_Adversarial):
    """The loss of a critic of latents: the cross-entropy with prior samples as real and latents as fake, in nats.

        -log sigmoid(c(z_p)) - log(1 - sigmoid(c(z_q))),  z_p ~ p(z), z_q ~ q(z | x)

    Example:

    >>> CodeCritic().trains
    ('critic',)

    Reference: Makhzani et al., 2016, https://arxiv.org/abs/1511.05644
    """

    needs_prior = True
    trains = ("critic",)

    def __call__(self, trace: Trace) -> tf.Tensor:
        fake = tf.stop_gradient(only_latent(trace).sample[0])
        real = tf.stop_gradient(only_latent(trace).required_prior.sample(tf.shape(fake)[0], seed=self.seed(trace)))
        return tf.nn.softplus(-_logits(trace, real)) + tf.nn.softplus(_logits(trace, fake))


@register
class DensityRatio(_Adversarial):
    """The total correlation, estimated with the density-ratio trick, c(z) ~ log q(z) / prod_d q(z_d); nats.

    Add `PermutationCritic` to train the critic, so that its logit estimates this log-ratio.

    Example:

    >>> print(NLL() + KL() + 6.4 * DensityRatio() + PermutationCritic())
    nll + kl + 6.4 density_ratio + permutation_critic

    Reference: Kim & Mnih, 2018, https://arxiv.org/abs/1802.05983
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        return _logits(trace, only_latent(trace).sample[0])


@register
class PermutationCritic(_Adversarial):
    """The loss of the critic of FactorVAE: latents are real, latents with permuted dimensions are fake; nats.

    Each dimension is permuted over the batch.

    Example:

    >>> PermutationCritic().trains
    ('critic',)

    Reference: Kim & Mnih, 2018, algorithms 1 and 2, https://arxiv.org/abs/1802.05983
    """

    across_batch = True
    trains = ("critic",)

    def __call__(self, trace: Trace) -> tf.Tensor:
        joint = tf.stop_gradient(only_latent(trace).sample[0])
        columns = tf.transpose(global_batch(tf.reshape(joint, (-1, math.prod(joint.shape[1:])))))  # (D, global B)
        order = tf.argsort(tf.random.stateless_uniform(tf.shape(columns), self.seed(trace)))
        order = tf.gather(order, own_rows(tf.shape(joint)[0]), axis=1)
        permuted = tf.reshape(tf.transpose(tf.gather(columns, order, batch_dims=1)), tf.shape(joint))
        return tf.nn.softplus(-_logits(trace, joint)) + tf.nn.softplus(_logits(trace, permuted))


@register
class DataAdversarial(_Adversarial):
    """The adversarial loss of the decoder, on reconstructions and samples; nats.

        -log sigmoid(c(E[x | z_q])) - log sigmoid(c(E[x | z_p])),  z_q ~ q(z | x), z_p ~ p(z)

    With `loss="hinge"`, -c replaces -log sigmoid(c). The logits of a patch critic are averaged over the patches.

    Args:
        loss: `"logistic"` or `"hinge"`, as for `DataCritic`.
        from_prior: whether to include samples from the prior.
        name: see `Term`.

    Raises:
        InvalidInputError: for another loss.

    Example:

    >>> DataAdversarial().only("decoder", "likelihood").trains
    ('decoder', 'likelihood')

    References: Larsen et al., 2016, https://arxiv.org/abs/1512.09300; hinge: Lim & Ye, 2017,
    https://arxiv.org/abs/1705.02894
    """

    def __init__(self, *, loss: str = "logistic", from_prior: bool = True, name: str | None = None):
        super().__init__(name)
        self.loss = _checked_loss(loss, self)
        self.from_prior = from_prior
        self.needs_prior = from_prior

    def __call__(self, trace: Trace) -> tf.Tensor:
        total = self._generator(_logits(trace, _reconstruction(trace)))
        if self.from_prior:
            total += self._generator(_logits(trace, _generated(trace, self.seed(trace))))
        return total

    def _generator(self, logits):
        return -logits if self.loss == "hinge" else tf.nn.softplus(-logits)


@register
class DataCritic(DataAdversarial):
    """The loss of a critic of examples: data are real, reconstructions and samples are fake.

    With `loss="logistic"`, it is the cross-entropy in nats; with `"hinge"`, max(0, 1 - c(x)) + max(0, 1 + c(fake)).

    Args:
        loss: `"logistic"` or `"hinge"`.
        from_prior: whether to include samples from the prior.
        name: see `Term`.

    Raises:
        InvalidInputError: for another loss.

    Example:

    >>> DataCritic(loss="hinge").trains
    ('critic',)

    Reference: Larsen et al., 2016, https://arxiv.org/abs/1512.09300
    """

    trains = ("critic",)

    def __init__(self, *, loss: str = "logistic", from_prior: bool = True, name: str | None = None):
        super().__init__(loss=loss, from_prior=from_prior, name=name)

    def __call__(self, trace: Trace) -> tf.Tensor:
        fakes = [_reconstruction(trace)]
        if self.from_prior:
            fakes.append(_generated(trace, self.seed(trace)))
        judged = [self._judge(_logits(trace, tf.stop_gradient(fake))) for fake in fakes]
        return self._judge(-_logits(trace, trace.x)) + tf.add_n(judged) / len(judged)

    def _judge(self, logits):
        return tf.nn.relu(1 + logits) if self.loss == "hinge" else tf.nn.softplus(logits)


@register
class FeatureSimilarity(_Adversarial):
    """The learned similarity of the VAE-GAN: the negative log-likelihood of critic features of x; nats.

        |f(x) - f(E[x | z])|^2 / (2 scale^2) + D/2 log(2 pi scale^2),  f the `features` of the critic

    Args:
        scale: standard deviation of a feature, in the units of the features. Smaller values preserve more detail.
        name: see `Term`.

    Raises:
        InvalidInputError: if `scale` is not positive.

    Example:

    >>> FeatureSimilarity(name="similarity").only("encoder", "posterior").name
    'similarity'

    Reference: Larsen et al., 2016, equation 7, https://arxiv.org/abs/1512.09300
    """

    def __init__(self, scale: float = 1.0, *, name: str | None = None):
        super().__init__(name)
        self.scale = check_number("FeatureSimilarity: scale", scale, above=0)

    def __call__(self, trace: Trace) -> tf.Tensor:
        features = getattr(_critic(trace), "features", None)
        if features is None:
            raise InvalidInputError(
                f"critic: {self.name} expected one with `features`, such as ConvCritic; "
                f"got {type(trace.critic).__name__}."
            )
        real, fake = (tf.cast(features(x), tf.float32) for x in (trace.x, _reconstruction(trace)))
        squares = tf.reshape(((real - fake) / self.scale) ** 2, (tf.shape(trace.x)[0], -1))
        size = tf.cast(tf.shape(squares)[1], tf.float32)
        return 0.5 * tf.reduce_sum(squares, axis=1) + 0.5 * size * math.log(2 * math.pi * self.scale**2)


def _critic(trace: Trace) -> keras.Model:
    if trace.critic is None:
        raise InvalidInputError("critic: expected a model with a critic; make it an AdversarialAutoencoder.")
    return trace.critic


def _logits(trace: Trace, x: tf.Tensor) -> tf.Tensor:
    """Returns the mean logit of the critic for each example of `x`, `(B,)`."""
    logits = tf.cast(_critic(trace)(x, training=trace.training), tf.float32)
    return tf.reduce_mean(tf.reshape(logits, (tf.shape(x)[0], -1)), axis=1)


def _reconstruction(trace: Trace) -> tf.Tensor:
    return trace.likelihood.mean()[0]


def _generated(trace: Trace, seed: tf.Tensor) -> tf.Tensor:
    return trace.decode(only_latent(trace).required_prior.sample(tf.shape(trace.x)[0], seed=seed)).mean()


def _checked_loss(loss: str, term: Term) -> str:
    if loss not in ("logistic", "hinge"):
        raise InvalidInputError(f"{type(term).__name__}: loss must be 'logistic' or 'hinge'; got {loss!r}.")
    return loss
