"""The VAE for tables."""

from collections.abc import Sequence
from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def tabular_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    columns: Sequence[str | tuple[str, int]] | None = None,
    **options: Any,
) -> Autoencoder:
    """VAE for tables whose columns are real, binary, counts or categories.

        p(x | z) = prod_j p_j(x_j | z), each column of its own family

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        columns: kind of each column: `"real"`, `"binary"`, `"count"` or `("categorical", K)`; all real when None.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> tabular_vae((3,), 4, columns=["real", "binary", ("categorical", 4)], units=(32,)).sample(3, seed=0).shape
    (3, 3)

    Reference: Nazabal et al., 2020, https://arxiv.org/abs/1807.03653
    """
    columns = ["real"] * event_shape[0] if columns is None else columns
    options = {"network": "mlp", **options}
    return assemble(
        "tabular_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        likelihood={"name": "table", "columns": columns},
    )
