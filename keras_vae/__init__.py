"""keras_vae: generative autoencoders for Keras 3.

A model is an expression: an objective over a posterior, a likelihood and a prior, around two Keras networks.
Names are imported when they are first used, so that `import keras_vae` and the command line start fast.
"""

import sys

import lazy_loader

from keras_vae.version import __version__

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "data",
        "distributions",
        "evaluation",
        "layers",
        "models",
        "networks",
        "objectives",
        "plots",
        "priors",
        "serving",
        "training",
        "zoo",
    ],
    submod_attrs={
        "distributions": ["Bernoulli", "Deterministic", "Head", "Normal"],
        "errors": ["InvalidInputError"],
        "layers": ["Sampling"],
        "models": ["Autoencoder", "load_model"],
        "networks": ["ConvDecoder", "ConvEncoder", "MLPDecoder", "MLPEncoder", "mirrored"],
        "objectives": ["KL", "NLL", "CyclicalWarmup", "LinearWarmup", "Objective", "Term"],
        "priors": ["Prior", "StandardNormal"],
        "serialization": ["register"],
        "trace": ["Latent", "Trace"],
    },
)
__all__ += ["__version__"]

if "keras" in sys.modules:  # keras.saving.load_model knows a class once its module has been imported
    from keras_vae import models  # noqa: F401
