"""Recipes with likelihoods for various types of data."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble, weight
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="likelihoods",
    paper="Rybkin, Daniilidis & Levine, 2021",
    url="https://arxiv.org/abs/2006.13202",
    own_likelihood=True,
)
def sigma_vae(event_shape: tuple[int, ...], latent_dim: int = 16, **parts: Unpack[Parts]) -> Autoencoder:
    """VAE with a normal likelihood of optimal scale, so that the weight of the KL needs no tuning.

        p(x | z) = N(mu(z), sigma*^2),  sigma*^2 = E[(x - mu(z))^2]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        **parts: see `Parts`.

    Example:

    >>> model = sigma_vae((8, 8, 1), 4, units=(32,))
    >>> model.latent_shape, model.sample(3, seed=0).shape
    ((4,), (3, 8, 8, 1))
    """
    return assemble("sigma_vae", event_shape, latent_dim, parts, objective=NLL() + KL(), likelihood="normal_optimal")


@recipe(
    family="likelihoods",
    paper="Loaiza-Ganem & Cunningham, 2019",
    url="https://arxiv.org/abs/1907.06845",
    own_likelihood=True,
)
def continuous_bernoulli_vae(event_shape: tuple[int, ...], latent_dim: int = 16, **parts: Unpack[Parts]) -> Autoencoder:
    """VAE with the continuous Bernoulli likelihood, a normalised density on [0, 1].

        p(x | z) = C(lambda) lambda^x (1 - lambda)^(1 - x),  x in [0, 1]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        **parts: see `Parts`.

    Example:

    >>> x = continuous_bernoulli_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0)
    >>> bool(0 <= x.min() and x.max() <= 1)
    True
    """
    return assemble(
        "continuous_bernoulli_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(),
        likelihood="continuous_bernoulli",
    )


@recipe(
    family="likelihoods",
    paper="Salimans et al., 2017",
    url="https://arxiv.org/abs/1701.05517",
    own_likelihood=True,
    options_of={"likelihood": ("components",)},
)
def discretized_logistic_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    components: int = 5,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with a mixture of discretized logistics over the 256 levels of a pixel: a log-probability of the bytes.

        p(x | z) = sum_k pi_k [sigmoid((x + 1/510 - mu_k) / s_k) - sigmoid((x - 1/510 - mu_k) / s_k)]

    Args:
        event_shape: shape of one image, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        components: number of logistics in the mixture.
        **parts: see `Parts`.

    Example:

    >>> discretized_logistic_vae((8, 8, 1), 4, units=(32,)).likelihood.components
    5
    """
    return assemble(
        "discretized_logistic_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(),
        likelihood={"name": "discretized_logistic", "components": components},
    )


@recipe(
    family="likelihoods",
    paper="Lopez et al., 2018",
    url="https://doi.org/10.1038/s41592-018-0229-2",
    own_likelihood=True,
)
def count_vae(event_shape: tuple[int, ...], latent_dim: int = 16, **parts: Unpack[Parts]) -> Autoencoder:
    """VAE with a negative binomial likelihood, for overdispersed counts.

        p(x | z) = NegativeBinomial(x; mean(z), dispersion)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        **parts: see `Parts`.

    Example:

    >>> counts = count_vae((8, 8, 1), 4, units=(32,)).reconstruct(np.zeros((2, 8, 8, 1)), draw="sample", seed=0)
    >>> bool((counts == counts.round()).all())
    True
    """
    return assemble("count_vae", event_shape, latent_dim, parts, objective=NLL() + KL(), likelihood="negative_binomial")


