"""Warns of data that are too few to train on."""

import warnings

from keras_vae.data import SplitDataset

FEWEST = 10
"""The minimum number of examples for training without a warning."""


def warn_of_few_examples(data: SplitDataset) -> None:
    """Warns if the training part has fewer than `FEWEST` examples."""
    if len(data.train) < FEWEST:
        warnings.warn(
            f"{data.name}: expected {FEWEST} or more examples for training, got {len(data.train)}, beside "
            f"{len(data.validation)} for validation and {len(data.test)} for test; the model can only memorise them. "
            "Use more examples.",
            stacklevel=3,
        )
