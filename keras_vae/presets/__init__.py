"""Presets: trained models with their cards, by name, from a folder or from the Hugging Face Hub."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
