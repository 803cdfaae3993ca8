"""A local server with the protocol of TensorFlow Serving."""

from typing import Any

import lazy_loader

from keras_vae.serving.extra import need_server

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name in ("LocalServer", "serve"):
        need_server()
    return _attribute(name)
