"""The objective of the semi-supervised VAE (M2): labelled and unlabelled bounds, and a classification loss."""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace

tfd = tfp.distributions


def marginal_bound(trace: Trace) -> dict[str, tf.Tensor]:
    """Returns `elbo`, `nll` and `kl` of (x, y) for labelled examples, and of x for unlabelled ones; nats, `(B,)` each.

    Args:
        trace: the trace of a `SemiSupervisedAutoencoder`, with one pass per class, in the order of the classes.
            `extras["classes"]` contains the logits `(B, classes)` of q(y | x), `extras["labels"]` the labels `(B,)`, -1
            for none, and `extras["kl"]` the KL(q(z | x, y) || p(z)) of every pass.

    Example:

    >>> model = kv.zoo.semi_supervised_vae((8,), 2, classes=3, units=(4,), seed=0)
    >>> trace = model.trace(tf.zeros((2, 8)), seed=(0, 1), extras={"y": tf.constant([1, -1])})
    >>> {name: tuple(value.shape) for name, value in marginal_bound(trace).items()}
    {'elbo': (2,), 'nll': (2,), 'kl': (2,)}

    Reference: Kingma, Rezende, Mohamed & Welling, 2014, equations 6 and 7, https://arxiv.org/abs/1406.5298
    """
    logits, labels = trace.extras["classes"], trace.extras["labels"]
    classes = logits.shape[-1]

    def by_class(values):
        return tf.transpose(tf.reshape(values, (classes, -1)))  # (B, classes)

    labelled = labels >= 0
    weights = tf.where(labelled[:, None], tf.one_hot(labels, classes), tf.nn.softmax(logits))
    entropy = tf.where(labelled, 0.0, tfd.Categorical(logits=logits).entropy())
    nll = tf.reduce_sum(weights * by_class(-tf.reduce_mean(trace.log_likelihood, axis=0)), axis=1)
    kl = tf.reduce_sum(weights * by_class(trace.extras["kl"]), axis=1) + math.log(classes) - entropy
    return {"elbo": -nll - kl, "nll": nll, "kl": kl}


@register
class SemiSupervisedELBO(Term):
    """The negative bound, plus `alpha` times -log q(y | x) for labelled examples; nats per example.

    Args:
        alpha: weight of the classification loss. The paper uses 0.1 times the number of examples per label.
        name: see `Term`.

    Raises:
        InvalidInputError: if `alpha` is not a number >= 0.

    Example:

    >>> SemiSupervisedELBO(alpha=50.0).alpha
    50.0

    Reference: Kingma, Rezende, Mohamed & Welling, 2014, equation 9, https://arxiv.org/abs/1406.5298
    """

    needs_density = True

    def __init__(self, alpha: float = 10.0, *, name: str = "semi_supervised"):
        super().__init__(name)
        self.alpha = check_number("SemiSupervisedELBO: alpha", alpha, least=0)

    def __call__(self, trace: Trace) -> tf.Tensor:
        if "classes" not in trace.extras:
            raise InvalidInputError(f"{self.name}: it needs a SemiSupervisedAutoencoder; use NLL() + KL() here.")
        logits, labels = trace.extras["classes"], trace.extras["labels"]
        labelled = labels >= 0
        cross_entropy = -tfd.Categorical(logits=logits).log_prob(tf.where(labelled, labels, 0))
        return -marginal_bound(trace)["elbo"] + self.alpha * tf.where(labelled, cross_entropy, 0.0)
