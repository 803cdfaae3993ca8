"""A client of TensorFlow Serving, and of the local server."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"serving_client": ["Anomalies", "Client", "Encoded"], "serving_error": ["ServingError"]},
)
