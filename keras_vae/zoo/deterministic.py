"""Deterministic autoencoders, without a posterior density and without a prior."""

from typing import Unpack

from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, CodeNorm, Contractive, DecoderGradient, L1Activity, SparsityKL
from keras_vae.serialization import get
from keras_vae.zoo.assemble import assemble
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe

NO_PRIOR = {"posterior": "deterministic", "prior": None}


@recipe(family="deterministic", paper="Hinton & Salakhutdinov, 2006", url="https://doi.org/10.1126/science.1127647")
def ae(event_shape: tuple[int, ...], latent_dim: int = 16, **parts: Unpack[Parts]) -> Autoencoder:
    """Plain autoencoder: deterministic latents without a prior. It compresses but does not generate.

        loss = -log p(x | z),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        **parts: see `Parts`.

    Example:

    >>> model = ae((8, 8, 1), 4, units=(32,))
    >>> model.encode(np.zeros((2, 8, 8, 1))).mean().shape
    TensorShape([2, 4])
    """
    return assemble("ae", event_shape, latent_dim, parts, objective=NLL(), **NO_PRIOR)


@recipe(
    family="deterministic",
    paper="Vincent et al., 2008",
    url="https://doi.org/10.1145/1390156.1390294",
    options_of={"corruption": {"amount": "amount", "noise": "name"}},
)
def denoising_ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    amount: float = 0.3,
    noise: str = "gaussian",
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Denoising autoencoder: the decoder reconstructs the clean example from a corrupted input.

        loss = -log p(x | z),  z = f(x'),  x' the corrupted example

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        amount: strength of the noise: a standard deviation or a probability.
        noise: `"gaussian"`, `"masking"` or `"salt_and_pepper"`.
        **parts: see `Parts`.

    Example:

    >>> denoising_ae((8, 8, 1), 4, units=(32,), noise="masking").corruption.amount
    0.3
    """
    return assemble(
        "denoising_ae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL(),
        corruption={"name": noise, "amount": amount},
        **NO_PRIOR,
    )


@recipe(
    family="deterministic",
    paper="Ng, 2011",
    url="https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf",
    options_of={"objective": ("sparsity", "penalty", "rate")},
)
def sparse_ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    sparsity: float = 0.1,
    penalty: str = "l1",
    rate: float | None = None,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Sparse autoencoder: few latent units are active for each example.

        loss = -log p(x | z) + sparsity * sum_d |z_d|                               penalty "l1"
        loss = -log p(x | z) + sparsity * sum_d KL(rate || mean activation of d)    penalty "kl"

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        sparsity: weight of the penalty.
        penalty: `"l1"`, or `"kl"` on the sigmoid of the latents.
        rate: target activation of the `"kl"` penalty, 0.05 when None; rejected with the other penalty.
        **parts: see `Parts`.

    Raises:
        InvalidInputError: for an unknown penalty, or a rate of one that has none.

    Example:

    >>> print(sparse_ae((8, 8, 1), 4, units=(32,), penalty="kl").objective)
    nll + 0.1 sparsity_kl
    """
    penalties = {"l1": L1Activity(), "kl": SparsityKL(0.05 if rate is None else rate)}
    if penalty == "l1" and rate is not None:
        raise InvalidInputError("zoo.sparse_ae: rate would have no effect beside penalty='l1'; give penalty='kl'.")
    return assemble(
        "sparse_ae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + sparsity * get(penalty, penalties, part="penalty"),
        **NO_PRIOR,
    )


@recipe(
    family="deterministic",
    paper="Rifai et al., 2011",
    url="https://icml.cc/2011/papers/455_icmlpaper.pdf",
    options_of={"objective": ("contraction", "probes")},
)
def contractive_ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    contraction: float = 0.1,
    probes: int | None = None,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Contractive autoencoder: small changes of the example change the latents little.

        loss = -log p(x | z) + contraction * |d z / d x|^2_F

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        contraction: weight of the penalty.
        probes: number of random directions that estimate the norm. None computes it exactly.
        **parts: see `Parts`.

    Example:

    >>> print(contractive_ae((8, 8, 1), 4, units=(32,)).objective)
    nll + 0.1 contractive
    """
    return assemble(
        "contractive_ae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + contraction * Contractive(probes=probes),
        **NO_PRIOR,
    )


@recipe(
    family="deterministic",
    paper="Ghosh et al., 2020",
    url="https://arxiv.org/abs/1903.12436",
    options_of={"objective": ("code_weight",), "decoder_l2": ("l2",)},
)
def rae_l2(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    code_weight: float = 1e-2,
    l2: float = 1e-4,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Regularised autoencoder whose decoder is smoothed by weight decay.

        loss = -log p(x | z) + code_weight * 1/2 |z|^2 + l2 * |decoder weights|^2

    To generate, fit a prior after training: `model.with_prior(GaussianMixturePrior.fit(latents))`.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        code_weight: weight of the squared norm of the latent vector.
        l2: weight decay of the decoder's kernels.
        **parts: see `Parts`.

    Example:

    >>> model = rae_l2((8, 8, 1), 4, units=(32,), l2=0.001)
    >>> print(model.objective, model.decoder.l2)
    nll + 0.01 code_norm 0.001
    """
    return assemble(
        "rae_l2", event_shape, latent_dim, parts, objective=NLL() + code_weight * CodeNorm(), decoder_l2=l2, **NO_PRIOR
    )


@recipe(
    family="deterministic",
    paper="Ghosh et al., 2020",
    url="https://arxiv.org/abs/1903.12436",
    options_of={"objective": ("code_weight", "gradient_weight", "probes")},
)
def rae_gp(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    code_weight: float = 1e-2,
    gradient_weight: float = 1e-2,
    probes: int | None = 1,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Regularised autoencoder whose decoder is smoothed by a gradient penalty.

        loss = -log p(x | z) + code_weight * 1/2 |z|^2 + gradient_weight * |d E[x | z] / d z|^2_F

    To generate, fit a prior after training: `model.with_prior(GaussianMixturePrior.fit(latents))`.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        code_weight: weight of the squared norm of the latent vector.
        gradient_weight: weight of the penalty.
        probes: number of random directions that estimate the norm. None computes it exactly.
        **parts: see `Parts`.

    Example:

    >>> print(rae_gp((8, 8, 1), 4, units=(32,)).objective)
    nll + 0.01 code_norm + 0.01 decoder_gradient
    """
    return assemble(
        "rae_gp",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + code_weight * CodeNorm() + gradient_weight * DecoderGradient(probes=probes),
        **NO_PRIOR,
    )


@recipe(
    family="deterministic",
    paper="Ghosh et al., 2020",
    url="https://arxiv.org/abs/1903.12436",
    options_of={"objective": ("code_weight",)},
)
def rae_sn(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    code_weight: float = 1e-2,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Regularised autoencoder whose decoder is smoothed by spectral normalisation.

        loss = -log p(x | z) + code_weight * 1/2 |z|^2

    To generate, fit a prior after training: `model.with_prior(GaussianMixturePrior.fit(latents))`.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        code_weight: weight of the squared norm of the latent vector.
        **parts: see `Parts`.

    Example:

    >>> model = rae_sn((8, 8, 1), 4, units=(32,))
    >>> print(model.objective, model.decoder.spectral_normalization)
    nll + 0.01 code_norm True
    """
    return assemble(
        "rae_sn",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + code_weight * CodeNorm(),
        decoder_spectral_normalization=True,
        **NO_PRIOR,
    )
