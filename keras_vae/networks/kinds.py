"""The kinds of networks that `make_networks` builds: from shapes and options to an encoder and a decoder."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_vae.networks.conv import ConvDecoder, ConvEncoder, check_image_shape, default_filters
from keras_vae.networks.gated_mlp import GatedMLPDecoder, GatedMLPEncoder
from keras_vae.networks.image_size import sized_options
from keras_vae.networks.linear_skip import PCADecoder
from keras_vae.networks.mlp import MLPDecoder, MLPEncoder
from keras_vae.networks.resnet import ResNetDecoder, ResNetEncoder
from keras_vae.networks.sequence import SequenceDecoder, SequenceEncoder

Shape = tuple[int, ...]
Pair = tuple[keras.Model, keras.Model]


def _regularized(decoder_l2: float, decoder_spectral_normalization: bool) -> dict[str, Any]:
    return {"l2": decoder_l2, "spectral_normalization": decoder_spectral_normalization}


def _mlp(
    input_shape: Shape,
    event_shape: Shape,
    code_size: int,
    *,
    units: Sequence[int] = (512, 512),
    activation: str = "relu",
    decoder_l2: float = 0.0,
    decoder_spectral_normalization: bool = False,
) -> Pair:
    options = _regularized(decoder_l2, decoder_spectral_normalization)
    return (
        MLPEncoder(input_shape, units, activation=activation, name="encoder"),
        MLPDecoder((code_size,), tuple(units)[::-1], activation=activation, name="decoder", **options),
    )


def _gated_mlp(
    input_shape: Shape,
    event_shape: Shape,
    code_size: int,
    *,
    units: Sequence[int] = (300, 300),
    activation: str | None = None,
) -> Pair:
    return (
        GatedMLPEncoder(input_shape, units, activation=activation, name="encoder"),
        GatedMLPDecoder((code_size,), tuple(units)[::-1], activation=activation, name="decoder"),
    )


def _conv(
    input_shape: Shape,
    event_shape: Shape,
    code_size: int,
    *,
    filters: Sequence[int] | None = None,
    units: int = 256,
    features: int = 16,
    kernel_size: int = 3,
    activation: str = "relu",
    decoder_l2: float = 0.0,
    decoder_spectral_normalization: bool = False,
) -> Pair:
    options = {"units": units, "kernel_size": kernel_size, "activation": activation}
    of_decoder = {"features": features, **_regularized(decoder_l2, decoder_spectral_normalization)}
    return (
        ConvEncoder(input_shape, filters, name="encoder", **options),
        ConvDecoder((code_size,), event_shape, _reversed(filters), name="decoder", **options, **of_decoder),
    )


def _pca(
    input_shape: Shape,
    event_shape: Shape,
    code_size: int,
    condition_dim: int,
    *,
    filters: Sequence[int] | None = None,
    units: int = 256,
    features: int = 96,
    blocks: int = 2,
) -> Pair:
    check_image_shape("pca", event_shape)
    narrow = tuple(n // 2 for n in default_filters(*event_shape[:2]))
    return (
        ConvEncoder(input_shape, narrow if filters is None else filters, units=units, name="encoder"),
        PCADecoder(
            (code_size,), event_shape, condition_dim=condition_dim, filters=features, blocks=blocks, name="decoder"
        ),
    )


def _resnet(
    input_shape: Shape,
    event_shape: Shape,
    code_size: int,
    *,
    size: str | None = None,
    filters: Sequence[int] | None = None,
    units: int | None = None,
    features: int = 16,
    blocks: int | None = None,
    kernel_size: int = 3,
    activation: str = "swish",
    groups: int = 8,
    attention: bool | None = None,
    patch_size: int | None = None,
    upsampling: str | None = None,
) -> Pair:
    sized = sized_options(
        "resnet",
        event_shape,
        size=size,
        filters=filters,
        units=units,
        blocks=blocks,
        attention=attention,
        patch_size=patch_size,
        upsampling=upsampling,
    )
    options = {**_of_both(sized), "kernel_size": kernel_size, "activation": activation, "groups": groups}
    of_decoder = {**_of_decoder(sized), "features": features}
    return (
        ResNetEncoder(input_shape, sized.get("filters"), name="encoder", **options),
        ResNetDecoder((code_size,), event_shape, name="decoder", **options, **of_decoder),
    )


def _spatial(
    input_shape: Shape,
    event_shape: Shape,
    code_size: int,
    *,
    size: str | None = None,
    filters: Sequence[int] | None = None,
    features: int = 16,
    blocks: int | None = None,
    kernel_size: int = 3,
    activation: str = "swish",
    groups: int = 8,
    attention: bool | None = None,
    patch_size: int | None = None,
    upsampling: str | None = None,
    downsampling: int | None = None,
) -> Pair:
    sized = sized_options(
        "spatial",
        event_shape,
        size=size,
        downsampling=downsampling,
        filters=filters,
        blocks=blocks,
        attention=attention,
        patch_size=patch_size,
        upsampling=upsampling,
    )
    options = {
        **_of_both(sized),
        "kernel_size": kernel_size,
        "activation": activation,
        "groups": groups,
        "spatial": True,
    }
    of_decoder = {**_of_decoder(sized), "features": features}
    encoder = ResNetEncoder(input_shape, sized.get("filters"), name="encoder", **options)
    code_shape = (*encoder.map_shape[:2], code_size)
    return encoder, ResNetDecoder(code_shape, event_shape, name="decoder", **options, **of_decoder)


def _of_both(sized: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sized.items() if name not in ("filters", "upsampling")}


def _of_decoder(sized: dict[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in sized.items() if name == "upsampling"}
    return {**own, "filters": _reversed(sized.get("filters"))}


def _conv1d(
    input_shape: Shape,
    event_shape: Shape,
    code_size: int,
    *,
    filters: Sequence[int] | None = None,
    units: int = 256,
    features: int = 16,
    kernel_size: int = 5,
    dilations: Sequence[int] = (1, 2),
    activation: str = "relu",
) -> Pair:
    options = {"units": units, "kernel_size": kernel_size, "dilations": dilations, "activation": activation}
    of_decoder = {"filters": _reversed(filters), "features": features}
    return (
        SequenceEncoder(input_shape, "conv1d", filters=filters, name="encoder", **options),
        SequenceDecoder((code_size,), event_shape, "conv1d", name="decoder", **options, **of_decoder),
    )


def _gru(input_shape: Shape, event_shape: Shape, code_size: int, *, units: int = 128, unroll: bool = False) -> Pair:
    options = {"units": units, "unroll": unroll}
    return (
        SequenceEncoder(input_shape, "gru", name="encoder", **options),
        SequenceDecoder((code_size,), event_shape, "gru", name="decoder", **options),
    )


def _reversed(filters: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if filters is None else tuple(filters)[::-1]


KINDS: dict[str, Callable[..., Pair]] = {
    "conv": _conv,
    "conv1d": _conv1d,
    "gated_mlp": _gated_mlp,
    "gru": _gru,
    "mlp": _mlp,
    "pca": _pca,
    "resnet": _resnet,
    "spatial": _spatial,
}
"""Name -> function from the input shape of the encoder, the shape of an example, the size of a code and the options."""

WITH_LINEAR_SKIP = ("conv", "resnet", "spatial")
"""The kinds that can have the option `linear_skip`."""
