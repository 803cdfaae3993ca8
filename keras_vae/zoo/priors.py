"""Recipes with learned priors."""

from typing import Unpack

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL, PriorNLL, StandardNormalKL
from keras_vae.zoo.assemble import assemble, weight
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="priors",
    paper="Tomczak & Welling, 2018",
    url="https://arxiv.org/abs/1705.07120",
    options_of={"objective": ("warmup_steps",), "prior": ("components",)},
)
def vamp_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    components: int = 50,
    warmup_steps: int = 0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose prior is the mixture of the posteriors of learned pseudo-inputs.

        p(z) = 1/K sum_k q(z | u_k)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        components: number of pseudo-inputs, K.
        warmup_steps: training batches over which the weight of the KL rises to 1.
        **parts: see `Parts`.

    Example:

    >>> vamp_vae((8, 8, 1), 4, units=(32,), components=10).prior.components
    10
    """
    return assemble(
        "vamp_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + weight(1.0, warmup_steps) * KL(estimator="monte_carlo"),
        prior={"name": "vamp", "input_shape": event_shape, "components": components},
    )


@recipe(
    family="priors",
    paper="Dilokthanakul et al., 2016",
    url="https://arxiv.org/abs/1611.02648",
    options_of={"prior": ("components",)},
)
def mixture_prior_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    components: int = 10,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose prior is a learned mixture of normals, for clustered data.

        p(z) = sum_k pi_k N(z; mu_k, sigma_k^2)

    The paper adds a further latent variable, from which networks compute the components; here, they are weights, as in
    Jiang et al., 2017, https://arxiv.org/abs/1611.05148.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        components: number of mixture components.
        **parts: see `Parts`.

    Example:

    >>> mixture_prior_vae((8, 8, 1), 4, units=(32,)).prior.components
    10
    """
    return assemble(
        "mixture_prior_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(estimator="monte_carlo"),
        prior={"name": "mixture", "components": components},
    )


@recipe(
    family="priors",
    paper="Chen et al., 2017",
    url="https://arxiv.org/abs/1611.02731",
    options_of={"prior": {"flow": "name", "flows": "flows"}},
)
def flow_prior_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    flow: str = "real_nvp",
    flows: int = 4,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose prior is a learned normalising flow.

        p(z) = N(f(z); 0, I) |det df/dz|

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        flow: `"real_nvp"`, which is fast in both directions, or `"maf"`.
        flows: number of steps of the flow.
        **parts: see `Parts`.

    Example:

    >>> type(flow_prior_vae((8, 8, 1), 4, units=(32,), flow="maf").prior).__name__
    'MAFPrior'
    """
    return assemble(
        "flow_prior_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(estimator="monte_carlo"),
        prior={"name": flow, "flows": flows},
    )


@recipe(
    family="priors",
    paper="Dai & Wipf, 2019",
    url="https://arxiv.org/abs/1903.05789",
    options_of={"prior": {"stage_units": "units"}},
)
def two_stage_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    stage_units: tuple[int, ...] = (128, 128),
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with a second VAE of the latents as prior, so that samples follow the aggregate posterior.

        stage 1: -E_q[log p(x | z)] + KL(q(z | x) || N(0, I));  stage 2: -ELBO of the latents

    Both stages are trained together. No gradient flows from the second stage to the latents of the first.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        stage_units: widths of the layers of the second stage.
        **parts: see `Parts`.

    Example:

    >>> print(two_stage_vae((8, 8, 1), 4, units=(32,)).objective)
    nll + standard_normal_kl + prior_nll
    """
    return assemble(
        "two_stage_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + StandardNormalKL() + PriorNLL(),
        prior={"name": "second_stage", "units": stage_units},
    )
