"""The sparse autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, L1Activity, SparsityKL
from keras_vae.serialization import get
from keras_vae.zoo.assemble import assemble


def sparse_ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    sparsity: float = 0.1,
    penalty: str = "l1",
    rate: float = 0.05,
    **options: Any,
) -> Autoencoder:
    """Sparse autoencoder: few units of the code are active for any one example.

        loss = -log p(x | z) + sparsity * sum_d |z_d|                               penalty "l1"
        loss = -log p(x | z) + sparsity * sum_d KL(rate || mean activation of d)    penalty "kl"

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        sparsity: weight of the penalty.
        penalty: `"l1"`, or `"kl"` on units through a sigmoid.
        rate: target activation of the `"kl"` penalty.
        **options: of its parts and networks, see `assemble`.

    Raises:
        InvalidInputError: for an unknown penalty.

    Example:

    >>> sparse_ae((8, 8, 1), 4, units=(32,)).reconstruct(np.zeros((3, 8, 8, 1))).shape
    (3, 8, 8, 1)

    Reference: Ng, 2011, https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf
    """
    penalties = {"l1": L1Activity(), "kl": SparsityKL(rate)}
    return assemble(
        "sparse_ae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + sparsity * get(penalty, penalties, part="penalty"),
        posterior="deterministic",
        prior=None,
    )
