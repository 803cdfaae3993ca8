"""A penalty on the covariance of the aggregate posterior."""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.aggregate import only_latent
from keras_vae.objectives.objective import Term
from keras_vae.replicas import global_batch, global_mean
from keras_vae.serialization import get, register
from keras_vae.trace import Trace

tfd = tfp.distributions

KINDS = ("i", "ii")


@register
class DIP(Term):
    """The distance of the covariance C of the latents from the identity; a batch statistic without a unit.

        a sum_d (C_dd - 1)^2 + b sum_{d != e} C_de^2

    C is Cov[mu(x)] for kind `"i"`, and the covariance of the aggregate posterior, Cov[mu(x)] + E[Cov q(z | x)], for
    kind `"ii"`. Cov[mu(x)] is the covariance of the posterior means in the batch, with the divisor B.

    Args:
        kind: `"i"` or `"ii"`.
        diagonal: a, the weight of the variances; lambda_d in the paper.
        off_diagonal: b, the weight of the covariances; lambda_od in the paper. The paper sets a = 10 b for kind `"i"`
            and a = b for kind `"ii"`.
        name: see `Term`.

    Raises:
        InvalidInputError: if an argument is out of range; when called, for several levels of latent variables, or for
            a posterior without closed-form moments.

    Example:

    >>> print(NLL() + KL() + DIP("ii", diagonal=5.0, off_diagonal=5.0))
    nll + kl + dip

    Reference: Kumar, Sattigeri & Balakrishnan, 2018, https://arxiv.org/abs/1711.00848
    """

    across_batch = True

    def __init__(self, kind: str = "i", *, diagonal: float = 10.0, off_diagonal: float = 1.0, name: str | None = None):
        super().__init__(name)
        self.kind = get(kind, dict.fromkeys(KINDS, kind), part="kind of DIP")
        for argument, weight in {"diagonal": diagonal, "off_diagonal": off_diagonal}.items():
            check_number(f"DIP: {argument}", weight, least=0)
        self.diagonal = diagonal
        self.off_diagonal = off_diagonal

    def __call__(self, trace: Trace) -> tf.Tensor:
        posterior = only_latent(trace).posterior
        try:
            means = global_batch(_flat(posterior.mean()))  # (B, D)
            within = _covariance(posterior) if self.kind == "ii" else 0.0
        except NotImplementedError as error:
            raise InvalidInputError(
                f"DIP: expected a posterior with known moments, such as 'normal'; got {posterior.name} ({error})."
            ) from error
        centred = means - tf.reduce_mean(means, axis=0)
        covariance = tf.matmul(centred, centred, transpose_a=True) / tf.cast(tf.shape(means)[0], tf.float32) + within
        squares = tf.square(covariance - tf.eye(means.shape[1]))
        on_diagonal = tf.linalg.trace(squares)
        value = self.diagonal * on_diagonal + self.off_diagonal * (tf.reduce_sum(squares) - on_diagonal)
        return tf.fill(tf.shape(trace.x)[:1], value)


def _flat(values):
    return tf.reshape(values, (-1, math.prod(values.shape[1:])))


def _covariance(posterior):
    """Returns the covariance of q(z | x), averaged over the batch, shape `(D, D)`."""
    if isinstance(posterior, tfd.Independent):
        return tf.linalg.diag(global_mean(_flat(posterior.variance())))
    return global_mean(posterior.covariance())
