"""Recipes with tighter bounds on log p(x), or with other gradient estimators of them."""

from typing import Unpack

from keras_vae.models import Autoencoder
from keras_vae.objectives import IWAE, KL, NLL, STL, DReG, Renyi
from keras_vae.zoo.assemble import GENERATIVE, INFERENCE, assemble
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="bounds and gradients",
    paper="Burda, Grosse & Salakhutdinov, 2016",
    url="https://arxiv.org/abs/1509.00519",
    options_of={"objective": ("samples",)},
)
def iwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 5,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Importance-weighted autoencoder: a tighter bound from several samples of z.

        loss = -E[log 1/k sum_i p(x, z_i) / q(z_i | x)]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        samples: number of samples of z per example, k.
        **parts: see `Parts`.

    Example:

    >>> iwae((8, 8, 1), 4, units=(32,), samples=50).objective.samples
    50
    """
    return assemble("iwae", event_shape, latent_dim, parts, objective=IWAE(samples))


@recipe(
    family="bounds and gradients",
    paper="Rainforth et al., 2018",
    url="https://arxiv.org/abs/1802.04537",
    options_of={"objective": ("samples", "bounds")},
)
def miwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 8,
    bounds: int = 8,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """IWAE on the mean of several bounds: less tight than one bound of all samples, but better for the encoder.

        loss = -1/m sum_j E[log 1/k sum_i p(x, z_ij) / q(z_ij | x)]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        samples: number of samples per bound, k.
        bounds: number of bounds, m.
        **parts: see `Parts`.

    Example:

    >>> miwae((8, 8, 1), 4, units=(32,), samples=5, bounds=4).objective.samples
    20
    """
    return assemble("miwae", event_shape, latent_dim, parts, objective=IWAE(samples, m=bounds))


@recipe(
    family="bounds and gradients",
    paper="Rainforth et al., 2018",
    url="https://arxiv.org/abs/1802.04537",
    options_of={"objective": ("samples", "bounds")},
)
def piwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 8,
    bounds: int = 8,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """IWAE that trains the decoder on one bound of all samples, and the encoder on the mean of several bounds.

        decoder: IWAE of m k samples;  encoder: the mean of m IWAEs of k samples

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        samples: number of samples in each bound of the encoder, k.
        bounds: number of bounds of the encoder, m.
        **parts: see `Parts`.

    Example:

    >>> print(piwae((8, 8, 1), 4, units=(32,)).objective)
    iwae + miwae
    """
    tight = IWAE(samples * bounds).only(*GENERATIVE)
    loose = IWAE(samples, m=bounds, name="miwae").only(*INFERENCE)
    return assemble("piwae", event_shape, latent_dim, parts, objective=tight + loose)


@recipe(
    family="bounds and gradients",
    paper="Rainforth et al., 2018",
    url="https://arxiv.org/abs/1802.04537",
    options_of={"objective": ("beta", "samples")},
)
def ciwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 0.5,
    samples: int = 8,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """IWAE on a convex combination of the ELBO and the importance-weighted bound.

        loss = -(beta ELBO + (1 - beta) IWAE_k)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        beta: weight of the ELBO, from 0 to 1.
        samples: number of samples of z per example, k.
        **parts: see `Parts`.

    Example:

    >>> print(ciwae((8, 8, 1), 4, units=(32,), beta=0.25).objective)
    0.25 nll + 0.25 kl + 0.75 iwae
    """
    return assemble(
        "ciwae", event_shape, latent_dim, parts, objective=beta * NLL() + beta * KL() + (1 - beta) * IWAE(samples)
    )


@recipe(
    family="bounds and gradients",
    paper="Li & Turner, 2016",
    url="https://arxiv.org/abs/1602.02311",
    options_of={"objective": ("alpha", "samples")},
)
def vr_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    alpha: float = 0.5,
    samples: int = 5,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE trained on the Renyi bound, between the ELBO (alpha to 1) and IWAE (alpha = 0).

        loss = -1/(1 - alpha) log 1/k sum_i (p(x, z_i) / q(z_i | x))^(1 - alpha)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        alpha: order of the divergence; not 1.
        samples: number of samples of z per example, k.
        **parts: see `Parts`.

    Example:

    >>> print(vr_vae((8, 8, 1), 4, units=(32,)).objective)
    renyi
    """
    return assemble("vr_vae", event_shape, latent_dim, parts, objective=Renyi(alpha, k=samples))


@recipe(
    family="bounds and gradients",
    paper="Roeder, Wu & Duvenaud, 2017",
    url="https://arxiv.org/abs/1703.09194",
    options_of={"objective": ("samples",)},
)
def stl_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 1,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with a gradient estimator whose variance vanishes if the posterior is exact (sticking the landing).

        loss = -E_q[log p(x, z) - log q(z | x)], no gradient through the parameters of log q

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        samples: number of samples of z per example.
        **parts: see `Parts`.

    Example:

    >>> print(stl_vae((8, 8, 1), 4, units=(32,)).objective)
    stl
    """
    return assemble("stl_vae", event_shape, latent_dim, parts, objective=STL(samples))


@recipe(
    family="bounds and gradients",
    paper="Tucker et al., 2019",
    url="https://arxiv.org/abs/1810.04152",
    options_of={"objective": ("samples",)},
)
def dreg_iwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 5,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """IWAE with the doubly reparameterised encoder gradient, whose quality does not degrade with more samples.

        decoder: IWAE_k;  encoder: d/dphi = sum_i v_i^2 d log w_i/dz_i dz_i/dphi,
        w_i = p(x, z_i) / q(z_i | x),  v_i = w_i / sum_j w_j

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        samples: number of samples of z per example, k.
        **parts: see `Parts`.

    Example:

    >>> terms = dreg_iwae((8, 8, 1), 4, units=(32,)).objective.terms
    >>> {term.name: term.trains for term in terms}
    {'iwae': ('decoder', 'likelihood', 'prior'), 'dreg': ('encoder', 'posterior')}
    """
    return assemble(
        "dreg_iwae",
        event_shape,
        latent_dim,
        parts,
        objective=IWAE(samples).only(*GENERATIVE) + DReG(samples).only(*INFERENCE),
    )
