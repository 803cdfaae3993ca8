"""Recipes with discrete latents from codebooks."""

from collections.abc import Mapping
from typing import Any, Unpack

from keras_vae.distributions import DiscretePosterior, VectorQuantizer
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.networks import make_networks
from keras_vae.objectives import KL, NLL, CodebookLoss, Commitment
from keras_vae.zoo.assemble import assemble, network_of
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import label_of, recipe


@recipe(
    family="discrete codes",
    paper="van den Oord, Vinyals & Kavukcuoglu, 2017",
    url="https://arxiv.org/abs/1711.00937",
    options_of={"objective": ("commitment",), "posterior": ("codebook_size", "embedding_dim", "codebook_update")},
)
def vq_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    codebook_size: int = 128,
    embedding_dim: int | None = None,
    commitment: float = 0.25,
    codebook_update: str = "ema",
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with discrete latents from a codebook, and an autoregressive prior over them.

        loss = -log p(x | z) + commitment |f(x) - sg(z)|^2 - log p(k),  z the codebook entries nearest to f(x)

    The networks are spatial for images of at least 16x16, and dense otherwise.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: for dense networks, the number of codes; z has shape `(latent_dim, embedding_dim)`. For spatial
            networks, the length of a codebook entry; z has shape `(h, w, latent_dim)`, one code per position.
        codebook_size: number of entries in a codebook.
        embedding_dim: length of an entry for dense networks, 16 when None; rejected with spatial networks.
        commitment: weight of the commitment loss, which pulls the output of the encoder to the codebook.
        codebook_update: `"ema"` or `"gradient"`.
        **parts: see `Parts`.

    Example:

    >>> model = vq_vae((8, 8, 1), 4, units=(32,), embedding_dim=8)
    >>> model.latent_shape, model.prior.event_shape
    ((4, 8), (4,))
    >>> vq_vae((16, 16, 1), 4, filters=(8, 8)).latent_shape
    (4, 4, 4)
    """
    return _quantized(
        "vq_vae",
        event_shape,
        latent_dim,
        parts,
        embedding_dim,
        commitment,
        codebook_size=codebook_size,
        levels=1,
        codebook_update=codebook_update,
    )


@recipe(
    family="discrete codes",
    paper="Zeghidour et al., 2021",
    url="https://arxiv.org/abs/2107.03312",
    options_of={
        "objective": ("commitment",),
        "posterior": ("codebook_size", "embedding_dim", "codebook_update", "levels"),
    },
)
def residual_vq_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    codebook_size: int = 128,
    embedding_dim: int | None = None,
    commitment: float = 0.25,
    codebook_update: str = "ema",
    levels: int = 4,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with several codebooks, each of which quantizes the residual of the previous ones.

        loss = -log p(x | z) + commitment |f(x) - sg(z)|^2 - log p(k),  z the codebook entries nearest to f(x)

    The networks are spatial for images of at least 16x16, and dense otherwise.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: for dense networks, the number of codes per codebook; z has shape `(latent_dim, embedding_dim)`. For
            spatial networks, the length of a codebook entry; z has shape `(h, w, latent_dim)`, with `levels` codes per
            position.
        codebook_size: number of entries in a codebook.
        embedding_dim: length of an entry for dense networks, 16 when None; rejected with spatial networks.
        commitment: weight of the commitment loss, which pulls the output of the encoder to the codebook.
        codebook_update: `"ema"` or `"gradient"`.
        levels: number of codebooks.
        **parts: see `Parts`.

    Example:

    >>> model = residual_vq_vae((8, 8, 1), 4, units=(32,), embedding_dim=8, levels=2)
    >>> model.latent_shape, model.prior.event_shape
    ((4, 8), (4, 2))
    """
    return _quantized(
        "residual_vq_vae",
        event_shape,
        latent_dim,
        parts,
        embedding_dim,
        commitment,
        codebook_size=codebook_size,
        levels=levels,
        codebook_update=codebook_update,
    )


def _quantized(
    name: str,
    event_shape: tuple[int, ...],
    latent_dim: int,
    parts: Parts,
    embedding_dim: int | None,
    commitment: float,
    **quantizer: Any,
) -> Autoencoder:
    """Builds a model with a `VectorQuantizer` of these options and an autoregressive prior over its codes."""
    is_image = len(event_shape) == 3 and min(event_shape[:2]) >= 16
    own: dict[str, Any] = {"network": "spatial" if is_image else "auto"}
    label = label_of(name)
    network, networks = network_of(label, event_shape, own, parts)
    if network == "spatial" and embedding_dim is not None:
        raise InvalidInputError(
            f"{label}: embedding_dim would have no effect beside the network 'spatial', whose entries have length "
            "latent_dim; leave it out, or give a dense network, such as network='mlp'."
        )
    asked = parts.get("posterior")
    changes_own = asked is None or (isinstance(asked, Mapping) and "name" not in asked)
    if changes_own or (isinstance(asked, Mapping) and asked["name"] == "vector_quantizer"):
        if network == "spatial":
            shape = make_networks("spatial", event_shape, latent_dim, **networks)[1].input_shape[1:]
        else:
            shape = (latent_dim, 16 if embedding_dim is None else embedding_dim)
        given = asked if isinstance(asked, Mapping) else {}
        options = {option: value for option, value in given.items() if option != "name"}
        options = {"flatten": network != "spatial", **(quantizer if changes_own else {}), **options}
        asked = VectorQuantizer(shape, **options)
    own["posterior"] = asked
    if isinstance(asked, DiscretePosterior):
        own["prior"] = {"name": "autoregressive", "categories": asked.codebook_size}
    objective = NLL() + commitment * Commitment() + KL()
    if isinstance(asked, VectorQuantizer) and asked.codebook_update == "gradient":
        objective = objective + CodebookLoss()
    return assemble(name, event_shape, latent_dim, {**parts, "posterior": None}, objective=objective, **own)
