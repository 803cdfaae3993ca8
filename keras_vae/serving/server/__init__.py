"""A local server with the protocol of TensorFlow Serving."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "lifecycle": ["serve"],
        "local": ["LocalServer"],
        "logs": ["set_up_logs"],
        "server_options": ["ServerOptions"],
    },
)
