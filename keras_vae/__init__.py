"""keras_vae: generative autoencoders for Keras 3.

A model is an expression: an objective over a posterior, a likelihood and a prior, around two Keras networks.
The public names stand in `__init__.pyi`. They are imported when they are first used, so that `import keras_vae` and
the command line start fast.
"""

import sys

import lazy_loader

from keras_vae.version import __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]

if "keras" in sys.modules:  # keras.saving.load_model knows a class once its module has been imported
    from keras_vae import models  # noqa: F401
