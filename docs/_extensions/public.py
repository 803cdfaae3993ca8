"""The classes that the reference describes."""

import importlib
import inspect

import keras_vae

SUBPACKAGES = ["data.sprites", "serving.client", "serving.server"]
PACKAGES = [*(name for name in keras_vae.__all__ if inspect.ismodule(getattr(keras_vae, name))), *SUBPACKAGES]
MODULES = [keras_vae, *(importlib.import_module(f"keras_vae.{name}") for name in PACKAGES)]
PUBLIC_CLASSES = {
    value for module in MODULES for name in module.__all__ if inspect.isclass(value := getattr(module, name))
}
