"""Recipes with perceptual and adversarial losses for images."""

from typing import Unpack

from keras_vae.models import AdversarialAutoencoder, Autoencoder
from keras_vae.objectives import KL, MSSSIM, NLL, DataAdversarial, DataCritic, FeatureSimilarity, Perceptual
from keras_vae.zoo.assemble import INFERENCE, CriticOptions, assemble, data_critic, patch_critic
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="perceptual",
    paper="Larsen et al., 2016",
    url="https://arxiv.org/abs/1512.09300",
    own_likelihood=True,
    options_of={"objective": ("similarity", "feature_scale", "pixels")},
)
def vae_gan(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    similarity: float = 1.0,
    feature_scale: float = 1.0,
    pixels: float = 1.0,
    critic: CriticOptions = None,
    **parts: Unpack[Parts],
) -> AdversarialAutoencoder:
    """VAE that compares reconstructions in the features of a critic of images.

        encoder: KL + S + R;  decoder: similarity S + R - log sigmoid(critic(fake));  critic: cross-entropy;
        S = |f(x) - f(E[x | z])|^2 / (2 feature_scale^2), f the critic's features;
        R = -pixels log p(x | z)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        similarity: weight of the learned similarity in the loss of the decoder.
        feature_scale: standard deviation of the features, see `FeatureSimilarity`.
        pixels: weight of the reconstruction loss of the pixels. The paper uses 0; then, on small data sets, the critic
            wins and its features of x contain too little information about x.
        critic: options of the critic, such as `{"units": (256, 256)}`, or a Keras model.
        **parts: see `Parts`.

    Example:

    >>> print(vae_gan((8, 8, 1), 4, units=(32,)).objective)
    kl + nll + feature_similarity + decoder_similarity + data_adversarial + data_critic
    """
    objective = (
        KL()
        + pixels * NLL()
        + FeatureSimilarity(feature_scale).only(*INFERENCE)
        + similarity * FeatureSimilarity(feature_scale, name="decoder_similarity").only("decoder", "likelihood")
        + DataAdversarial().only("decoder", "likelihood")
        + DataCritic()
    )
    return assemble(
        "vae_gan",
        event_shape,
        latent_dim,
        parts,
        objective=objective,
        likelihood={"name": "normal_fixed", "scale": 0.1},
        kind=AdversarialAutoencoder,
        critic=critic,
        new_critic=data_critic,
    )


@recipe(
    family="perceptual",
    paper="Snell et al., 2017",
    url="https://arxiv.org/abs/1511.06409",
    options_of={"objective": ("structure",)},
)
def ms_ssim_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    structure: float = 10.0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with an additional loss on the multi-scale structural similarity of reconstructions.

        loss = -E_q[log p(x | z)] + KL(q(z | x) || p(z)) + structure (1 - MS-SSIM(x, E[x | z]))

    Args:
        event_shape: shape of one image, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        structure: weight of the structural loss.
        **parts: see `Parts`.

    Example:

    >>> print(ms_ssim_vae((8, 8, 1), 4, units=(32,)).objective)
    nll + kl + 10 msssim
    """
    return assemble("ms_ssim_vae", event_shape, latent_dim, parts, objective=NLL() + KL() + structure * MSSSIM())


@recipe(
    family="perceptual",
    paper="Rombach et al., 2022",
    url="https://arxiv.org/abs/2112.10752",
    own_likelihood=True,
    options_of={"objective": ("beta", "adversarial", "perceptual")},
)
def autoencoder_kl(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 1e-3,
    adversarial: float = 0.5,
    perceptual: float = 0.0,
    critic: CriticOptions = None,
    **parts: Unpack[Parts],
) -> AdversarialAutoencoder:
    """Autoencoder with a latent map, a very small KL weight and a patch critic, as in latent diffusion.

        loss = -E_q[log p(x | z)] + beta KL(q(z | x) || p(z)) - adversarial critic(E[x | z])
               + perceptual |features of x - features of E[x | z]|^2;
        critic: max(0, 1 - critic(x)) + max(0, 1 + critic(E[x | z]))

    Args:
        event_shape: shape of one image of at least 8x8, such as `(28, 28, 1)`.
        latent_dim: channels of the latent map `(h, w, latent_dim)`; h and w are H and W, halved once for each
            of the `filters`.
        beta: weight of the KL.
        adversarial: weight of the adversarial loss.
        perceptual: weight of the distance in the features of VGG16, see `Perceptual`. If positive, the ImageNet weights
            are downloaded once.
        critic: options of the critic, such as `{"units": (256, 256)}`, or a Keras model.
        **parts: see `Parts`.

    Example:

    >>> model = autoencoder_kl((8, 8, 1), 4, filters=(8,))
    >>> model.latent_shape
    (4, 4, 4)
    >>> print(model.objective)
    nll + 0.001 kl + 0.5 data_adversarial + data_critic
    """
    judged = adversarial * DataAdversarial(loss="hinge", from_prior=False)
    objective = NLL() + beta * KL() + judged + DataCritic(loss="hinge", from_prior=False)
    if perceptual:
        objective = objective + perceptual * Perceptual(event_shape)
    return assemble(
        "autoencoder_kl",
        event_shape,
        latent_dim,
        parts,
        objective=objective,
        likelihood="laplace",
        kind=AdversarialAutoencoder,
        critic=critic,
        new_critic=patch_critic,
        network="spatial",
    )
