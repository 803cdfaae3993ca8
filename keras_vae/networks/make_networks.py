"""`make_networks`: builds an encoder and a decoder from the name of their kind."""

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Unpack

import keras

from keras_vae.checks import check_event_shape, check_flag, check_integer, check_seed, is_channels_first
from keras_vae.errors import InvalidInputError
from keras_vae.networks.conv import ConvDecoder, ConvEncoder, check_image_shape, default_filters
from keras_vae.networks.gated_mlp import GatedMLPDecoder, GatedMLPEncoder
from keras_vae.networks.image_size import sized_options
from keras_vae.networks.linear_skip import LinearSkipDecoder, LinearSkipEncoder, PCADecoder
from keras_vae.networks.mlp import MLPDecoder, MLPEncoder
from keras_vae.networks.options import NetworkOptions
from keras_vae.networks.patch_skip import PatchSkipDecoder, PatchSkipEncoder
from keras_vae.networks.resnet import ResNetDecoder, ResNetEncoder
from keras_vae.networks.sequence import SequenceDecoder, SequenceEncoder
from keras_vae.random import initial_weights
from keras_vae.serialization import get

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


_MAKERS: dict[str, Callable[..., Pair]] = {
    "conv": _conv,
    "conv1d": _conv1d,
    "gated_mlp": _gated_mlp,
    "gru": _gru,
    "mlp": _mlp,
    "pca": _pca,
    "resnet": _resnet,
    "spatial": _spatial,
}

_WITH_LINEAR_SKIP = ("conv", "resnet", "spatial")

NETWORKS = ("auto", *_MAKERS)
"""The kinds of networks."""


def resolved_network(kind: str, event_shape: tuple[int, ...]) -> str:
    """Returns the kind of network for examples of this shape: `kind`, or the selection of `"auto"`.

    Raises:
        InvalidInputError: for an unknown kind; for `"auto"`, also if the channels of images are first.

    Example:

    >>> resolved_network("auto", (28, 28, 1)), resolved_network("auto", (8, 8, 1))
    ('conv', 'mlp')
    """
    kind = get(kind, dict(zip(NETWORKS, NETWORKS, strict=True)), part="network")
    if kind != "auto":
        return kind
    if is_channels_first(event_shape):
        raise InvalidInputError(
            f"network: expected images with their channels last, (H, W, C), got {event_shape}, which looks like "
            "(C, H, W); move the axis of the data, np.moveaxis(x, 1, -1), or choose network='mlp', which knows no axes."
        )
    if len(event_shape) == 3 and min(event_shape[:2]) >= 16:
        return "conv"
    return "conv1d" if len(event_shape) == 2 and event_shape[0] >= 8 else "mlp"


def options_of_network(kind: str) -> list[str]:
    """Returns the names of the options of a kind of network.

    Args:
        kind: see `make_networks`; not `"auto"`.

    Example:

    >>> options_of_network("gru")
    ['units', 'unroll']
    """
    parameters = inspect.signature(_MAKERS[kind]).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    return [*names, "linear_skip"] if kind in _WITH_LINEAR_SKIP else names


def check_network_options(kind: str, event_shape: tuple[int, ...], options: Iterable[str]) -> None:
    """Checks that a kind of network has these options.

    Args:
        kind: see `make_networks`.
        event_shape: shape of one example.
        options: names of options.

    Raises:
        InvalidInputError: for an unknown kind, or for the first option that it does not have.

    Example:

    >>> check_network_options("gru", (16, 2), ["filters"])
    Traceback (most recent call last):
    keras_vae.errors.InvalidInputError: network 'gru' takes no option 'filters': ...; gru takes units, unroll.
    """
    resolved = resolved_network(kind, event_shape)
    own = options_of_network(resolved)
    for option in options:
        if option not in own:
            choice = f" (network='auto' for examples of shape {event_shape})" if kind == "auto" else ""
            others = [other for other in _MAKERS if option in options_of_network(other)]
            hint = f"{', '.join(others)} {'take' if others[1:] else 'takes'} it; " if others else ""
            raise InvalidInputError(
                f"network {resolved!r}{choice} takes no option {option!r}: {hint}{resolved} takes {', '.join(own)}."
            )


