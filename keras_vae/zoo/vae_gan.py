"""The VAE with a learned similarity."""

from typing import Any

from keras_vae.models import AdversarialAutoencoder
from keras_vae.objectives import KL, NLL, DataAdversarial, DataCritic, FeatureSimilarity
from keras_vae.zoo.assemble import INFERENCE, assemble, data_critic


def vae_gan(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    similarity: float = 1.0,
    feature_scale: float = 1.0,
    pixels: float = 1.0,
    **options: Any,
) -> AdversarialAutoencoder:
    """VAE whose decoder is judged in the features of a critic of images, not pixel by pixel.

        encoder: KL + S + R;  decoder: similarity S + R - log sigmoid(critic(fake));  critic: its cross-entropy;
        S = |f(x) - f(E[x | z])|^2 / (2 feature_scale^2), f the critic's features;
        R = -pixels log p(x | z)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        similarity: weight of the learned similarity in the decoder's loss.
        feature_scale: how closely the features are held, see `FeatureSimilarity`.
        pixels: weight of the plain reconstruction. The paper has 0; then the critic wins on small data sets, and the
            features of x say too little of x.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> vae_gan((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Larsen et al., 2016, https://arxiv.org/abs/1512.09300
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
        options,
        objective=objective,
        likelihood={"name": "normal_fixed", "scale": 0.1},
        kind=AdversarialAutoencoder,
        critic=data_critic,
    )
