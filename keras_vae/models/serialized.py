"""Checks of the objects in a serialised model, before saving or after a failed load."""

import json
import os
import warnings
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
from keras.src.saving.serialization_lib import ObjectSharingScope

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.random import initial_weights
from keras_vae.sublayers import changed_sublayers

CHECKED: weakref.WeakKeyDictionary[keras.Model, str] = weakref.WeakKeyDictionary()
"""The configuration, in JSON, of each model that could be made again from it: to save it once more costs nothing."""

DESCRIPTION = ("class_name", "module", "registered_name", "config")
BUILTINS = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers")


def check_can_be_saved(model: keras.Model, path: str | os.PathLike) -> None:
    """Raises `InvalidInputError` for a format, Python code or classes that `load_model` could not read."""
    if Path(path).suffix != ".keras":
        raise InvalidInputError(
            f"{path}: a model is saved as .keras; save it so, its weights with save_weights, or write a SavedModel "
            "with keras_vae.serving.export."
        )
    try:
        with ObjectSharingScope():
            written = json.dumps(keras.saving.serialize_keras_object(model))
    except (NotImplementedError, TypeError) as error:  # of a layer without get_config, or a value that JSON lacks
        raise InvalidInputError(f"{path}: the model could not be saved: {one_line(error)}.") from error
    config = json.loads(written)
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
    own = [one for one in _objects(config) if _is_own(one)]
    if own and CHECKED.get(model) != written:
        _check_can_be_made_again(model, config, own)
        CHECKED[model] = written


def _is_own(one: Mapping[str, Any]) -> bool:
    """Whether it is an object of a class of the user; one of a script or notebook has no module."""
    is_class = one["class_name"] != "function" and not one["class_name"].startswith("__")
    return is_class and (one["module"] or "").partition(".")[0] not in ("keras", "keras_vae")


def _check_can_be_made_again(model: keras.Model, config: dict[str, Any], own: Sequence[Mapping[str, Any]]) -> None:
    """Raises `InvalidInputError` if the classes of the user do not give the model and its weights back.

    Only making it shows that: a layer may take its configuration and fail in `build`, or lack weights that its first
    call has made.
    """
    again = None
    with initial_weights(0), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras, about models that it cannot build: their weights are compared
        try:
            with ObjectSharingScope():
                again = keras.saving.deserialize_keras_object({**config, "compile_config": None})
        except Exception as error:  # of the user's code
            name, reason = _culprit(own, error)
            raise InvalidInputError(
                f"{name}: the model could not be loaded again, as it cannot be made from its configuration "
                f"({one_line(reason)}); keep each argument of its constructor as an attribute of the same name, take "
                "**kwargs for those of its parents, and let build need nothing else."
            ) from error
    shapes = [[weight.shape for weight in each.weights] for each in (model, again)]
    if shapes[0] != shapes[1] and not {"quantized", "lora"} & set(changed_sublayers(model).get("sublayers", {})):
        names = dict.fromkeys(one["class_name"] for one in own)
        raise InvalidInputError(
            f"{', '.join(names)}: the model could not be loaded again, as its {len(shapes[0])} weights became "
            f"{len(shapes[1])}, or of other shapes, when it was made from its configuration; let build make all "
            "weights, also those of the layers inside."
        )


def _culprit(own: Sequence[Mapping[str, Any]], error: Exception) -> tuple[str, Exception]:
    """The name of the innermost class of the user that cannot be made again, and why."""
    for one in reversed(own):
        cls = keras.saving.get_registered_object(one["registered_name"] or one["class_name"])
        try:
            made = cls.from_config(one["config"])
            if one.get("build_config") and not made.built:
                made.build_from_config(one["build_config"])
        except Exception as reason:  # of the user's code
            return one["class_name"], reason
    return " or ".join(dict.fromkeys(one["class_name"] for one in own)), error


def has_code(config: Any) -> bool:
    """Returns whether a serialised object contains Python code."""
    return any(one["class_name"] in ("Lambda", "__lambda__") for one in _objects(config))


def unknown_objects(config: Any, custom_objects: Mapping[str, Any] | None = None) -> list[str]:
    """The registered names of the classes and functions of a serialised object that Keras would not find."""
    unknown = []
    for one in _objects(config):
        class_name, module, registered_name, inner = (one[key] for key in DESCRIPTION)
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


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Each object in a configuration: its class, module, registered name, configuration and so on."""
    rest = [config]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            if isinstance(one.get("class_name"), str) and {"module", "registered_name"} <= set(one):
                names = {key: one[key] if isinstance(one[key], str) else None for key in ("module", "registered_name")}
                yield {"config": None, **one, **names}
            rest += reversed(list(one.values()))
        elif isinstance(one, (list, tuple)):
            rest += reversed(one)
