"""The inverse autoregressive flow."""

from keras_vae.distributions.flow_posterior import FlowPosterior
from keras_vae.layers.autoregressive_flow import AutoregressiveFlow
from keras_vae.serialization import register


@register
class InverseAutoregressive(FlowPosterior):
    """The inverse autoregressive flow (IAF): a normal u, followed by gated autoregressive steps of alternating order.

        u ~ N(loc, scale^2),   z_d <- g_d z_d + (1 - g_d) m_d,   g_d = sigmoid(s_d + 2),   (m_d, s_d) = MADE(z, c)_d

    A sample and its log-density take one pass per step; the log-density of any other z takes D passes per step. The KL
    divergence has no closed form: use `KL(estimator="monte_carlo")` or `IWAE`. `mean()` is the image of loc, and
    `stddev()` an estimate; see `FlowDistribution`.

    Args:
        event_shape: `(D,)`.
        flows: number of steps.
        units: widths of the hidden layers of the MADE in a step.
        activation: Keras activation of these layers.
        context_dim: length of the context c.
        min_scale: lower bound of the scale of u.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if the event is not a vector, or if a number is out of range.

    Example:

    >>> posterior = InverseAutoregressive((4,), units=(16,))
    >>> q = posterior.distribution(posterior(tf.ones((3, 8))))
    >>> q.log_prob(q.sample(5, seed=0)).shape
    TensorShape([5, 3])

    Reference: Kingma et al., 2016, https://arxiv.org/abs/1606.04934
    """

    def make_step(self, number: int) -> AutoregressiveFlow:
        return AutoregressiveFlow(
            self.event_shape[0],
            self.units,
            gated=True,
            reverse=number % 2 == 1,
            activation=self.activation,
            context_dim=self.context_dim,
            name=f"step_{number}",
        )
