"""The semi-supervised VAE, M2."""

from typing import Any

from keras_vae.models import SemiSupervisedAutoencoder
from keras_vae.objectives import SemiSupervisedELBO
from keras_vae.zoo.assemble import assemble, classifier


def semi_supervised_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    classes: int = 10,
    alpha: float = 10.0,
    **options: Any,
) -> SemiSupervisedAutoencoder:
    """VAE that learns to classify with few labels: `fit(x, y)` with -1 where there is no label.

        loss = -L(x, y) - alpha log q(y | x), labelled;  -sum_y q(y | x) L(x, y) - H(q(y | x)), unlabelled

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        classes: number of labels.
        alpha: weight of the classification loss.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> semi_supervised_vae((8, 8, 1), 4, units=(32,)).classify(np.zeros((2, 8, 8, 1))).shape
    (2, 10)

    Reference: Kingma et al., 2014, https://arxiv.org/abs/1406.5298
    """
    return assemble(
        "semi_supervised_vae",
        event_shape,
        latent_dim,
        options,
        objective=SemiSupervisedELBO(alpha),
        kind=SemiSupervisedAutoencoder,
        condition=classes,
        classifier=classifier,
    )
