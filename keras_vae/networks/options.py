"""The options of the networks."""

from collections.abc import Sequence
from typing import TypedDict


class NetworkOptions(TypedDict, total=False):
    """The options of `make_networks`, in the order of the encoder; see there for the options of each kind.

    Attributes:
        units: widths of the dense layers; a single width for conv, resnet, pca, conv1d and gru.
        activation: Keras activation.
        size: `"tiny"`, `"small"`, `"base"` or `"large"`: filters, blocks, units, attention, patch_size and upsampling
            as a function of the image shape; each of them can replace its value.
        filters: number of filters of each downsampling step.
        features: number of output feature maps of the decoder; of feature maps inside the decoder of pca.
        kernel_size: side (or length) of the convolution kernels.
        blocks: number of residual blocks after each downsampling step; in the decoder of pca.
        groups: number of channel groups of the normalisation.
        attention: whether to add self-attention at the lowest resolution, see `SpatialAttention`.
        patch_size: side of the patches of pixels that are one position of the first convolution, 1, 2 or 4.
        upsampling: `"nearest"` or `"subpixel"`, see `SubpixelUpsampling`.
        downsampling: ratio between the sides of the image and of the latent map, 2, 4, 8 or 16; an alternative to
            `filters`.
        dilations: dilations of the residual convolutions after each downsampling step.
        unroll: whether to unroll the time steps of gru.
        linear_skip: whether to add the linear paths of principal components, see `LinearSkipEncoder` and
            `PatchSkipEncoder`.
        decoder_l2: weight decay of the kernels of the decoder, see `Regularized`.
        decoder_spectral_normalization: whether to divide the kernels of the decoder by their spectral norms.

    Example:

    >>> options: NetworkOptions = {"units": (32, 16), "activation": "gelu"}
    >>> encoder, decoder = make_networks("mlp", (8,), 2, **options)
    >>> encoder.units, decoder.units
    ((32, 16), (16, 32))
    """

    units: int | Sequence[int]
    activation: str | None
    size: str | None
    filters: Sequence[int] | None
    features: int
    kernel_size: int
    blocks: int
    groups: int
    attention: bool | None
    patch_size: int | None
    upsampling: str | None
    downsampling: int | None
    dilations: Sequence[int]
    unroll: bool
    linear_skip: bool
    decoder_l2: float
    decoder_spectral_normalization: bool
