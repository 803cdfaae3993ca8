"""The widths and depths of the residual networks, by one option `size`."""

import math
from dataclasses import dataclass
from typing import Any

from keras_vae.checks import is_integer
from keras_vae.errors import InvalidInputError
from keras_vae.networks.conv import WIDTHS, check_filters, check_image_shape, halvings
from keras_vae.networks.resnet import check_patch_size
from keras_vae.serialization import get
from keras_vae.widths import halved, in_patches

DOWNSAMPLINGS = (2, 4, 8, 16)

OF_SIZE = ("size", "downsampling", "filters", "patch_size")
"""The options that determine the size of the latent maps."""


LARGE_IMAGE = 48
"""The shorter side of images whose latent maps have a `size` by default."""


@dataclass(frozen=True)
class _Size:
    width: int  # filters of the first stage; each following stage has twice as many, up to `widest`
    widest: int
    blocks: int
    units: int
    pixels: int  # the shorter side that the convolutions work at: larger images are read in patches
    positions: int  # attention if the lowest map has no more positions


SIZES = {
    "tiny": _Size(32, 128, blocks=1, units=256, pixels=32, positions=0),
    "small": _Size(64, 256, blocks=1, units=256, pixels=32, positions=256),
    "base": _Size(64, 512, blocks=2, units=512, pixels=64, positions=1024),
    "large": _Size(128, 512, blocks=3, units=1024, pixels=128, positions=1024),
}


def sized_options(
    part: str,
    image_shape: tuple[int, ...],
    *,
    size: str | None = None,
    downsampling: int | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Returns the options of `ResNetEncoder` and `ResNetDecoder` that follow from `size` and the shape of the images.

    Args:
        part: kind of the network, `"resnet"` or `"spatial"`, whose latents are a map.
        image_shape: `(H, W, C)` of the images.
        size: `"tiny"`, `"small"`, `"base"` or `"large"`. None is `"tiny"` for latent maps of images of at least 48
            pixels, unless their size is given by other options, and else the defaults of the networks.
        downsampling: ratio between the sides of the image and of the latent map, 2, 4, 8 or 16. None follows from the
            `filters`, or from `size`.
        **given: options that replace those of `size`; None does not.

    Raises:
        InvalidInputError: for images below 8x8, an unknown `size`, or a `downsampling` that is not one of these
            numbers, larger than the shorter side of the image, below twice the `patch_size`, or beside `filters`.

    Example:

    >>> options = sized_options("resnet", (64, 64, 3), size="tiny")
    >>> options["filters"], options["patch_size"], options["upsampling"]
    ((32, 64, 128), 2, 'subpixel')
    >>> sized_options("spatial", (64, 64, 3), size="tiny", downsampling=4)["filters"]
    (32,)
    """
    height, width, _ = check_image_shape(part, image_shape)
    shorter = min(height, width)
    given = {name: value for name, value in given.items() if value is not None}
    if downsampling is not None:
        _check_downsampling(part, downsampling, shorter, given)
    elif size is None and part == "spatial" and shorter >= LARGE_IMAGE and not {*OF_SIZE} & {*given}:
        size = "tiny"
    if size is None:
        if downsampling is None:
            return given
        stages = _stages(part, downsampling, check_patch_size(part, given.get("patch_size", 1)))
        return {**given, "filters": tuple(WIDTHS[min(i, len(WIDTHS) - 1)] for i in range(stages))}
    one = get(size, SIZES, part="size")
    if "patch_size" in given:
        check_patch_size(part, given["patch_size"])
    if downsampling is None:
        default = _default_downsampling(shorter) if part == "spatial" else 1 << halvings(height, width)
        downsampling = max(default, 2 * int(given.get("patch_size", 1)))
    patch_size = next(each for each in (1, 2, 4) if shorter <= each * one.pixels or each == 4)
    patch_size = given.get("patch_size", min(patch_size, downsampling // 2))
    if "filters" in given:
        given["filters"] = check_filters(part, given["filters"], (height, width))
        stages = len(given["filters"])
    else:
        stages = _stages(part, downsampling, patch_size)
    rows, columns = in_patches((height, width), patch_size * 2**stages)
    return {
        "filters": tuple(min(one.width * 2**i, one.widest) for i in range(stages)),
        "blocks": one.blocks,
        "units": one.units,
        "patch_size": patch_size,
        "upsampling": "subpixel",
        "attention": rows * columns <= one.positions,
        **given,
    }


def map_size(image_shape: tuple[int, ...], **options: Any) -> tuple[int, int]:
    """Returns the height and width of the latent maps of `"spatial"` networks.

    Args:
        image_shape: `(H, W, C)` of the images.
        **options: options of the networks; those that do not matter are ignored.

    Raises:
        InvalidInputError: as `sized_options`.

    Example:

    >>> map_size((64, 64, 3)), map_size((64, 48, 3), downsampling=4), map_size((28, 28, 1), filters=(32, 64))
    ((8, 8), (16, 12), (7, 7))
    """
    sized = sized_options("spatial", image_shape, **{name: options.get(name) for name in OF_SIZE})
    rows, columns, _ = image_shape
    grid = in_patches((rows, columns), check_patch_size("spatial", sized.get("patch_size", 1)))
    filters = check_filters("spatial", sized.get("filters"), grid)
    height, width = halved(grid, len(filters))[-1]
    return height, width


def _check_downsampling(part, downsampling, shorter, given):
    if not is_integer(downsampling) or downsampling not in DOWNSAMPLINGS:
        raise InvalidInputError(f"{part}: expected a downsampling of 2, 4, 8 or 16, got {downsampling!r}.")
    if "filters" in given:
        raise InvalidInputError(
            f"{part}: expected downsampling or filters, got downsampling={downsampling} and "
            f"filters={given['filters']!r}, where each of the filters halves the image; leave out one of them."
        )
    if downsampling > shorter:
        raise InvalidInputError(
            f"{part}: expected a downsampling of at most {shorter}, the shorter side of the images, "
            f"got {downsampling}; choose a smaller one."
        )


def _stages(part, downsampling, patch_size):
    """Returns the number of halvings after the patches."""
    if downsampling < 2 * patch_size:
        raise InvalidInputError(
            f"{part}: expected a patch_size of at most half the downsampling, got patch_size={patch_size} and a "
            f"downsampling of {downsampling}; choose a smaller patch_size."
        )
    return int(math.log2(downsampling // patch_size))


def _default_downsampling(shorter):
    """Returns the largest of 2, 4 and 8 whose map has 8 rows and columns or more; 2 for small images."""
    return max(each for each in (2, 4, 8) if each == 2 or shorter >= 8 * each)
