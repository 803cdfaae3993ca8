"""Serialization with Keras, and lookup of parts by name."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, Self, TypeVar

import keras

from keras_vae.errors import InvalidInputError, one_line, unknown, unknown_option
from keras_vae.sublayers import changed_sublayers

ITEMS = "__items__"
"""The class name of a mapping that a configuration contains as a list of its items."""

OF_KERAS = ("activity_regularizer", "autocast", "dtype", "name", "trainable")
"""The arguments of any layer of Keras."""

Registered = TypeVar("Registered", bound=type)


def register(cls: Registered) -> Registered:
    """Registers a class of your own with Keras, so that a model that contains it can be loaded.

    It is `keras.saving.register_keras_serializable` with the package `keras_vae`. Use it as a decorator.

    Args:
        cls: a class with `get_config`, such as a subclass of `Term`.

    Returns:
        The class.

    Example:

    >>> @kv.register
    ... class HalfWarmup(kv.LinearWarmup):
    ...     '''A warm-up to 0.5.'''
    >>> keras.saving.get_registered_name(HalfWarmup)
    'keras_vae>HalfWarmup'
    """
    return keras.saving.register_keras_serializable(package="keras_vae")(cls)


class Serializable:
    """Derives `get_config` and `from_config` from the arguments of the constructor.

    The configuration of an object contains all arguments of its constructor, and of the constructors of its parents
    that receive `**kwargs`. The value of an argument is the attribute of the same name. Keras objects are serialized,
    also within lists and mappings. Some mappings are serialized as a list of their items, so that deserialization
    restores them: those with keys that are not strings, and those with a `class_name` that are not the configuration
    of a Keras object. A class that defines `get_config` extends `super().get_config()` by all arguments of its own
    constructor.

    Raises:
        InvalidInputError: from `get_config`, if an argument is not an attribute that Keras can serialize.

    Example:

    >>> LinearWarmup(10, 4.0).get_config()
    {'steps': 10, 'final': 4.0}
    """

    def get_config(self) -> dict[str, Any]:
        parent: Any = super()
        config: dict[str, Any] = parent.get_config() if isinstance(self, keras.layers.Layer) else {}
        for name in [name for name in dict.fromkeys(_arguments(type(self))) if name not in config]:
            # The argument "sublayers" is not an attribute: it contains the changes of internal layers.
            if name == "sublayers" and isinstance(self, keras.layers.Layer):
                config |= changed_sublayers(self) if self.built else {}
                continue
            try:
                config[name] = keras.saving.serialize_keras_object(_with_listed_items(getattr(self, name)))
            except (AttributeError, TypeError, ValueError) as error:
                raise InvalidInputError(
                    f"{type(self).__name__}: expected its argument {name!r} as an attribute that Keras can serialize; "
                    f"set self.{name} in __init__, or define get_config ({one_line(error)})."
                ) from error
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        def deserialized(value):
            if isinstance(value, dict) and value.get("class_name") == ITEMS:
                items = keras.tree.traverse(deserialized, list(value["config"]))
                return {tuple(key) if isinstance(key, list) else key: one for key, one in items}
            if isinstance(value, dict) and "class_name" in value:
                return keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            return None  # `traverse` keeps the value, or visits its items

        return cls(**keras.tree.traverse(deserialized, dict(config)))


def _with_listed_items(value: Any) -> Any:
    """Replaces each mapping that deserialization would not restore by a mapping with a list of its items."""
    if isinstance(value, dict):
        items = {key: _with_listed_items(one) for key, one in value.items()}
        is_keras = {"module", "class_name", "config", "registered_name"} <= set(value)
        if is_keras or ("class_name" not in value and all(isinstance(key, str) for key in value)):
            return items
        return {"class_name": ITEMS, "config": [list(item) for item in items.items()]}
    if isinstance(value, (list, tuple)):  # includes lists that Keras tracks
        return (tuple if isinstance(value, tuple) else list)(map(_with_listed_items, value))
    return value


def _arguments(cls: type[Serializable]) -> Iterator[str]:
    """Yields the arguments of the constructors of a class and of the parents that receive `**kwargs`."""
    for base in cls.__mro__[: cls.__mro__.index(Serializable)]:
        if "__init__" in vars(base) and "get_config" not in vars(base):
            _, *parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            for one in parameters:
                if one.kind in (one.VAR_POSITIONAL, one.POSITIONAL_ONLY):
                    raise InvalidInputError(
                        f"{cls.__name__}: expected a constructor whose arguments have names, which a configuration can "
                        f"give back, got {one}; name them, take **kwargs for those of the parents or define get_config."
                    )
            yield from (one.name for one in parameters if one.kind != one.VAR_KEYWORD)
            if not any(one.kind == one.VAR_KEYWORD for one in parameters):
                return


def constructor_options(cls: type[Serializable]) -> list[str]:
    """Returns the names of the arguments of the constructors of a class and of the parents that receive `**kwargs`."""
    names: dict[str, None] = {}
    for base in cls.__mro__[: cls.__mro__.index(Serializable)]:
        if "__init__" in vars(base):
            _, *parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            names |= dict.fromkeys(
                one.name for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
            )
            if not any(one.kind == one.VAR_KEYWORD for one in parameters):
                break
    return list(names)


class HasEventShape(Protocol):
    """A part of a model over events of one shape."""

    event_shape: tuple[int, ...]


Part = TypeVar("Part", bound=HasEventShape)


def get(name: str, choices: Mapping[str, Any], *, part: str) -> Any:
    """Returns `choices[name]`; raises `InvalidInputError` with the most similar name for an unknown name."""
    if not isinstance(name, str) or name not in choices:
        raise InvalidInputError(unknown(name, choices, part=part))
    return choices[name]


def event_shape_of(one: HasEventShape, *, part: str) -> tuple[int, ...]:
    """Returns the `event_shape` of a part; raises `InvalidInputError` if its constructor has not set it."""
    if not hasattr(one, "event_shape"):
        kind = type(one).__name__
        raise InvalidInputError(
            f"{part}: {kind}: expected an event_shape, got none; begin its constructor with "
            "super().__init__(event_shape, **kwargs)."
        )
    return one.event_shape


def get_over(
    identifier: str | Mapping[str, Any] | Part,
    choices: Mapping[str, Callable[..., Part]],
    base: type[Part],
    event_shape: tuple[int, ...],
    *,
    part: str,
) -> Part:
    """Returns `identifier` if it is an object, or a new object of the named class, for events of `event_shape`.

    Args:
        identifier: an instance of `base`, a key of `choices`, or a mapping with a `name` and options.
        choices: name -> class, whose arguments are the event shape and options.
        base: class of the objects, which have an `event_shape`.
        event_shape: event shape according to the networks.
        part: name of the part, such as `"likelihood"`, for messages.

    Raises:
        InvalidInputError: if the name is unknown, if an object is not an instance of `base`, or if its event shape is
            different.
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
            label = f"{part} {identifier['name']!r}"
            if isinstance(make, type) and issubclass(make, Serializable):
                names = [name for name in constructor_options(make) if name not in ("event_shape", "sublayers")]
                for option in options:
                    if option not in (*names, *OF_KERAS):
                        raise InvalidInputError(unknown_option(option, names, part=label)) from error
            raise InvalidInputError(f"{label}: cannot use the options {options}: {error}.") from error
    if not isinstance(identifier, base):
        raise InvalidInputError(f"{part}: expected a {base.__name__} or one of {sorted(choices)}; got {identifier!r}.")
    if event_shape_of(identifier, part=part) != tuple(event_shape):
        raise InvalidInputError(
            f"{part}: its event_shape is {identifier.event_shape}, but the networks have {tuple(event_shape)}."
        )
    return identifier
