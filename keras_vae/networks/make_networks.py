"""`make_networks`: builds an encoder and a decoder from the name of their kind."""

import inspect
import re
from collections.abc import Iterable
from typing import Unpack

from keras_vae.checks import check_event_shape, check_flag, check_integer, check_seed, is_channels_first
from keras_vae.errors import InvalidInputError
from keras_vae.networks.kinds import KINDS, WITH_LINEAR_SKIP, Pair
from keras_vae.networks.linear_skip import LinearSkipDecoder, LinearSkipEncoder
from keras_vae.networks.options import NetworkOptions
from keras_vae.networks.patch_skip import PatchSkipDecoder, PatchSkipEncoder
from keras_vae.random import initial_weights
from keras_vae.serialization import get

NETWORKS = ("auto", *KINDS)
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
    parameters = inspect.signature(KINDS[kind]).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    return [*names, "linear_skip"] if kind in WITH_LINEAR_SKIP else names


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
            others = [other for other in KINDS if option in options_of_network(other)]
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
            encoder, decoder = KINDS[resolved](input_shape, event_shape, *sizes, **own)
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
