"""Distributed training: strategies for one device, several devices, several machines or a TPU."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cluster": ["Cluster"],
        "launch": ["launch"],
        "strategies": ["STRATEGIES", "make_strategy"],
        "synchronize": ["check_alike", "everyones", "from_chief", "is_chief"],
    },
)