def make_networks(
    kind: str,
    event_shape: tuple[int, ...],
    latent_dim: int,
    *,
    condition_dim: int = 0,
    encoder_input_shape: tuple[int, ...] | None = None,
    seed: int | None = None,
    **options: Unpack[NetworkOptions],
) -> Pair:
    """Returns an encoder for examples of `event_shape`, and a decoder that is its mirror image.

    Args:
        kind: `"mlp"` or `"gated_mlp"` for any data; `"conv"`, `"resnet"`, `"pca"` or `"spatial"` for images of at least
            8x8, where `"pca"` corrects principal components, see `PCADecoder`, and the latents of `"spatial"` are maps
            `(h, w, latent_dim)`; `"conv1d"` or `"gru"` for sequences
            `(T, C)`; or `"auto"`, which is conv for images of at least 16x16, conv1d for sequences of at least 8 steps,
            and mlp otherwise.
        event_shape: shape of one example, as the decoder describes it.
        latent_dim: length of the latent vector; for `"spatial"`, the number of channels of the latent map.
        condition_dim: length of the condition, a vector that is appended to the last axis of the inputs of the encoder
            and the decoder.
        encoder_input_shape: input shape of the encoder without the condition. None uses `event_shape`.
        seed: seed of the initial weights. None draws one.
        **options: options of the networks, see `NetworkOptions`: `units` and `activation` of mlp, gated_mlp, conv,
            resnet and conv1d; `filters`, `features` and `kernel_size` of conv, resnet, spatial and conv1d; `filters`,
            `units`, `features` and `blocks` of pca; `size`, `blocks`, `groups`, `attention`, `patch_size`,
            `upsampling` and `activation` of resnet and spatial; `downsampling` of spatial; `dilations` of conv1d;
            `units` and `unroll` of gru; `decoder_l2` and `decoder_spectral_normalization` of mlp and conv;
            `linear_skip` of conv, resnet and spatial.

    Raises:
        InvalidInputError: for an unknown kind, for a `latent_dim` below 1, or for an option that the networks do not
            have.

    Example:

    >>> encoder, decoder = make_networks("mlp", (8, 8, 1), 4, units=(64, 32))
    >>> decoder.units
    (32, 64)
    >>> encoder, decoder = make_networks("spatial", (28, 28, 1), 4, condition_dim=10)
    >>> encoder.input_shape, decoder.input_shape
    ((None, 28, 28, 11), (None, 7, 7, 14))
    """
    event_shape = check_event_shape("network", event_shape)
    latent_dim = check_integer("latent_dim", latent_dim)
    condition_dim = check_integer("condition_dim", condition_dim, least=0)
    input_shape = (
        event_shape if encoder_input_shape is None else check_event_shape("network's encoder", encoder_input_shape)
    )
    input_shape = (*input_shape[:-1], input_shape[-1] + condition_dim)
    resolved = resolved_network(kind, event_shape)
    check_network_options(kind, event_shape, options)
    try:
        with initial_weights(None if seed is None else check_seed(seed), "networks"):
            own = {name: value for name, value in options.items() if name != "linear_skip"}
            sizes = (latent_dim + condition_dim, *((condition_dim,) if resolved == "pca" else ()))
            encoder, decoder = _MAKERS[resolved](input_shape, event_shape, *sizes, **own)
            return _with_linear_skip(encoder, decoder, resolved, event_shape, latent_dim, options)
    except InvalidInputError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"network {resolved!r}: cannot use the options {options}: {_plain(error)}.") from error


def _with_linear_skip(encoder, decoder, kind, event_shape, latent_dim, options):
    asked = check_flag(f"network {kind!r}: linear_skip", options.get("linear_skip", False))
    if asked and kind == "spatial":
        decoder = PatchSkipDecoder(decoder, event_shape, name="patch_skip_decoder")
        return PatchSkipEncoder(encoder, latent_dim, name="patch_skip_encoder"), decoder
    if asked:
        decoder = LinearSkipDecoder(decoder, event_shape, name="linear_skip_decoder")
    if asked or kind == "pca":
        encoder = LinearSkipEncoder(encoder, latent_dim, name="linear_skip_encoder")
    return encoder, decoder


def _plain(error: Exception) -> str:
    """Returns the message of an error without the name of an internal function."""
    return re.sub(r"^\w+(\.\w+)*\(\) ", "it ", str(error))
