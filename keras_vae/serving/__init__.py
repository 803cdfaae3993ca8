"""From a trained model to a service."""

from keras_vae.serving.export import check_export, endpoints, export

__all__ = ["check_export", "endpoints", "export"]
