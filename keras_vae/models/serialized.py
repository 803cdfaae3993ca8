"""Checks of the objects in a serialised model, before saving or after a failed load."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras

from keras_vae.errors import InvalidInputError, one_line

BUILTINS = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers")


def check_can_be_saved(model: keras.Model, path: str | os.PathLike) -> None:
    """Raises `InvalidInputError` for a format, Python code or classes that `load_model` could not read."""
    if Path(path).suffix != ".keras":
        raise InvalidInputError(
            f"{path}: a model is saved as .keras; save it so, its weights with save_weights, or write a SavedModel "
            "with keras_vae.serving.export."
        )
    try:
        config = keras.saving.serialize_keras_object(model)
    except (NotImplementedError, TypeError) as error:  # of a layer without get_config
        raise InvalidInputError(f"{path}: the model could not be saved: {one_line(error)}.") from error
    if has_code(config):
        raise InvalidInputError(
            f"{path}: the model has a Lambda layer, that is Python code, which load_model never runs; "
            "replace it by a layer that is registered with @keras_vae.register."
        )
    unknown = unknown_objects(config)
    if unknown:
        raise InvalidInputError(
            f"{path}: {unknown[0]!r} is not registered, so the model could not be loaded again; "
            f"put @keras_vae.register above it, or save in keras.saving.custom_object_scope({{{unknown[0]!r}: ...}})."
        )
    for class_name, module, registered_name, inner in _objects(config):
        is_own = class_name != "function" and (module or "").partition(".")[0] not in ("keras", "keras_vae")
        if is_own:  # a class of a script or notebook has no module
            _check_can_be_made_again(registered_name or class_name, inner)


def _check_can_be_made_again(registered_name: str, config: Any) -> None:
    """Raises `InvalidInputError` if a custom class cannot be created from its configuration."""
    cls = keras.saving.get_registered_object(registered_name)
    try:
        cls.from_config(config)
    except Exception as error:  # of the user's constructor
        raise InvalidInputError(
            f"{cls.__name__}: the model could not be loaded again, as it cannot be made from its configuration "
            f"({one_line(error)}); keep each argument of its constructor as an attribute of the same name, and take "
            "**kwargs for those of its parents."
        ) from error


def has_code(config: Any) -> bool:
    """Returns whether a serialised object contains Python code."""
    return any(name in ("Lambda", "__lambda__") for name, *_ in _objects(config))


def unknown_objects(config: Any, custom_objects: Mapping[str, Any] | None = None) -> list[str]:
    """The registered names of the classes and functions of a serialised object that Keras would not find."""
    unknown = []
    for class_name, module, registered_name, inner in _objects(config):
        name = inner if class_name == "function" else registered_name or class_name
        if class_name.startswith("__") or not isinstance(name, str) or name in unknown:
            continue
        if keras.saving.get_registered_object(name, custom_objects=custom_objects) is not None:
            continue
        if class_name == "function":
            is_keras = any(hasattr(getattr(keras, builtin), name) for builtin in BUILTINS)
        else:
            is_keras = module is not None and (module == "keras" or module.startswith("keras."))
        if not is_keras:
            unknown.append(name)
    return unknown


def _objects(config: Any) -> Iterator[tuple[str, str | None, str | None, Any]]:
    """Class, module, registered name and configuration of each object in a configuration."""
    rest = [config]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            name, module, registered = (one.get(key) for key in ("class_name", "module", "registered_name"))
            if isinstance(name, str) and {"module", "registered_name"} <= set(one):
                yield name, _text(module), _text(registered), one.get("config")
            rest += reversed(list(one.values()))
        elif isinstance(one, (list, tuple)):
            rest += reversed(one)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
