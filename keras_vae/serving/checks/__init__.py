"""Checks that a server can run an export."""

from keras_vae.serving.checks.check_export import ExportCheck, SignatureCheck, check_export

__all__ = ["ExportCheck", "SignatureCheck", "check_export"]
