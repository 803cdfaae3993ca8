"""keras_vae: generative autoencoders for Keras 3.

A model is an expression: an objective over a posterior, a likelihood and a prior, around two Keras networks.
The public names stand in `__init__.pyi`. They are imported when they are first used, so that `import keras_vae` and
the command line start fast.
"""

import sys
from types import ModuleType

import lazy_loader
import wrapt

from keras_vae.version import __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]


def _import_models(_: ModuleType) -> None:
    from keras_vae import models  # noqa: F401


@wrapt.when_imported("keras")
def _register_with_keras(keras: ModuleType) -> None:
    """Imports the classes that Keras may have to load, so that it knows them, whichever is imported first."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and tensorflow.__spec__._initializing:  # it imports Keras before it can be used itself
        wrapt.when_imported("tensorflow")(_import_models)
    else:
        _import_models(keras)
