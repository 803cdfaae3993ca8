"""An encoder and the decoder that mirrors it."""

from collections.abc import Callable, Sequence

import keras

from keras_vae.checks import check_event_shape, check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.networks.conv import ConvDecoder, ConvEncoder
from keras_vae.networks.mlp import MLPDecoder, MLPEncoder
from keras_vae.serialization import get

Pair = tuple[keras.Model, keras.Model]


def _mlp(event_shape, latent_dim, *, units: Sequence[int] = (512, 512), activation: str = "relu") -> Pair:
    return (
        MLPEncoder(event_shape, units, activation=activation, name="encoder"),
        MLPDecoder((latent_dim,), tuple(units)[::-1], activation=activation, name="decoder"),
    )


def _conv(event_shape, latent_dim, *, filters: Sequence[int] | None = None, **options) -> Pair:
    return (
        ConvEncoder(event_shape, filters, name="encoder", **options),
        ConvDecoder((latent_dim,), event_shape, filters and tuple(filters)[::-1], name="decoder", **options),
    )


def _auto(event_shape, latent_dim, **options) -> Pair:
    is_image = len(event_shape) == 3 and min(event_shape[:2]) >= 16
    return (_conv if is_image else _mlp)(event_shape, latent_dim, **options)


NETWORKS: dict[str, Callable[..., Pair]] = {"auto": _auto, "conv": _conv, "mlp": _mlp}


def mirrored(kind: str, event_shape: tuple[int, ...], latent_dim: int, **options) -> Pair:
    """An encoder for examples of `event_shape` and its mirror image for codes of `latent_dim` numbers.

    Args:
        kind: `"mlp"`, `"conv"`, or `"auto"`: conv for images of at least 16x16, else mlp.
        event_shape: shape of one example.
        latent_dim: length of a code.
        **options: of the networks, such as `units`, `filters` and `activation`, seen from the encoder's side.

    Raises:
        InvalidInputError: for an unknown kind, a `latent_dim` below 1 or an unknown option.

    Example:

    >>> encoder, decoder = mirrored("mlp", (8, 8, 1), 4, units=(64, 32))
    >>> decoder.units
    (32, 64)
    """
    event_shape = check_event_shape("network", event_shape)
    latent_dim = check_integer("latent_dim", latent_dim)
    build = get(kind, NETWORKS, part="network")
    try:
        return build(event_shape, latent_dim, **options)
    except InvalidInputError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"network {kind!r}: cannot use the options {options}: {error}.") from error
