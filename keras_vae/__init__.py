"""keras_vae: generative autoencoders for Keras 3.

A model is an expression: an objective over a posterior, a likelihood and a prior, around two Keras networks.
The public names are listed in `__init__.pyi`. They are imported when they are first used, so that `import keras_vae`
and the command line start fast.
"""

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import lazy_loader
import wrapt

from keras_vae.version import __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]

MODELS = f"{__name__}.models"
BELOW_MODELS = {
    f"{__name__}.{name}"
    for name in (
        "distributions", "layers", "networks", "objectives", "optimizers", "priors", "random", "replicas",
        "serialization", "sublayers", "trace",
    )
}  # fmt: skip
"""Modules that the models import, and that import Keras."""


def _import_models(_: ModuleType) -> None:
    importlib.import_module(MODELS)


@wrapt.when_imported("keras")
def _register_with_keras(keras: ModuleType) -> None:
    """Imports the models after Keras, which registers their classes for `keras.models.load_model`."""
    tensorflow = sys.modules.get("tensorflow")
    # TensorFlow imports Keras during its own import, when it cannot be used yet.
    if tensorflow is not None and getattr(tensorflow.__spec__, "_initializing", False):
        wrapt.when_imported("tensorflow")(_import_models)
    else:
        _import_models(keras)


class _ModelsFirst(MetaPathFinder):
    """Imports the models before any of `BELOW_MODELS`.

    Such a module would import Keras, and thereby the models, which need that module before its import is complete.
    """

    def find_spec(self, name, path=None, target=None):
        if name not in BELOW_MODELS:
            return None
        sys.meta_path.remove(self)
        importlib.import_module(MODELS)
        return ModuleSpec(name, _Imported(sys.modules[name])) if name in sys.modules else None


class _Imported(Loader):
    """Loads a module that `find_spec` has imported."""

    def __init__(self, module: ModuleType):
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec):
        return self.module

    def exec_module(self, module):
        module.__spec__ = self.spec


sys.meta_path.insert(0, _ModelsFirst())
