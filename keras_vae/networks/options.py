"""The options of the networks, by name."""

from collections.abc import Sequence
from typing import TypedDict


class NetworkOptions(TypedDict, total=False):
    """Options of the networks that `make_networks` makes, from the encoder's side; which kind takes which, see there.

    Attributes:
        units: widths of the dense layers; one width of conv, resnet, conv1d and gru.
        activation: a Keras activation.
        filters: number of filters of each halving.
        features: number of feature maps that the decoder ends in.
        kernel_size: side (or length) of the convolution kernels.
        blocks: residual blocks after each halving.
        groups: groups of channels of the normalisation.
        dilations: dilations of the residual convolutions that follow each halving.
        unroll: whether to write out the time steps of gru one by one.
        decoder_l2: weight decay of the decoder's kernels, see `Regularized`.
        decoder_spectral_normalization: whether the decoder's kernels are divided by their spectral norms.
    """

    units: int | Sequence[int]
    activation: str | None
    filters: Sequence[int] | None
    features: int
    kernel_size: int
    blocks: int
    groups: int
    dilations: Sequence[int]
    unroll: bool
    decoder_l2: float
    decoder_spectral_normalization: bool
