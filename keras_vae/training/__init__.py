"""Training runs: configuration, run folder, and the way from one to the other."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "build": ["build_model", "evaluation_data", "evaluation_split", "fit_epochs", "load_data"],
        "config": ["TrainingConfig"],
        "report": ["write_quick_report", "write_report"],
        "run": ["Run", "environment"],
        "train": ["train"],
    },
)
