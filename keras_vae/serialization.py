"""Registration with Keras, and names resolved at the edge."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import keras

from keras_vae.errors import InvalidInputError, unknown

register = keras.saving.register_keras_serializable(package="keras_vae")


class HasEventShape(Protocol):
    """A part of a model over events of one shape."""

    event_shape: tuple[int, ...]


Part = TypeVar("Part", bound=HasEventShape)


def get(name: str, choices: Mapping[str, Any], *, part: str) -> Any:
    """`choices[name]`; raises `InvalidInputError` with the nearest known name if there is none."""
    if not isinstance(name, str) or name not in choices:
        raise InvalidInputError(unknown(name, choices, part=part))
    return choices[name]


def get_over(
    identifier: str | Mapping[str, Any] | Part,
    choices: Mapping[str, Callable[..., Part]],
    base: type[Part],
    event_shape: tuple[int, ...],
    *,
    part: str,
) -> Part:
    """The object itself, or a new one of the class named, over events of `event_shape`.

    Args:
        identifier: an instance of `base`, a key of `choices`, or a mapping of such a `name` and of options.
        choices: name -> class that takes the event shape and options.
        base: what an object must be an instance of; it has an `event_shape`.
        event_shape: the shape that the networks dictate.
        part: what is chosen, such as `"likelihood"`, for messages.

    Raises:
        InvalidInputError: for an unknown name, a foreign object or another event shape.
    """
    if isinstance(identifier, str):
        identifier = {"name": identifier}
    if isinstance(identifier, Mapping) and "name" in identifier:
        options = {name: value for name, value in identifier.items() if name != "name"}
        make = get(identifier["name"], choices, part=part)
        try:
            return make(event_shape, **options)
        except (TypeError, ValueError) as error:
            if isinstance(error, InvalidInputError):
                raise
            raise InvalidInputError(
                f"{part} {identifier['name']!r}: cannot use the options {options}: {error}."
            ) from error
    if not isinstance(identifier, base):
        raise InvalidInputError(f"{part}: expected a {base.__name__} or one of {sorted(choices)}; got {identifier!r}.")
    if identifier.event_shape != tuple(event_shape):
        raise InvalidInputError(
            f"{part}: its event_shape is {identifier.event_shape}, but the networks have {tuple(event_shape)}."
        )
    return identifier
