"""The entropy penalty of lookup-free quantization."""

import tensorflow as tf

from keras_vae.checks import check_number
from keras_vae.distributions.quantized import Quantized
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.objective import Term
from keras_vae.replicas import global_batch
from keras_vae.serialization import register
from keras_vae.trace import Trace

TINY = 1e-12


@register
class CodeEntropy(Term):
    """The entropy penalty: makes the code of each example certain, and all codes equally frequent.

        sum_i H(q(k | f_i)) - diversity * P * H(mean of q(k | f) over the batch and the positions)

    i runs over the P positions of an example, and q is the distribution of `LookupFreeQuantizer`. With a `diversity` of
    1, the mean over the batch is -P times the mutual information of code and input. It is least, -P D ln 2, if each
    input has one code and all 2^D codes are equally frequent.

    Both entropies are exact. The bits are independent given f, so the first is a sum over bits. The mean over the batch
    is not a product; its 2^D probabilities are a matrix product of those of the first and the last half of the bits.

    Args:
        diversity: weight of the entropy of the batch, gamma in the code of others.
        name: see `Term`.

    Raises:
        InvalidInputError: if `diversity` is negative; when called, for a posterior other than `LookupFreeQuantizer`.

    Example:

    >>> print(NLL() + 0.25 * Commitment() + 0.1 * CodeEntropy())
    nll + 0.25 commitment + 0.1 code_entropy

    Reference: Yu et al., 2023, equation 5, https://arxiv.org/abs/2310.05737
    """

    across_batch = True

    def __init__(self, *, diversity: float = 1.0, name: str | None = None):
        super().__init__(name)
        self.diversity = check_number("CodeEntropy: diversity", diversity, least=0)

    def __call__(self, trace: Trace) -> tf.Tensor:
        posterior = trace.latents[0].posterior
        if not isinstance(posterior, Quantized) or posterior.bit_logits is None:
            raise InvalidInputError(
                f"CodeEntropy: expected the posterior LookupFreeQuantizer, whose codes are independent bits; got "
                f"{posterior.name}; leave the term out."
            )
        size, bits = tf.shape(posterior.bit_logits)[0], posterior.bit_logits.shape[-1]
        logits = tf.reshape(posterior.bit_logits, (size, -1, bits))  # (B, P, D)
        shares = tf.sigmoid(logits)
        # H of a bit with logit l is softplus(l) - l sigmoid(l), which does not overflow.
        of_examples = tf.reduce_sum(tf.nn.softplus(logits) - logits * shares, axis=[1, 2])
        mean = mean_of_codes(global_batch(shares))
        of_batch = -tf.reduce_sum(mean * tf.math.log(mean + TINY))
        return of_examples - self.diversity * tf.cast(tf.shape(logits)[1], tf.float32) * of_batch


def mean_of_codes(shares: tf.Tensor) -> tf.Tensor:
    """Returns the mean probability of each code of independent bits: P(bit is 1) `(..., D)` to `(2^D,)`.

    Example:

    >>> mean_of_codes(tf.constant([[1.0, 0.0], [1.0, 0.5]])).numpy().tolist()
    [0.0, 0.75, 0.0, 0.25]
    """
    bits = shares.shape[-1]
    rows = tf.reshape(shares, (-1, bits))  # (N, D)
    low, high = _codes(rows[:, : bits // 2]), _codes(rows[:, bits // 2 :])  # (N, 2^(D // 2)) and the others
    total = tf.matmul(high, low, transpose_a=True)  # the low bits change first
    return tf.reshape(total, (-1,)) / tf.cast(tf.shape(rows)[0], tf.float32)


def _codes(shares: tf.Tensor) -> tf.Tensor:
    """Returns the probability of each code of the bits of a row, `(N, D)` to `(N, 2^D)`; bit 0 changes first."""
    codes = tf.ones_like(shares[:, :1]) if shares.shape[-1] else tf.ones((tf.shape(shares)[0], 1))
    for bit in range(shares.shape[-1]):
        share = shares[:, bit : bit + 1]
        codes = tf.concat([codes * (1.0 - share), codes * share], axis=1)
    return codes
