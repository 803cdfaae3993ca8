"""Where training runs: one device, several of a machine, several machines, a TPU."""

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
