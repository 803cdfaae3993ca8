"""Recipes that use labels as a condition or as a target."""

from typing import Unpack

from keras_vae.models import Autoencoder, SemiSupervisedAutoencoder
from keras_vae.objectives import KL, NLL, SemiSupervisedELBO
from keras_vae.zoo.assemble import assemble, classifier
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="labels",
    paper="Sohn, Lee & Yan, 2015",
    url="https://papers.nips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html",
    options_of={"condition": ("classes",)},
)
def conditional_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    classes: int = 10,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE conditioned on a label or a vector; it generates examples of a given label.

        loss = -E_q(z|x,y)[log p(x | y, z)] + KL(q(z | x, y) || p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        classes: number of classes. For vectors, pass `condition=VectorCondition(size)` instead.
        **parts: see `Parts`.

    Example:

    >>> model = conditional_vae((8, 8, 1), 4, units=(32,))
    >>> model.sample(3, seed=0, condition=[7, 7, 1]).shape
    (3, 8, 8, 1)
    """
    return assemble("conditional_vae", event_shape, latent_dim, parts, objective=NLL() + KL(), condition=classes)


@recipe(
    family="labels",
    paper="Kingma et al., 2014",
    url="https://arxiv.org/abs/1406.5298",
    options_of={"objective": ("alpha",), "condition": ("classes",)},
)
def semi_supervised_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    classes: int = 10,
    alpha: float = 10.0,
    **parts: Unpack[Parts],
) -> SemiSupervisedAutoencoder:
    """VAE that learns a classifier from few labels: `fit(x, y)`, where -1 marks unlabelled examples.

        loss = -L(x, y) - alpha log q(y | x), labelled;  -sum_y q(y | x) L(x, y) - H(q(y | x)), unlabelled;
        L(x, y) = E_q(z|x,y)[log p(x | y, z)] - KL(q(z | x, y) || p(z)) + log p(y)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        classes: number of classes.
        alpha: weight of the classification loss.
        **parts: see `Parts`.

    Example:

    >>> model = semi_supervised_vae((8, 8, 1), 4, units=(32,))
    >>> model.classify(np.zeros((2, 8, 8, 1))).shape
    (2, 10)
    """
    return assemble(
        "semi_supervised_vae",
        event_shape,
        latent_dim,
        parts,
        objective=SemiSupervisedELBO(alpha),
        kind=SemiSupervisedAutoencoder,
        condition=classes,
        new_classifier=classifier,
    )
