"""Recipes with other posteriors than the diagonal normal."""

from typing import Unpack

from keras.optimizers.schedules import LearningRateSchedule

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(family="posteriors", paper="Kingma & Welling, 2019", url="https://arxiv.org/abs/1906.02691")
def full_covariance_vae(event_shape: tuple[int, ...], latent_dim: int = 16, **parts: Unpack[Parts]) -> Autoencoder:
    """VAE with a full-covariance normal posterior.

        q(z | x) = N(mu(x), L(x) L(x)^T)

    See section 2.5.1 of the paper.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        **parts: see `Parts`.

    Example:

    >>> posterior = full_covariance_vae((8, 8, 1), 4, units=(32,)).encode(np.zeros((2, 8, 8, 1)))
    >>> posterior.covariance().shape
    TensorShape([2, 4, 4])
    """
    return assemble(
        "full_covariance_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(),
        posterior="full_covariance_normal",
    )


@recipe(family="posteriors", paper="Kingma & Welling, 2014", url="https://arxiv.org/abs/1312.6114")
def laplace_vae(event_shape: tuple[int, ...], latent_dim: int = 16, **parts: Unpack[Parts]) -> Autoencoder:
    """VAE with a Laplace posterior, which has heavier tails than a normal one.

        q(z_d | x) = Laplace(mu_d(x), b_d(x)),  p(z) = N(0, I)

    See section 2.4 of the paper.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        **parts: see `Parts`.

    Example:

    >>> type(laplace_vae((8, 8, 1), 4, units=(32,)).posterior).__name__
    'Laplace'
    """
    return assemble(
        "laplace_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior="laplace",
    )


@recipe(family="posteriors", paper="Davidson et al., 2018", url="https://arxiv.org/abs/1804.00891")
def hyperspherical_vae(event_shape: tuple[int, ...], latent_dim: int = 16, **parts: Unpack[Parts]) -> Autoencoder:
    """VAE with latents on the unit sphere, where the uniform prior favours no point.

        q(z | x) = PowerSpherical(mu(x), kappa(x)),  p(z) = Uniform(S^(D-1))

    See also De Cao & Aziz, 2020, https://arxiv.org/abs/2006.04437.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector, which has norm 1.
        **parts: see `Parts`.

    Example:

    >>> z = hyperspherical_vae((8, 8, 1), 4, units=(32,)).encode(np.zeros((2, 8, 8, 1))).sample(seed=0)
    >>> np.round(tf.norm(z, axis=-1), 3)
    array([1., 1.], dtype=float32)
    """
    return assemble(
        "hyperspherical_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(),
        posterior="power_spherical",
        prior="uniform_sphere",
    )


@recipe(
    family="posteriors",
    paper="Joo et al., 2020",
    url="https://arxiv.org/abs/1901.02739",
    options_of={"prior": ("concentration",)},
)
def dirichlet_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    concentration: float = 0.5,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose latents are proportions that sum to one, such as the topics of a text.

        q(z | x) = Dirichlet(a(x)),  p(z) = Dirichlet(concentration)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: number of proportions.
        concentration: concentration of the prior. Values below 1 favour few large proportions.
        **parts: see `Parts`.

    Example:

    >>> z = dirichlet_vae((8, 8, 1), 4, units=(32,)).encode(np.zeros((2, 8, 8, 1))).sample(seed=0)
    >>> np.round(tf.reduce_sum(z, axis=-1), 3)
    array([1., 1.], dtype=float32)
    """
    return assemble(
        "dirichlet_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(),
        posterior="dirichlet",
        prior={"name": "dirichlet", "concentration": concentration},
    )


@recipe(
    family="posteriors",
    paper="Jang, Gu & Poole, 2017",
    url="https://arxiv.org/abs/1611.01144",
    options_of={"posterior": ("temperature",), "prior": {"prior_temperature": "temperature"}},
)
def concrete_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    temperature: float | LearningRateSchedule = 0.5,
    prior_temperature: float = 0.5,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with a relaxed categorical latent variable of `latent_dim` categories.

        q(z | x) = Concrete(logits(x), temperature),  p(z) = Concrete(0, prior_temperature)

    See also Maddison, Mnih & Teh, 2017, https://arxiv.org/abs/1611.00712.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: number of categories, the length of the latent vector.
        temperature: temperature of the posterior, a number or a schedule of the training step.
        prior_temperature: temperature of the prior.
        **parts: see `Parts`.

    Example:

    >>> z = concrete_vae((8, 8, 1), 4, units=(32,)).encode(np.zeros((2, 8, 8, 1))).sample(seed=0)
    >>> np.round(tf.reduce_sum(z, axis=-1), 3)
    array([1., 1.], dtype=float32)
    """
    return assemble(
        "concrete_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior={"name": "relaxed_categorical", "temperature": temperature},
        prior={"name": "relaxed_categorical", "temperature": prior_temperature},
    )


@recipe(
    family="posteriors",
    paper="Kingma et al., 2016",
    url="https://arxiv.org/abs/1606.04934",
    options_of={"posterior": ("flows",)},
)
def iaf_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    flows: int = 4,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose posterior is a normal distribution, transformed by an inverse autoregressive flow.

        z = f_T(... f_1(z_0)),  f_t(z)_d = g_d z_d + (1 - g_d) m_d,  (g, m)_d = functions of z_<d and x

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        flows: number of steps of the flow.
        **parts: see `Parts`.

    Example:

    >>> iaf_vae((8, 8, 1), 4, units=(32,), flows=2).posterior.flows
    2
    """
    return assemble(
        "iaf_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior={"name": "inverse_autoregressive", "flows": flows},
    )


@recipe(
    family="posteriors",
    paper="Rezende & Mohamed, 2015",
    url="https://arxiv.org/abs/1505.05770",
    options_of={"posterior": ("flows",)},
)
def planar_flow_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    flows: int = 4,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose posterior is a normal distribution, transformed by planar flows.

        z = f_T(... f_1(z_0)),  f_t(z) = z + u_t(x) tanh(w_t(x).z + b_t(x))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        flows: number of steps of the flow.
        **parts: see `Parts`.

    Example:

    >>> planar_flow_vae((8, 8, 1), 4, units=(32,), flows=2).posterior.flows
    2
    """
    return assemble(
        "planar_flow_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior={"name": "planar", "flows": flows},
    )


@recipe(
    family="posteriors",
    paper="Dinh, Sohl-Dickstein & Bengio, 2017",
    url="https://arxiv.org/abs/1605.08803",
    options_of={"posterior": ("flows",)},
)
def real_nvp_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    flows: int = 4,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose posterior is a normal distribution, transformed by affine coupling layers.

        z = f_T(... f_1(z_0)),  f_t an affine coupling

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        flows: number of steps of the flow.
        **parts: see `Parts`.

    Example:

    >>> real_nvp_vae((8, 8, 1), 4, units=(32,), flows=2).posterior.flows
    2
    """
    return assemble(
        "real_nvp_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior={"name": "real_nvp", "flows": flows},
    )
