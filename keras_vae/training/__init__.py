"""Training runs: configuration, run folder, and the way from one to the other."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
