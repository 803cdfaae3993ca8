"""Recipes with several levels of latents, or with latent maps."""

from collections.abc import Sequence
from typing import Any, Unpack

from keras_vae.checks import check_integer
from keras_vae.distributions import Ladder, SpatialLadder
from keras_vae.models import Autoencoder
from keras_vae.networks.image_size import OF_SIZE, map_size
from keras_vae.objectives import KL, NLL
from keras_vae.widths import check_widths
from keras_vae.zoo.assemble import assemble, weight
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="hierarchies and maps",
    paper="Tomczak & Welling, 2018",
    url="https://arxiv.org/abs/1705.07120",
    options_of={"objective": ("warmup_steps",), "posterior": {"levels": "levels", "ladder_units": "units"}},
)
def hierarchical_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    levels: tuple[int, ...] | None = None,
    ladder_units: int = 64,
    warmup_steps: int = 0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with two levels of latents, both of which are inputs of the decoder.

        p(z_1) p(z_2 | z_1) p(x | z_1, z_2);  q(z_1 | x) q(z_2 | z_1, x)

    See section 3.2 of the paper.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of each of the two levels; the latent vector has shape `(2 * latent_dim,)`.
        levels: dimensions of each level, top first. None uses two levels of `latent_dim`.
        ladder_units: widths of the layers between the levels.
        warmup_steps: training batches over which the weight of the KL rises to 1.
        **parts: see `Parts`.

    Example:

    >>> hierarchical_vae((8, 8, 1), 4, units=(32,)).latent_shape
    (8,)
    >>> hierarchical_vae((8, 8, 1), 4, units=(32,), levels=(2, 6)).latent_shape
    (8,)
    """
    levels = (latent_dim,) * 2 if levels is None else levels
    ladder = _ladder(levels, ladder_units, merge="concatenate", decode="all")
    objective = NLL() + weight(1.0, warmup_steps) * KL()
    return assemble("hierarchical_vae", event_shape, latent_dim, parts, objective=objective, posterior=ladder)


@recipe(
    family="hierarchies and maps",
    paper="Sonderby et al., 2016",
    url="https://arxiv.org/abs/1602.02282",
    options_of={"objective": ("warmup_steps",), "posterior": {"levels": "levels", "ladder_units": "units"}},
)
def ladder_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    levels: tuple[int, ...] | None = None,
    ladder_units: int = 64,
    warmup_steps: int = 0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with several levels, whose posteriors combine bottom-up features and the top-down prior.

        q(z_l | z_<l, x) ~ N(up_l(x)) p(z_l | z_<l)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of each of the two levels; the latent vector has shape `(2 * latent_dim,)`.
        levels: dimensions of each level, top first. None uses two levels of `latent_dim`.
        ladder_units: widths of the layers between the levels.
        warmup_steps: training batches over which the weight of the KL rises to 1.
        **parts: see `Parts`.

    Example:

    >>> ladder_vae((8, 8, 1), 4, units=(32,)).latent_shape
    (8,)
    """
    levels = (latent_dim,) * 2 if levels is None else levels
    ladder = _ladder(levels, ladder_units, merge="precision", decode="bottom")
    objective = NLL() + weight(1.0, warmup_steps) * KL()
    return assemble("ladder_vae", event_shape, latent_dim, parts, objective=objective, posterior=ladder)


