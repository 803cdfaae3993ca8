"""Exports models and serves them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checks": ["ExportCheck", "check_export"],
        "onnx": ["export_onnx"],
        "options": ["ExportOptions"],
        "saved_model": ["export"],
        "server_files": ["write_server_files"],
        "signatures": ["ExportSignature", "export_signatures"],
    },
)
