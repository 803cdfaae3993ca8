"""Recipes with discrete latents, from codebooks or from quantizers without one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from keras_vae.distributions import POSTERIORS, DiscretePosterior, VectorQuantizer
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.networks import make_networks
from keras_vae.objectives import KL, NLL, CodebookLoss, CodeEntropy, Commitment, Objective
from keras_vae.serialization import get_over
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
    quantizer = {"codebook_size": codebook_size, "levels": 1, "codebook_update": codebook_update}
    return _vector_quantized("vq_vae", event_shape, latent_dim, parts, embedding_dim, commitment, quantizer)


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

        loss = -log p(x | z) + commitment sum_l |r_l - sg(e_l)|^2 - log p(k),  z = sum_l e_l,
        e_l the entry of codebook l nearest to r_l,  r_1 = f(x),  r_(l+1) = r_l - e_l

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
    quantizer = {"codebook_size": codebook_size, "levels": levels, "codebook_update": codebook_update}
    return _vector_quantized("residual_vq_vae", event_shape, latent_dim, parts, embedding_dim, commitment, quantizer)


@recipe(
    family="discrete codes",
    paper="Mentzer et al., 2023",
    url="https://arxiv.org/abs/2309.15505",
    options_of={"posterior": ("sizes",)},
)
def fsq_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    sizes: Sequence[int] = (8, 5, 5, 5),
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose discrete latents are vectors of rounded numbers, and an autoregressive prior over them.

        loss = -log p(x | z) - log p(k),  z_d = round(b_d(f_d(x))) / floor(sizes[d] / 2), one of sizes[d] values

    There is no codebook to learn, and no loss other than the negative ELBO. The networks are spatial for images of at
    least 16x16, and dense otherwise.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: for dense networks, the number of codes; z has shape `(latent_dim, len(sizes))`. Spatial networks
            have one code per position, and z has shape `(h, w, len(sizes))` for any `latent_dim`.
        sizes: number of values of each number of a vector; their product is the number of codes. See
            `FiniteScalarQuantizer`.
        **parts: see `Parts`.

    Example:

    >>> model = fsq_vae((8, 8, 1), 4, units=(32,), sizes=(8, 6, 5))
    >>> model.latent_shape, model.prior.event_shape, model.posterior.codebook_size
    ((4, 3), (4,), 240)
    """
    return _quantized(
        "fsq_vae",
        event_shape,
        latent_dim,
        parts,
        options={"name": "finite_scalar_quantizer", "sizes": sizes},
        length=lambda options, _: np.size(options.get("sizes", sizes)),
        objective=NLL() + KL(),
    )


@recipe(
    family="discrete codes",
    paper="Yu et al., 2023",
    url="https://arxiv.org/abs/2310.05737",
    options_of={"objective": ("commitment", "entropy"), "posterior": ("bits",)},
)
def lfq_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    bits: int = 10,
    commitment: float = 0.25,
    entropy: float = 0.1,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose discrete latents are vectors of signs, and an autoregressive prior over them.

        loss = -log p(x | z) + commitment |f(x) - sg(z)|^2 + entropy (P H(k | x) - P H(k)) - log p(k),  z = sign(f(x))

    P is the number of codes of an example. There is no codebook to learn. The networks are spatial for images of at
    least 16x16, and dense otherwise.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: for dense networks, the number of codes; z has shape `(latent_dim, bits)`. Spatial networks have one
            code per position, and z has shape `(h, w, bits)` for any `latent_dim`.
        bits: length of a vector; there are 2^bits codes.
        commitment: weight of the commitment loss, which pulls the output of the encoder to -1 and 1.
        entropy: weight of `CodeEntropy`, which makes each code certain and all codes equally frequent.
        **parts: see `Parts`.

    Example:

    >>> model = lfq_vae((8, 8, 1), 4, units=(32,), bits=6)
    >>> model.latent_shape, model.prior.event_shape, model.posterior.codebook_size
    ((4, 6), (4,), 64)
    """
    return _quantized(
        "lfq_vae",
        event_shape,
        latent_dim,
        parts,
        options={"name": "lookup_free_quantizer"},
        length=lambda *_: bits,
        objective=NLL() + commitment * Commitment() + entropy * CodeEntropy() + KL(),
    )


def _vector_quantized(
    name: str,
    event_shape: tuple[int, ...],
    latent_dim: int,
    parts: Parts,
    embedding_dim: int | None,
    commitment: float,
    options: dict[str, Any],
) -> Autoencoder:
    """Builds a model with a `VectorQuantizer` of these options."""

    def length(options, spatial):
        if spatial and embedding_dim is not None:
            raise InvalidInputError(
                f"{label_of(name)}: embedding_dim would have no effect beside the network 'spatial', whose entries "
                "have length latent_dim; leave it out, or give a dense network, such as network='mlp'."
            )
        return latent_dim if spatial else 16 if embedding_dim is None else embedding_dim

    return _quantized(
        name,
        event_shape,
        latent_dim,
        parts,
        options={"name": "vector_quantizer", **options},
        length=length,
        objective=NLL() + commitment * Commitment() + KL(),
    )


def _quantized(
    name: str,
    event_shape: tuple[int, ...],
    latent_dim: int,
    parts: Parts,
    *,
    options: dict[str, Any],
    length: Callable[[Mapping[str, Any], bool], int],
    objective: Objective,
) -> Autoencoder:
    """Builds a model with a posterior over discrete codes and an autoregressive prior over them.

    Args:
        name: name of the recipe.
        event_shape: shape of one example.
        latent_dim: number of codes of a dense network.
        parts: the parts that the user passes.
        options: name and options of the recipe's own posterior.
        length: the length of a vector, from the options of the posterior and whether the network is spatial.
        objective: objective for the recipe's own posterior.
    """
    is_image = len(event_shape) == 3 and min(event_shape[:2]) >= 16
    own: dict[str, Any] = {"network": "spatial" if is_image else "auto"}
    label = label_of(name)
    network, networks = network_of(label, event_shape, own, parts)
    spatial = network == "spatial"
    asked = parts.get("posterior")
    given = {} if asked is None else asked
    if isinstance(given, Mapping) and given.get("name", options["name"]) == options["name"]:
        given = {**(options if "name" not in given else {}), **given}
        size = length(given, spatial)
        shape = (
            make_networks("spatial", event_shape, size, **networks)[1].input_shape[1:]
            if spatial
            else (latent_dim, size)
        )
        asked = get_over({"flatten": not spatial, **given}, POSTERIORS, DiscretePosterior, shape, part="posterior")
    own["posterior"] = asked
    if isinstance(asked, DiscretePosterior):
        own["prior"] = {"name": "autoregressive", "categories": asked.codebook_size}
    if isinstance(asked, VectorQuantizer) and asked.codebook_update == "gradient":
        objective = objective + CodebookLoss()
    return assemble(name, event_shape, latent_dim, {**parts, "posterior": None}, objective=objective, **own)