@recipe(
    family="likelihoods",
    paper="Gulrajani et al., 2017",
    url="https://arxiv.org/abs/1611.05013",
    own_likelihood=True,
    options_of={"objective": ("beta",), "likelihood": ("base", "layers")},
)
def pixel_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    base: str = "bernoulli",
    layers: int = 3,
    beta: float = 1.0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with an autoregressive decoder, which models the texture so that the latents need not.

        p(x | z) = prod_i p(x_i | x_<i, z)

    Args:
        event_shape: shape of one image, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        base: likelihood of a pixel.
        layers: number of gated layers of the PixelCNN.
        beta: weight of the KL.
        **parts: see `Parts`.

    Example:

    >>> pixel_vae((8, 8, 1), 4, units=(32,), layers=1).sample(2, seed=0).shape
    (2, 8, 8, 1)
    """
    return assemble(
        "pixel_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + beta * KL(),
        likelihood={"name": "pixel_cnn", "base": base, "layers": layers},
    )


@recipe(
    family="likelihoods",
    paper="Nazabal et al., 2020",
    url="https://arxiv.org/abs/1807.03653",
    own_likelihood=True,
    options_of={"likelihood": ("base",)},
)
def masked_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    base: str | Mapping[str, Any] = "bernoulli",
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE for examples with missing values (NaN), which the loss ignores and `reconstruct` imputes.

        loss = -E_q[log p(x_observed | z)] + KL(q(z | x_observed) || p(z))

    See also Mattei & Frellsen, 2019, https://arxiv.org/abs/1812.02633.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        base: likelihood of the observed values, such as `{"name": "table", "columns": ["real", "count"]}`.
        **parts: see `Parts`.

    Example:

    >>> x = np.zeros((1, 8, 8, 1))
    >>> x[0, :4] = np.nan
    >>> filled = masked_vae((8, 8, 1), 4, units=(32,)).reconstruct(x)
    >>> bool(np.isfinite(filled).all())
    True
    """
    return assemble(
        "masked_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(),
        likelihood={"name": "masked", "base": base},
    )


@recipe(
    family="likelihoods",
    paper="Nazabal et al., 2020",
    url="https://arxiv.org/abs/1807.03653",
    own_likelihood=True,
    options_of={"likelihood": ("columns",)},
)
def tabular_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    columns: Sequence[str | tuple[str, int]] | None = None,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE for tables with real, binary, count and categorical columns.

        p(x | z) = prod_j p_j(x_j | z), with one family p_j per column

    Args:
        event_shape: `(columns,)`, the number of columns.
        latent_dim: length of the latent vector.
        columns: type of each column: `"real"`, `"binary"`, `"count"` or `("categorical", K)`. None: all are real.
        **parts: see `Parts`.

    Example:

    >>> model = tabular_vae((3,), 4, columns=["real", "binary", ("categorical", 4)], units=(32,))
    >>> model.sample(3, seed=0).shape
    (3, 3)
    """
    columns = ["real"] * event_shape[0] if columns is None else columns
    return assemble(
        "tabular_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(),
        likelihood={"name": "table", "columns": columns},
        network="mlp",
    )


@recipe(
    family="likelihoods",
    paper="Bowman et al., 2016",
    url="https://arxiv.org/abs/1511.06349",
    own_likelihood=True,
    options_of={"objective": ("beta", "warmup_steps")},
)
def sequence_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 1.0,
    warmup_steps: int = 0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE for sequences `(steps, channels)`, with temporal convolutions or a recurrent network.

        loss = -E_q[sum_t log p(x_t | z)] + beta KL(q(z | x) || p(z))

    Unlike in the paper, a step depends only on z, and not on the steps before it.

    Args:
        event_shape: shape of one sequence, `(steps, channels)`.
        latent_dim: length of the latent vector.
        beta: weight of the KL.
        warmup_steps: training batches over which the weight rises from 0.
        **parts: see `Parts`.

    Example:

    >>> sequence_vae((12, 2), 4, network="gru", units=16).sample(3, seed=0).shape
    (3, 12, 2)
    """
    return assemble(
        "sequence_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + weight(beta, warmup_steps) * KL(),
        likelihood="normal",
        network="conv1d",
    )