@recipe(
    family="hierarchies and maps",
    paper="Vahdat & Kautz, 2020",
    url="https://arxiv.org/abs/2007.03898",
    options_of={"objective": ("warmup_steps",), "posterior": {"levels": "levels", "ladder_units": "units"}},
)
def residual_ladder_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    levels: tuple[int, ...] | None = None,
    ladder_units: int = 64,
    warmup_steps: int = 0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Deep ladder VAE with a residual top-down path, and posteriors relative to the prior.

        h_(l+1) = h_l + f(h_l, z_l);  q(z_l | z_<l, x) = N(mu_p + sigma_p dmu, (sigma_p dsigma)^2)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of each of the four levels; the latent vector has shape `(4 * latent_dim,)`.
        levels: dimensions of each level, top first. None uses four levels of `latent_dim`.
        ladder_units: widths of the layers between the levels.
        warmup_steps: training batches over which the weight of the KL rises to 1.
        **parts: see `Parts`.

    Example:

    >>> residual_ladder_vae((8, 8, 1), 4, units=(32,)).latent_shape
    (16,)
    """
    levels = (latent_dim,) * 4 if levels is None else levels
    ladder = _ladder(levels, ladder_units, merge="residual", decode="all")
    objective = NLL() + weight(1.0, warmup_steps) * KL()
    return assemble("residual_ladder_vae", event_shape, latent_dim, parts, objective=objective, posterior=ladder)


@recipe(
    family="hierarchies and maps",
    paper="Rombach et al., 2022",
    url="https://arxiv.org/abs/2112.10752",
    options_of={"objective": ("beta",)},
)
def spatial_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 1.0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with a latent map, which keeps the position of details.

        z of shape (h, w, latent_dim);  loss = -E_q[log p(x | z)] + beta KL(q(z | x) || p(z))

    See section 3.1 of the paper.

    Args:
        event_shape: shape of one image of at least 8x8, such as `(28, 28, 1)`.
        latent_dim: channels of the latent map `(h, w, latent_dim)`; h and w are H and W, halved once for each
            of the `filters`.
        beta: weight of the KL.
        **parts: see `Parts`.

    Example:

    >>> spatial_vae((8, 8, 1), 4, filters=(8,)).latent_shape
    (4, 4, 4)
    """
    return assemble("spatial_vae", event_shape, latent_dim, parts, objective=NLL() + beta * KL(), network="spatial")


@recipe(
    family="hierarchies and maps",
    paper="Child, 2021",
    url="https://arxiv.org/abs/2011.10650",
    options_of={"objective": ("warmup_steps",), "posterior": {"blocks_per_map": "blocks", "ladder_filters": "filters"}},
)
def very_deep_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 8,
    *,
    blocks_per_map: tuple[int, ...] | None = None,
    ladder_filters: int = 64,
    warmup_steps: int = 0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Deep hierarchical VAE of images: many levels of latent maps, from coarse to fine.

        p(z_1) p(z_2 | z_1) ... p(x | h(z_1, z_2, ...));  q(z_l | z_<l, x) = N(mu_p + sigma_p dmu, (sigma_p dsigma)^2)

    Args:
        event_shape: shape of one image of at least 8x8, such as `(64, 64, 3)`.
        latent_dim: number of channels of each latent map.
        blocks_per_map: number of levels at each resolution, lowest first. Each resolution has half the height and width
            of the next; the last is that of the image, divided by `downsampling`, which is 2 for images up to 32 pixels
            and 4 for larger ones. None is two levels at each resolution of at least 4 pixels.
        ladder_filters: number of channels of the features between the levels.
        warmup_steps: training batches over which the weight of the KL rises to 1.
        **parts: see `Parts`; `downsampling`, `filters`, `size` and others are options of the spatial networks between
            the image and the maps of the highest resolution.

    Raises:
        InvalidInputError: if examples are not images of at least 8x8, or if an option is out of range.

    Example:

    >>> model = very_deep_vae((16, 16, 1), 2, ladder_filters=8)
    >>> model.latent_shape, model.posterior.levels
    ((320,), (32, 32, 128, 128))
    """
    own: dict[str, Any] = {"network": "spatial"}
    if all(parts.get(option) is None for option in OF_SIZE):
        own["downsampling"] = _downsampling(event_shape)
    grid = map_size(event_shape, **{**own, **parts})
    blocks = _blocks(grid) if blocks_per_map is None else check_widths("blocks_per_map", blocks_per_map)
    sizes = SpatialLadder.sizes_of(grid, blocks, channels=check_integer("latent_dim", latent_dim))
    ladder = SpatialLadder((sum(sizes),), grid=grid, blocks=blocks, channels=latent_dim, filters=ladder_filters)
    objective = NLL() + weight(1.0, warmup_steps) * KL()
    return assemble("very_deep_vae", event_shape, latent_dim, parts, objective=objective, posterior=ladder, **own)


LEVELS_PER_MAP, SMALLEST_MAP, SMALL_IMAGE = 2, 4, 32


def _downsampling(event_shape):
    return 2 if min(event_shape[:2]) <= SMALL_IMAGE else 4


def _blocks(grid):
    maps = 1
    while min(grid) / 2**maps >= SMALLEST_MAP:
        maps += 1
    return (LEVELS_PER_MAP,) * maps


def _ladder(levels: Sequence[int], units: int, **options: str) -> Ladder:
    levels = check_widths("levels", levels)
    return Ladder((sum(levels),), levels=levels, units=units, **options)
